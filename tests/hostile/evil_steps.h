#ifndef EVIL_STEPS_H
#define EVIL_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evil_peer.h"

struct step {
    const struct kind *kind;
    const char *word; /* as it was written */
    char *text;       /* escapes resolved: may hold any byte */
    size_t length;    /* of the text */
    uint64_t number;
    double seconds;
};

enum argument { NOTHING, TEXT, NUMBER, NUMBER_AND_TEXT, SECONDS, ADDRESS };

/* Where a step may stand: before all that need a connection, or not there. */
enum place { LATER, FIRST, ANYWHERE };

/* A kind of step.  evil.c says in words what each does. */
struct kind {
    const char *name;
    enum argument argument;
    uint64_t number_max;
    bool repeats; /* the text, which therefore must fit into a block */
    enum place place;
    /* Ends the program if it does not go as the script says. */
    void (*play)(struct peer *peer, const struct step *step);
};

/* All there are.  Behind the last of each list is one without a name. */
extern const struct kind socket_kinds[];  /* evil_end.c */
extern const struct kind send_kinds[];    /* evil_send.c */
extern const struct kind receive_kinds[]; /* evil_receive.c */
extern const struct kind end_kinds[];     /* evil_end.c */

#endif
