/* signal_pipe.c: the self-pipe. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "signal_pipe.h"

static sigset_t signals;
static int pipe_fds[2]; /* a handler can reach nothing but static data */

/* Never blocks: if the pipe is full there is enough in it to wake the loop. */
static void
handle_signal(int signal_number)
{
    int saved_errno = errno; /* of the code that was interrupted */
    unsigned char byte = signal_number;
    if (write(pipe_fds[1], &byte, 1) == -1) {
        /* Full: see above. */
    }
    errno = saved_errno;
}

static int
set_handler(void (*handler)(int))
{
    struct sigaction action = {
        .sa_handler = handler,
        .sa_flags = SA_NOCLDSTOP, /* SIGCHLD only when a child ends */
    };
    for (int i = 1; i < NSIG; i++)
        if (sigismember(&signals, i) == 1 && sigaction(i, &action, NULL) == -1)
            return -1;
    return 0;
}

int
signal_pipe_open(const sigset_t *set)
{
    signals = *set;
    if (pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC) == -1 ||
        set_handler(handle_signal) == -1)
        return -1;
    return pipe_fds[0];
}

void
signal_pipe_close(void (*disposition)(int))
{
    set_handler(disposition);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

int
signal_pipe_receive(int signal_fd)
{
    unsigned char byte;
    return read(signal_fd, &byte, 1) == 1 ? byte : 0;
}

sigset_t
signal_pipe_signals(void)
{
    return signals;
}
