/* own_clock.c: a library that gives a program a clock of its own, on which pauses
   take no time.

     LD_PRELOAD=build/own_clock.so OWN_CLOCK=file OWN_CLOCK_PAUSES=file ./server

   OWN_CLOCK          CLOCK_MONOTONIC stands still, but goes on by a second for each
                      byte that is added to this file, and by each pause
   OWN_CLOCK_PAUSES   how many milliseconds each pause was to take is added to this
                      file, a line each

   A pause is a timerfd that is armed, or an epoll_wait(2) that times out. */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static atomic_long paused_ms;

static void
note_pause(long ms)
{
    const char *log = getenv("OWN_CLOCK_PAUSES");
    paused_ms += ms;
    int fd = log == NULL
                 ? -1
                 : open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd == -1)
        return;
    dprintf(fd, "%ld\n", ms);
    close(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *time)
{
    int (*next)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT,
                                                     "clock_gettime");
    const char *file = getenv("OWN_CLOCK");
    struct stat status;
    if (clock != CLOCK_MONOTONIC || file == NULL || stat(file, &status) == -1)
        return next(clock, time);
    long ms = paused_ms;
    *time = (struct timespec){
        .tv_sec = 1000 + status.st_size + ms / 1000,
        .tv_nsec = ms % 1000 * 1000000,
    };
    return 0;
}

int
timerfd_settime(int fd, int flags, const struct itimerspec *value,
                struct itimerspec *old)
{
    int (*next)(int, int, const struct itimerspec *, struct itimerspec *) =
        (int (*)(int, int, const struct itimerspec *,
                 struct itimerspec *))dlsym(RTLD_NEXT, "timerfd_settime");
    struct itimerspec soon = *value;
    long ms = value->it_value.tv_sec * 1000 + value->it_value.tv_nsec / 1000000;
    if (ms > 0) {
        note_pause(ms);
        soon.it_value = (struct timespec){.tv_nsec = 1000000};
    }
    return next(fd, flags, &soon, old);
}

int
epoll_wait(int fd, struct epoll_event *events, int most, int timeout_ms)
{
    int (*next)(int, struct epoll_event *, int, int) =
        (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT,
                                                            "epoll_wait");
    int n = next(fd, events, most, timeout_ms > 0 ? 1 : timeout_ms);
    if (n == 0 && timeout_ms > 0)
        note_pause(timeout_ms);
    return n;
}
