/* retry_timer.c: pauses that grow while something fails. */

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/timerfd.h>

#include "io.h"
#include "log.h"
#include "retry_timer.h"

enum {
    PAUSE_MIN_MS = 250,
    PAUSE_MAX_MS = 8000,
};

int
retry_timer_open(struct retry_timer *timer)
{
    *timer = (struct retry_timer){
        .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
    };
    return timer->fd == -1 ? -1 : 0;
}

void
retry_timer_start(struct retry_timer *timer)
{
    if (timer->running)
        return;
    timer->pause_ms *= 2;
    if (timer->pause_ms < PAUSE_MIN_MS)
        timer->pause_ms = PAUSE_MIN_MS;
    if (timer->pause_ms > PAUSE_MAX_MS)
        timer->pause_ms = PAUSE_MAX_MS;
    struct itimerspec pause = {
        .it_value.tv_sec = timer->pause_ms / 1000,
        .it_value.tv_nsec = timer->pause_ms % 1000 * 1000000L,
    };
    if (timerfd_settime(timer->fd, 0, &pause, NULL) == -1)
        log_event("timerfd_settime: %s", strerror(errno));
    else
        timer->running = true;
}

void
retry_timer_stop(struct retry_timer *timer)
{
    uint64_t expirations;
    read_some(timer->fd, &expirations, sizeof expirations);
    timer->running = false;
}

void
retry_timer_reset(struct retry_timer *timer)
{
    timer->pause_ms = 0;
}
