/* reply_http.c: a file by HTTP: a head, an empty line, the bytes.
   The head says how many there are (Content-Length), or else end of file ends
   them (RFC 9112, 6.3).  An answer of bytes alone is treated as such a file. */

#include <stdlib.h>
#include <string.h>

#include "reply_parts.h"

enum part { HEAD, BODY };

static void
start_body(struct reply *reply, uint64_t size)
{
    reply->part = BODY;
    reply->left = size;
    reply->skip = size;
}

void
http_start(struct reply *reply, const struct request *request)
{
    reply_want(reply, HEAD, sizeof reply->head - 1);
    if (request->protocol == PROTOCOL_BARE) {
        reply->until_end = true;
        start_body(reply, request->size);
    }
}

static enum outcome
take_body(struct reply *reply, const struct request *request,
          struct piece *piece)
{
    if (reply->skip == 0)
        return OUTCOME_WRONG; /* more than there should be */
    return reply_skip_piece(reply, request, piece);
}

/* The head has come, as a string. */
static enum outcome
on_head(struct reply *reply, const struct request *request)
{
    static const char length_field[] = "\r\nContent-Length:";
    const char *status = strchr(reply->head, ' ');
    if (strncmp(reply->head, "HTTP/1.", strlen("HTTP/1.")) != 0 ||
        status == NULL)
        return OUTCOME_WRONG;
    if (strncmp(status, " 200", strlen(" 200")) != 0)
        return OUTCOME_DENIED;
    const char *field = strcasestr(reply->head, length_field);
    if (field == NULL) {
        reply->until_end = true;
        start_body(reply, request->size);
        return OUTCOME_MORE;
    }
    uint64_t size = strtoull(field + strlen(length_field), NULL, 10);
    if (request->size != SIZE_UNKNOWN && request->size != size)
        return OUTCOME_WRONG;
    start_body(reply, size);
    return size == 0 ? OUTCOME_DONE : OUTCOME_MORE;
}

static enum outcome
take_head(struct reply *reply, const struct request *request,
          struct piece *piece)
{
    static const char head_end[] = "\r\n\r\n";
    bool full = reply_gather(reply, piece);
    char *end = memmem(reply->head, reply->gathered, head_end, 4);
    if (end == NULL)
        return full ? OUTCOME_WRONG : OUTCOME_MORE;
    struct piece rest = {.bytes = end + 4};
    rest.size = reply->head + reply->gathered - rest.bytes;
    end[2] = '\0';
    enum outcome outcome = on_head(reply, request);
    while (rest.size > 0 && outcome == OUTCOME_MORE)
        outcome = take_body(reply, request, &rest);
    if (rest.size > 0 && outcome == OUTCOME_DONE)
        return OUTCOME_WRONG;
    return outcome;
}

enum outcome
http_take(struct reply *reply, const struct request *request,
          struct piece *piece)
{
    if (reply->part == BODY)
        return take_body(reply, request, piece);
    return take_head(reply, request, piece);
}
