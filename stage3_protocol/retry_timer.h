#ifndef RETRY_TIMER_H
#define RETRY_TIMER_H

#include <stdbool.h>

/* A timer for an event loop: says when what has failed is to be tried again,
   after a pause that doubles each time, from a quarter of a second up to
   eight. */
struct retry_timer {
    int fd;       /* readable when it is time; -1: none */
    int pause_ms; /* how long it was set to last time */
    bool running;
};

/* Make a timer that does not run.  Returns 0, -1 with errno. */
int retry_timer_open(struct retry_timer *timer);

/* Start the timer, unless it is running. */
void retry_timer_start(struct retry_timer *timer);

/* React to fd, which has become readable: the timer runs no more. */
void retry_timer_stop(struct retry_timer *timer);

/* Forget the failures so far: the next pause is the shortest again. */
void retry_timer_reset(struct retry_timer *timer);

#endif
