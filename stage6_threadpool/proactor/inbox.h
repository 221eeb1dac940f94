#ifndef INBOX_H
#define INBOX_H

#include <limits.h>
#include <stddef.h>

#include "train.h"

/* What a client has sent and has no answer to: half a request, or several. */

enum {
    TRAIN_HEADER = 4,
    INBOX_SIZE = TRAIN_HEADER + NAME_MAX,
};

struct inbox {
    unsigned char bytes[INBOX_SIZE];
    size_t count;
    size_t to_skip; /* bytes of a train that is not wanted, still to come */
};

enum inbox_result {
    INBOX_NOTHING, /* no whole request is there */
    INBOX_NAME,
    INBOX_TOO_LONG, /* to be a name; it is past */
    INBOX_NO_TRAIN,
};

/* Return how many bytes may be added. */
size_t inbox_room(const struct inbox *inbox);

void inbox_add(struct inbox *inbox, const void *bytes, size_t length);

/* Take the next request out.  A name goes to name, which has NAME_MAX + 1
   bytes; its length is told since there may be a zero byte in it. */
enum inbox_result inbox_take(struct inbox *inbox, char *name, size_t *length);

/* Is the client in the middle of a request? */
int inbox_is_midway(const struct inbox *inbox);

#endif
