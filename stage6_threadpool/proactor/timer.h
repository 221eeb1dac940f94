#ifndef TIMER_H
#define TIMER_H

#include <stdbool.h>

#include "ring.h"

/* A moment that the kernel tells us of: an operation that is done then. */
struct timer {
    struct ring *ring;
    void (*on_time)(void *context);
    void *context;
    struct operation operation;
    struct __kernel_timespec moment;
    bool running;
};

/* Make a timer that does not run. */
void timer_init(struct timer *timer, struct ring *ring,
                void (*on_time)(void *context), void *context);

/* Have on_time called once, at this moment (clock_now;  INFINITY: never).  A
   timer that runs already is left as it is. */
void timer_start(struct timer *timer, double moment);

#endif
