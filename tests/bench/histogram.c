/* histogram.c: percentiles of millions of durations, in 60 KB.
   A value below 128 has a bucket of its own.  Of a larger one only the highest
   eight bits count: `shift` of the lower ones are dropped. */

#include <math.h>
#include <stddef.h>

#include "histogram.h"

enum {
    LINEAR_BITS = 7,
    LINEAR = 1 << LINEAR_BITS, /* buckets in each power of two */
};

static size_t
bucket_of(uint64_t value)
{
    if (value < LINEAR)
        return value;
    int shift = 63 - __builtin_clzll(value) - LINEAR_BITS;
    return (size_t)shift * LINEAR + (value >> shift);
}

/* The largest value that falls into the bucket. */
static uint64_t
bucket_end(size_t bucket)
{
    if (bucket < LINEAR)
        return bucket;
    int shift = bucket / LINEAR - 1;
    uint64_t top = bucket - (size_t)shift * LINEAR;
    return (top << shift) + (((uint64_t)1 << shift) - 1);
}

void
histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->count++;
    histogram->buckets[bucket_of(value)]++;
    if (value > histogram->max)
        histogram->max = value;
}

void
histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    histogram->count += other->count;
    if (other->max > histogram->max)
        histogram->max = other->max;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->buckets[i] += other->buckets[i];
}

uint64_t
histogram_percentile(const struct histogram *histogram, double part)
{
    uint64_t wanted = ceil(part * histogram->count);
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted && seen > 0) {
            uint64_t end = bucket_end(i);
            return end < histogram->max ? end : histogram->max;
        }
    }
    return histogram->max;
}
