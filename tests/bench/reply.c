/* reply.c: is the answer what it should be?
   Answers come in pieces of any size, so each protocol is a machine that is fed
   with what is there.  What it has to understand it gathers in the head; the
   bytes of a file are only counted, or compared with those they should be. */

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reply.h"
#include "reply_parts.h"

enum { PREFIX_MAX = 13 }; /* "[1234567890] " */

void
reply_want(struct reply *reply, int part, size_t n)
{
    reply->part = part;
    reply->wanted = n;
    reply->gathered = 0;
}

bool
reply_gather(struct reply *reply, struct piece *piece)
{
    size_t n = reply->wanted - reply->gathered;
    if (n > piece->size)
        n = piece->size;
    memcpy(reply->head + reply->gathered, piece->bytes, n);
    reply->gathered += n;
    piece->bytes += n;
    piece->size -= n;
    return reply->gathered == reply->wanted;
}

enum outcome
reply_skip_piece(struct reply *reply, const struct request *request,
                 struct piece *piece)
{
    uint64_t n = piece->size < reply->skip ? piece->size : reply->skip;
    if (request->content != NULL &&
        memcmp(request->content + (request->size - reply->left), piece->bytes,
               n) != 0)
        return OUTCOME_WRONG;
    piece->bytes += n;
    piece->size -= n;
    return reply_skip(reply, request, n);
}

/* A line comes back behind "[ID] ". */
static enum outcome
line_take(struct reply *reply, const struct request *request,
          struct piece *piece)
{
    bool full = reply_gather(reply, piece);
    if (memchr(reply->head, '\n', reply->gathered) == NULL)
        return full ? OUTCOME_WRONG : OUTCOME_MORE;
    size_t digits = strspn(reply->head + 1, "0123456789");
    size_t prefix = 1 + digits + 2;
    bool right =
        digits > 0 && reply->head[0] == '[' &&
        reply->gathered == prefix + request->length &&
        memcmp(reply->head + 1 + digits, "] ", 2) == 0 &&
        memcmp(reply->head + prefix, request->bytes, request->length) == 0;
    return right ? OUTCOME_DONE : OUTCOME_WRONG;
}

static int
compose_line(struct request *request)
{
    if (request->size == SIZE_UNKNOWN)
        request->size = 16;
    if (request->size > sizeof request->bytes)
        return -1;
    request->length = request->size;
    memset(request->bytes, 'x', request->length);
    request->bytes[request->length - 1] = '\n';
    return 0;
}

static int
compose_train(struct request *request)
{
    size_t length = strlen(request->file);
    uint32_t wire = htobe32(length);
    if (sizeof wire + length > sizeof request->bytes)
        return -1;
    memcpy(request->bytes, &wire, sizeof wire);
    memcpy(request->bytes + sizeof wire, request->file, length);
    request->length = sizeof wire + length;
    return 0;
}

static int
compose_http(struct request *request)
{
    int length = snprintf(request->bytes, sizeof request->bytes,
                          "GET /%s HTTP/1.%d\r\n"
                          "Host: localhost\r\n"
                          "\r\n",
                          request->file, request->protocol == PROTOCOL_HTTP11);
    if (length < 0 || (size_t)length >= sizeof request->bytes)
        return -1;
    request->length = length;
    return 0;
}

int
request_compose(struct request *request)
{
    errno = EMSGSIZE;
    switch (request->protocol) {
    case PROTOCOL_LINES:
        return compose_line(request);
    case PROTOCOL_TRAINS:
        return compose_train(request);
    case PROTOCOL_HTTP10:
    case PROTOCOL_HTTP11:
        return compose_http(request);
    default:
        if (request->size == SIZE_UNKNOWN)
            request->size = 0;
        return 0; /* nothing is sent */
    }
}

void
reply_start(struct reply *reply, const struct request *request)
{
    reply->until_end = false;
    reply->skip = 0;
    reply->left = 0;
    switch (request->protocol) {
    case PROTOCOL_LINES:
        reply_want(reply, 0, PREFIX_MAX + request->length);
        break;
    case PROTOCOL_TRAINS:
        train_start(reply);
        break;
    default:
        http_start(reply, request);
    }
}

enum outcome
reply_take(struct reply *reply, const struct request *request,
           const char *bytes, size_t n)
{
    struct piece piece = {.bytes = bytes, .size = n};
    enum outcome outcome = OUTCOME_MORE;
    while (piece.size > 0 && outcome == OUTCOME_MORE) {
        if (request->protocol == PROTOCOL_LINES)
            outcome = line_take(reply, request, &piece);
        else if (request->protocol == PROTOCOL_TRAINS)
            outcome = train_take(reply, request, &piece);
        else
            outcome = http_take(reply, request, &piece);
    }
    if (outcome == OUTCOME_DONE && piece.size > 0)
        return OUTCOME_WRONG;
    return outcome;
}

enum outcome
reply_skip(struct reply *reply, const struct request *request, uint64_t n)
{
    reply->left -= n;
    reply->skip -= n;
    if (reply->skip > 0 || reply->until_end)
        return OUTCOME_MORE;
    if (request->protocol != PROTOCOL_TRAINS)
        return OUTCOME_DONE;
    train_skipped(reply);
    return OUTCOME_MORE;
}

enum outcome
reply_end(const struct reply *reply, const struct request *request)
{
    if (reply->until_end && (reply->left == 0 || request->size == SIZE_UNKNOWN))
        return OUTCOME_DONE;
    return OUTCOME_CLOSED;
}
