#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "crowd.h"

/* Add part to sum; the time runs from the first start to the last end. */
void report_merge(struct tally *sum, const struct tally *part);

/* How many requests, or connections, did not go as they should. */
uint64_t report_failures(const struct tally *tally);

/* Print what was found, for people and for programs.  Returns 0, -1 with errno
   if it cannot be written. */
int report_print(const struct tally *tally);

#endif
