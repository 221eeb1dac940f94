#ifndef CLOCK_H
#define CLOCK_H

#include <sys/time.h>

/* Return the seconds since some fixed moment.  Setting the machine's clock does
   not move it: use it for time-outs and rates (clock_gettime(2),
   CLOCK_MONOTONIC). */
double clock_now(void);

/* Return a time-out in seconds; 0, which stands for "never", becomes
   INFINITY. */
double clock_seconds(const struct timeval *timeout);

#endif
