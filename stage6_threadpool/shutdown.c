/* shutdown.c: the self-pipe. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "shutdown.h"

enum { SIGNALS = 3 };

static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGUSR1};

static int pipe_fds[2]; /* a handler can reach nothing but static data */

/* Never blocks: if the pipe is full there is enough in it to wake the loop. */
static void
on_signal(int signal_number)
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
    struct sigaction action = {.sa_handler = handler};
    for (int i = 0; i < SIGNALS; i++)
        if (sigaction(signals[i], &action, NULL) == -1)
            return -1;
    return 0;
}

int
shutdown_open(void)
{
    if (pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC) == -1 ||
        set_handler(on_signal) == -1)
        return -1;
    return pipe_fds[0];
}

void
shutdown_close(void (*disposition)(int))
{
    set_handler(disposition);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

int
shutdown_receive(int shutdown_fd)
{
    unsigned char byte;
    return read(shutdown_fd, &byte, 1) == 1 ? byte : 0;
}

sigset_t
shutdown_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&set, signals[i]);
    return set;
}
