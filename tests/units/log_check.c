/* log_check.c: does a line of the log leave errno as it was?
   Built together with a stage's log.c.  Says what is wrong and ends with status 1, or
   says nothing.  Who logs is often about to look at errno; and to write a line of
   the log may fail itself: here standard error is full. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

int
main(void)
{
    int full_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    int saved_fd = dup(STDERR_FILENO);
    if (full_fd == -1 || saved_fd == -1 || dup2(full_fd, STDERR_FILENO) == -1)
        err(1, "/dev/full");
    errno = EMSGSIZE;
    log_event("%s", "nobody will read this");
    int seen = errno;
    dup2(saved_fd, STDERR_FILENO);
    if (seen != EMSGSIZE)
        errx(1, "errno was %d before log_event, and is %d after it", EMSGSIZE,
             seen);
}
