/* timer.c: time-out operations of the ring. */

#include <math.h>

#include "timer.h"

static void
on_time_out(void *context, __attribute__((unused)) int result,
            __attribute__((unused)) unsigned flags)
{
    struct timer *timer = context;
    timer->running = false;
    timer->on_time(timer->context);
}

void
timer_init(struct timer *timer, struct ring *ring,
           void (*on_time)(void *context), void *context)
{
    *timer = (struct timer){
        .ring = ring,
        .on_time = on_time,
        .context = context,
        .operation = {.on_done = on_time_out, .context = timer},
    };
}

void
timer_start(struct timer *timer, double moment)
{
    if (timer->running || moment == INFINITY)
        return;
    timer->running = true;
    timer->moment.tv_sec = moment;
    timer->moment.tv_nsec = (moment - timer->moment.tv_sec) * 1e9;
    struct io_uring_sqe *submission = ring_submission(timer->ring);
    io_uring_prep_timeout(submission, &timer->moment, 0, IORING_TIMEOUT_ABS);
    ring_expect(submission, &timer->operation);
}
