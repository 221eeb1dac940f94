/* log.c: one line an event. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

enum {
    TEXT_SIZE = 1024,
    SAFE_SIZE = 4 * TEXT_SIZE,  /* every byte escaped */
    LINE_SIZE = SAFE_SIZE + 16, /* with the id */
};

void
log_event(const char *format, ...)
{
    int saved_errno = errno;
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    char safe[SAFE_SIZE];
    text_escape(safe, sizeof safe, text);
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof line, "[%d] %s\n", gettid(), safe);
    if (write(STDERR_FILENO, line, length) == -1) {
        /* Nobody is left to tell. */
    }
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
