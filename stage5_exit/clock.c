/* clock.c: a clock for time-outs and rates. */

#include <math.h>
#include <time.h>

#include "clock.h"

double
clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* fails for unknown clocks only */
    return now.tv_sec + now.tv_nsec / 1e9;
}

double
clock_seconds(const struct timeval *timeout)
{
    double seconds = timeout->tv_sec + timeout->tv_usec / 1e6;
    return seconds > 0 ? seconds : INFINITY;
}
