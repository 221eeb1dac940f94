/* event.c: one thread tells another something. */

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event.h"
#include "io.h"

int
event_open(void)
{
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

void
event_set(int event_fd)
{
    const uint64_t one = 1;
    ssize_t n;
    do
        n = write(event_fd, &one, sizeof one);
    while (n == -1 && errno == EINTR);
    /* EAGAIN: the counter is full, so it is readable. */
}

void
event_clear(int event_fd)
{
    uint64_t count;
    read_some(event_fd, &count, sizeof count);
}
