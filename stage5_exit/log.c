/* log.c: one line an event. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

enum {
    TEXT_SIZE = 1024,
    LINE_SIZE = 4096, /* PIPE_BUF: a pipe takes it whole or not (pipe(7)) */
    SAFE_SIZE = LINE_SIZE - 16, /* without the id */
};

static atomic_long lines_lost;

/* The file is opened anew, for O_NONBLOCK belongs to an open file, and others
   may share the one that we have (open(2)). */
void
log_init(void)
{
    struct stat status;
    if (fstat(STDERR_FILENO, &status) == -1 ||
        (!S_ISFIFO(status.st_mode) && !isatty(STDERR_FILENO)))
        return;
    int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1)
        return; /* then we wait */
    dup2(fd, STDERR_FILENO);
    close(fd);
}

/* Write a line in one piece. */
static bool
write_line(const char *text)
{
    char safe[SAFE_SIZE];
    text_escape(safe, sizeof safe, text);
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof line, "[%d] %s\n", gettid(), safe);
    return write(STDERR_FILENO, line, length) == length;
}

/* Say how many lines were lost, if any were. */
static void
report_lost(void)
{
    char text[TEXT_SIZE];
    long lost = atomic_exchange(&lines_lost, 0);
    snprintf(text, sizeof text, "%ld lines before this one were lost", lost);
    if (lost > 0 && !write_line(text))
        lines_lost += lost;
}

void
log_event(const char *format, ...)
{
    int saved_errno = errno;
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    report_lost();
    if (!write_line(text))
        lines_lost++;
    errno = saved_errno;
}

void
log_process_end(const char *role, pid_t pid, int status)
{
    if (WIFSIGNALED(status))
        log_event("%s %d killed by signal %d (%s)", role, pid, WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
    else
        log_event("%s %d ended with status %d", role, pid, WEXITSTATUS(status));
}
