/* rate.c: read no faster than agreed. */

#include <poll.h>

#include "clock.h"
#include "rate.h"

enum { SLICES_PER_SECOND = 10 };

void
rate_init(struct rate *rate, uint64_t limit)
{
    *rate = (struct rate){.limit = limit, .started = clock_now()};
}

size_t
rate_allow(const struct rate *rate, size_t most)
{
    if (rate->limit == 0)
        return most;
    double due = rate->started + (double)rate->done / rate->limit;
    for (double now = clock_now(); now < due; now = clock_now())
        poll(NULL, 0, (due - now) * 1000 + 1);
    uint64_t slice = rate->limit / SLICES_PER_SECOND + 1;
    return slice < most ? slice : most;
}

void
rate_count(struct rate *rate, size_t n)
{
    rate->done += n;
}
