#ifndef TALLY_H
#define TALLY_H

#include "guest.h"

/* How the requests of a swarm ended. */

struct tally {
    uint64_t connections; /* of honest ones */
    uint64_t rude;        /* connections of the others */
    uint64_t outcomes[OUTCOMES];
    uint64_t torn;      /* cut after a part of the reply had come */
    int64_t slowest_ns; /* of the replies that were right */
};

/* The guest's request ended like that.  Says where a byte is wrong, the first
   few times. */
void tally_count(struct tally *tally, const struct guest *guest,
                 enum outcome outcome);

/* Print the line.  Returns how many requests ended badly; with `every`, all
   that were not answered did. */
uint64_t tally_print(const struct tally *tally, const struct house *house,
                     bool every);

#endif
