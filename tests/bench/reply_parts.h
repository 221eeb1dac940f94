#ifndef REPLY_PARTS_H
#define REPLY_PARTS_H

#include "reply.h"

/* What the protocols of reply.c share. */

/* Bytes that have come and are not taken yet. */
struct piece {
    const char *bytes;
    size_t size;
};

/* From here on gather so many bytes for the head; they are that part. */
void reply_want(struct reply *reply, int part, size_t n);

/* Move bytes of the piece to the head.  Returns true when it has all. */
bool reply_gather(struct reply *reply, struct piece *piece);

/* Take from the piece what is to be skipped. */
enum outcome reply_skip_piece(struct reply *reply,
                              const struct request *request,
                              struct piece *piece);

/* One step in each protocol: take something from a piece that is not empty. */
void train_start(struct reply *reply);
void train_skipped(struct reply *reply);
enum outcome train_take(struct reply *reply, const struct request *request,
                        struct piece *piece);

void http_start(struct reply *reply, const struct request *request);
enum outcome http_take(struct reply *reply, const struct request *request,
                       struct piece *piece);

#endif
