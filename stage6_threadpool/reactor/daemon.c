/* daemon.c: into the background. */

#include <fcntl.h>
#include <unistd.h>

#include "daemon.h"
#include "io.h"

static int ready_fd; /* a byte here says that the daemon is well */

/* The first process waits until the daemon is well, or gone. */
__attribute__((noreturn)) static void
wait_until_ready(int wait_fd)
{
    char byte;
    _exit(read_some(wait_fd, &byte, 1) == 1 ? 0 : 1);
}

int
daemon_begin(void)
{
    /* Who reads from a pipe waits until nobody has its other end any more. */
    closefrom(STDERR_FILENO + 1);
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) == -1)
        return -1;
    switch (fork()) {
    case -1:
        return -1;
    case 0:
        break;
    default:
        close(pipe_fds[1]); /* the daemon's: else the end is never seen */
        wait_until_ready(pipe_fds[0]);
    }
    close(pipe_fds[0]);
    ready_fd = pipe_fds[1];
    if (setsid() == -1) /* a session of our own, without a terminal */
        return -1;
    switch (fork()) { /* only a session leader can get a terminal */
    case -1:
        return -1;
    case 0:
        return 0;
    default:
        _exit(0);
    }
}

int
daemon_detach(void)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd == -1)
        return -1;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (dup2(null_fd, fd) == -1)
            return -1;
    close(null_fd);
    if (write_full(ready_fd, "", 1) == -1)
        return -1;
    return close(ready_fd);
}
