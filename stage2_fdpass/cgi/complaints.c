/* complaints.c: from a program's standard error to the log. */

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

#include "complaints.h"
#include "log.h"
#include "program.h"

void
complaints_begin(struct complaints *complaints, struct program *program)
{
    complaints->program = program;
    complaints->length = 0;
}

static void
add_byte(struct complaints *complaints, char byte)
{
    if (byte == '\n')
        complaints_end(complaints);
    else if (complaints->length < COMPLAINT_SIZE)
        complaints->line[complaints->length++] = byte == '\0' ? ' ' : byte;
}

void
complaints_read(struct complaints *complaints)
{
    struct program *program = complaints->program;
    char bytes[4096];
    ssize_t n = read(program->error_fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        add_byte(complaints, bytes[i]);
    bool later = n == -1 && (errno == EAGAIN || errno == EINTR);
    if (n == 0 || (n == -1 && (!later || program->has_ended)))
        program_close(&program->error_fd);
}

void
complaints_end(struct complaints *complaints)
{
    if (complaints->length > 0)
        log_event("program %d says: %.*s", complaints->program->pid,
                  (int)complaints->length, complaints->line);
    complaints->length = 0;
}
