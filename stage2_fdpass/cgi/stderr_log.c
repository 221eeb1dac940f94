/* stderr_log.c: from a program's standard error to the log. */

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

#include "log.h"
#include "program.h"
#include "stderr_log.h"

void
stderr_log_begin(struct stderr_log *stderr_log, struct program *program)
{
    stderr_log->program = program;
    stderr_log->length = 0;
}

static void
add_byte(struct stderr_log *stderr_log, char byte)
{
    if (byte == '\n')
        stderr_log_end(stderr_log);
    else if (stderr_log->length < STDERR_LINE_SIZE)
        stderr_log->line[stderr_log->length++] = byte == '\0' ? ' ' : byte;
}

void
stderr_log_read(struct stderr_log *stderr_log)
{
    struct program *program = stderr_log->program;
    char bytes[4096];
    ssize_t n = read(program->error_fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        add_byte(stderr_log, bytes[i]);
    bool later = n == -1 && (errno == EAGAIN || errno == EINTR);
    if (n == 0 || (n == -1 && (!later || program->has_ended)))
        program_close(&program->error_fd);
}

void
stderr_log_end(struct stderr_log *stderr_log)
{
    if (stderr_log->length > 0)
        log_event("program %d says: %.*s", stderr_log->program->pid,
                  (int)stderr_log->length, stderr_log->line);
    stderr_log->length = 0;
}
