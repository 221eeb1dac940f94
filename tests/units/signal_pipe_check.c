/* signal_pipe_check.c: does the self-pipe keep its promises?
   Built together with a stage's signal_pipe.c.  Says what is wrong and ends
   with status 1, or says nothing. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "signal_pipe.h"

enum {
    MANY = 100000, /* more than a pipe takes: 65536 bytes */
    PATIENCE = 5,  /* seconds */
};

static const int signals[] = {SIGINT, SIGTERM, SIGUSR1};

enum { SIGNALS = sizeof signals / sizeof signals[0] };

static bool
is_readable(int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    return poll(&readable, 1, 0) == 1;
}

/* Each signal makes the pipe readable, and comes out of it in its turn. */
static void
check_signals(int fd)
{
    if (is_readable(fd) || signal_pipe_receive(fd) != 0)
        errx(1, "there is a signal before any has come");
    for (int i = 0; i < SIGNALS; i++)
        raise(signals[i]);
    if (!is_readable(fd))
        errx(1, "signals came, but the pipe is not readable");
    for (int i = 0; i < SIGNALS; i++) {
        int received = signal_pipe_receive(fd);
        if (received != signals[i])
            errx(1, "expected signal %d, got %d", signals[i], received);
    }
    if (is_readable(fd) || signal_pipe_receive(fd) != 0)
        errx(1, "there is one signal too many");
}

/* Signals that nobody reads: the handler never blocks, and keeps errno, which
   the code that it interrupts may be about to look at. */
static void
check_flood(int fd)
{
    alarm(PATIENCE); /* ends the program if the handler blocks */
    for (int i = 0; i < MANY; i++) {
        errno = ENOENT;
        raise(SIGTERM);
        if (errno != ENOENT)
            errx(1, "signal number %d changed errno to %d", i + 1, errno);
    }
    alarm(0);
    int count = 0;
    while (signal_pipe_receive(fd) == SIGTERM)
        count++;
    if (count == 0)
        errx(1, "after so many signals there is none to read");
}

static void
check_descriptors(int fd)
{
    if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
        errx(1, "the pipe is not close-on-exec");
    if ((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0)
        errx(1, "the pipe is not non-blocking");
}

static void
check_set(void)
{
    sigset_t set = signal_pipe_signals();
    int count = 0;
    for (int number = 1; number < NSIG; number++)
        count += sigismember(&set, number) == 1;
    for (int i = 0; i < SIGNALS; i++)
        if (sigismember(&set, signals[i]) != 1)
            errx(1, "signal %d is not in the set", signals[i]);
    if (count != SIGNALS)
        errx(1, "there are %d signals in the set", count);
}

/* Afterwards the signals do what they do by default, and no fd is left. */
static void
check_close(int fd)
{
    int lowest_before = fd;
    signal_pipe_close(SIG_DFL);
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction action;
        if (sigaction(signals[i], NULL, &action) == -1)
            err(1, "sigaction");
        if (action.sa_handler != SIG_DFL)
            errx(1, "signal %d still has a handler", signals[i]);
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(lowest_before + i, F_GETFD) != -1)
            errx(1, "an end of the pipe is still open");
}

int
main(void)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&wanted, signals[i]);
    int fd = signal_pipe_open(&wanted);
    if (fd == -1)
        err(1, "signal_pipe_open");
    check_descriptors(fd);
    check_signals(fd);
    check_flood(fd);
    check_signals(fd);
    check_set();
    check_close(fd);
}
