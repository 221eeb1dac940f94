#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>

#include "inbox.h"
#include "reply.h"
#include "ring.h"

/* What a client says and is told: it exists only while there is something. */
struct exchange {
    struct inbox inbox;
    char asked[NAME_MAX + 1];
    size_t asked_length; /* the name may hold a zero byte */
    struct reply reply;
    bool last; /* no request is read after this reply */
};

/* Make one.  Returns NULL with errno. */
struct exchange *exchange_new(void);

/* Free it, if there is one, with the reply and its file.  No operation of the
   reply may be under way. */
void exchange_free(struct exchange *exchange, struct ring *ring);

/* Make the reply a refusal, and log it for the client of this name.  subject is
   what was asked for, or what else is wrong.  Returns 0, -1 with errno. */
int exchange_refuse(struct exchange *exchange, const char *client,
                    const char *subject, const char *reason);

/* Prepare to open the file that was asked for. */
void exchange_prepare_open(const struct exchange *exchange,
                           struct io_uring_sqe *submission);

/* Make the reply what follows from the result of that: the file, which is the
   reply's from now on, or a refusal.  Returns 0, -1 with errno. */
int exchange_on_opened(struct exchange *exchange, const char *client,
                       struct ring *ring, int result);

#endif
