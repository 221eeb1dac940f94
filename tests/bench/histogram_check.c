/* histogram_check.c: percentiles of the numbers on standard input.
   Prints "COUNT P50 P90 P99 MAX". */

#include <inttypes.h>
#include <stdio.h>

#include "histogram.h"

int
main(void)
{
    static struct histogram first;
    static struct histogram second;
    uint64_t value;
    for (long i = 0; scanf("%" SCNu64, &value) == 1; i++)
        histogram_add(i % 2 == 0 ? &first : &second, value);
    histogram_merge(&first, &second);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
           first.count, histogram_percentile(&first, 0.5),
           histogram_percentile(&first, 0.9),
           histogram_percentile(&first, 0.99), histogram_percentile(&first, 1));
    return 0;
}
