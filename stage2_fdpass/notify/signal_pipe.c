/* signal_pipe.c: signals as events of a loop. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "signal_pipe.h"

enum { SIGNALS = 3 };

static const int signals[SIGNALS] = {SIGCHLD, SIGINT, SIGTERM};

static int pipe_fds[2]; /* a handler can reach nothing but static data */

static void
on_signal(int signal_number)
{
    int saved_errno = errno; /* of the code that was interrupted */
    unsigned char byte = signal_number;
    if (write(pipe_fds[1], &byte, 1) == -1) {
        /* The pipe is full: the loop will wake, and look at everything. */
    }
    errno = saved_errno;
}

int
signal_pipe_open(void)
{
    if (pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC) == -1)
        return -1;
    struct sigaction action = {
        .sa_handler = on_signal,
        .sa_flags = SA_NOCLDSTOP, /* SIGCHLD only when one ends */
    };
    for (int i = 0; i < SIGNALS; i++)
        if (sigaction(signals[i], &action, NULL) == -1)
            return -1;
    return pipe_fds[0];
}

int
signal_pipe_receive(int signal_fd)
{
    unsigned char byte;
    return read(signal_fd, &byte, 1) == 1 ? byte : 0;
}

void
signal_pipe_close(void)
{
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

sigset_t
signal_pipe_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&set, signals[i]);
    return set;
}
