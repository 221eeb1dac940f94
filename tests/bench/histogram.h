#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

/* How often each duration occurred, without keeping them all.  The buckets are
   as wide as the value that they stand for is large: within each power of two
   there are 128 of equal width, so a percentile is at most 1/128 too large.  No
   value is out of range.  One that is all zeros is empty. */

enum { HISTOGRAM_BUCKETS = 58 * 128 };

struct histogram {
    uint64_t count;
    uint64_t max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* Add all that other has counted. */
void histogram_merge(struct histogram *histogram,
                     const struct histogram *other);

/* Return the value that this part of all values (0 to 1) do not exceed: the
   largest of its bucket, but no more than the largest value.  0 when empty. */
uint64_t histogram_percentile(const struct histogram *histogram, double part);

#endif
