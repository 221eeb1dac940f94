#ifndef RATE_H
#define RATE_H

#include <stddef.h>
#include <stdint.h>

/* A limit to how fast something is read. */
struct rate {
    uint64_t limit; /* bytes a second, 0: none */
    uint64_t done;  /* bytes read since then */
    double started; /* clock_now() */
};

/* Start to count; limit as above. */
void rate_init(struct rate *rate, uint64_t limit);

/* Wait until it is time to read on.  Returns how many bytes may be read now: at
   least one, at most this many. */
size_t rate_allow(const struct rate *rate, size_t most);

/* Say that n bytes were read. */
void rate_count(struct rate *rate, size_t n);

#endif
