/* signal_pipe_check.c: does the self-pipe keep its promises?
   Built together with a stage's signal_pipe.c.  Says what is wrong and ends
   with status 1, or says nothing.  If the handler blocks this hangs: the caller
   limits its time (timeout(1)). */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "signal_pipe.h"

enum {
    MANY = 100000, /* more signals than a pipe takes bytes: 65536 */
    FDS_MAX = 1024,
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
    for (int i = 0; i < MANY; i++) {
        errno = ENOENT;
        raise(SIGTERM);
        if (errno != ENOENT)
            errx(1, "signal number %d changed errno to %d", i + 1, errno);
    }
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

static int
count_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < FDS_MAX; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

/* Afterwards the signals do what they do by default, and no fd is left. */
static void
check_close(int fds_before)
{
    signal_pipe_close(SIG_DFL);
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction action;
        if (sigaction(signals[i], NULL, &action) == -1)
            err(1, "sigaction");
        if (action.sa_handler != SIG_DFL)
            errx(1, "signal %d still has a handler", signals[i]);
    }
    int fds = count_fds();
    if (fds != fds_before)
        errx(1, "%d descriptors were open before, now there are %d", fds_before,
             fds);
}

int
main(void)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&wanted, signals[i]);
    int fds_before = count_fds();
    int fd = signal_pipe_open(&wanted);
    if (fd == -1)
        err(1, "signal_pipe_open");
    check_descriptors(fd);
    check_signals(fd);
    check_flood(fd);
    check_signals(fd);
    check_set();
    check_close(fds_before);
}
