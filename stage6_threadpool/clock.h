#ifndef CLOCK_H
#define CLOCK_H

/* Return the seconds since some fixed moment.  Setting the machine's clock does
   not move it: use it for time-outs and rates (clock_gettime(2),
   CLOCK_MONOTONIC). */
double clock_now(void);

#endif
