/* reply_train.c: a file in trains: "+name", its size, data ..., an empty
   one. */

#include <endian.h>
#include <string.h>

#include "reply_parts.h"

enum { TRAIN_MAX = 1024 * 1024, LENGTH_SIZE = 4, SIZE_SIZE = 8 };

/* What comes next. */
enum part {
    GREETING_LENGTH,
    GREETING, /* or a refusal */
    FILE_SIZE,
    DATA_LENGTH,
    DATA,
};

static size_t
length_in(const struct reply *reply)
{
    uint32_t wire;
    memcpy(&wire, reply->head, sizeof wire);
    return be32toh(wire);
}

void
train_start(struct reply *reply)
{
    reply_want(reply, GREETING_LENGTH, LENGTH_SIZE);
}

void
train_skipped(struct reply *reply)
{
    reply_want(reply, DATA_LENGTH, LENGTH_SIZE);
}

static enum outcome
on_greeting_length(struct reply *reply)
{
    size_t length = length_in(reply);
    if (length == 0 || length > sizeof reply->head)
        return OUTCOME_WRONG;
    reply_want(reply, GREETING, length);
    return OUTCOME_MORE;
}

static enum outcome
on_greeting(struct reply *reply, const struct request *request)
{
    if (reply->head[0] == '-')
        return OUTCOME_DENIED;
    if (reply->head[0] != '+' || reply->wanted - 1 != strlen(request->file) ||
        memcmp(reply->head + 1, request->file, reply->wanted - 1) != 0)
        return OUTCOME_WRONG;
    reply_want(reply, FILE_SIZE, LENGTH_SIZE + SIZE_SIZE);
    return OUTCOME_MORE;
}

static enum outcome
on_file_size(struct reply *reply, const struct request *request)
{
    uint64_t wire;
    memcpy(&wire, reply->head + LENGTH_SIZE, sizeof wire);
    reply->left = be64toh(wire);
    if (length_in(reply) != SIZE_SIZE ||
        (request->size != SIZE_UNKNOWN && request->size != reply->left))
        return OUTCOME_WRONG;
    reply_want(reply, DATA_LENGTH, LENGTH_SIZE);
    return OUTCOME_MORE;
}

static enum outcome
on_data_length(struct reply *reply)
{
    size_t length = length_in(reply);
    if (length == 0)
        return reply->left == 0 ? OUTCOME_DONE : OUTCOME_WRONG;
    if (length > TRAIN_MAX || length > reply->left)
        return OUTCOME_WRONG;
    reply->part = DATA;
    reply->skip = length;
    return OUTCOME_MORE;
}

enum outcome
train_take(struct reply *reply, const struct request *request,
           struct piece *piece)
{
    if (reply->part == DATA)
        return reply_skip_piece(reply, request, piece);
    if (!reply_gather(reply, piece))
        return OUTCOME_MORE;
    switch ((enum part)reply->part) {
    case GREETING_LENGTH:
        return on_greeting_length(reply);
    case GREETING:
        return on_greeting(reply, request);
    case FILE_SIZE:
        return on_file_size(reply, request);
    default:
        return on_data_length(reply);
    }
}
