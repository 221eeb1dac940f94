/* inbox.c: requests out of a stream of bytes. */

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "inbox.h"

size_t
inbox_room(const struct inbox *inbox)
{
    return sizeof inbox->bytes - inbox->count;
}

void
inbox_add(struct inbox *inbox, const void *bytes, size_t length)
{
    memcpy(inbox->bytes + inbox->count, bytes, length);
    inbox->count += length;
}

/* Drop what has been dealt with. */
static void
drop_bytes(struct inbox *inbox, size_t length)
{
    inbox->count -= length;
    memmove(inbox->bytes, inbox->bytes + length, inbox->count);
}

/* Drop what has come of a train that is not wanted.  It is answered when all of
   it is past. */
static enum inbox_result
skip(struct inbox *inbox)
{
    size_t length =
        inbox->count < inbox->to_skip ? inbox->count : inbox->to_skip;
    drop_bytes(inbox, length);
    inbox->to_skip -= length;
    return inbox->to_skip == 0 ? INBOX_TOO_LONG : INBOX_NOTHING;
}

enum inbox_result
inbox_take(struct inbox *inbox, char *name, size_t *length)
{
    if (inbox->to_skip > 0)
        return skip(inbox);
    if (inbox->count < TRAIN_HEADER)
        return INBOX_NOTHING;
    uint32_t header;
    memcpy(&header, inbox->bytes, sizeof header);
    *length = ntohl(header);
    if (*length > TRAIN_MAX)
        return INBOX_NO_TRAIN;
    if (*length > NAME_MAX) {
        inbox->to_skip = *length;
        drop_bytes(inbox, TRAIN_HEADER);
        return skip(inbox);
    }
    if (inbox->count < TRAIN_HEADER + *length)
        return INBOX_NOTHING;
    memcpy(name, inbox->bytes + TRAIN_HEADER, *length);
    name[*length] = '\0';
    drop_bytes(inbox, TRAIN_HEADER + *length);
    return INBOX_NAME;
}

int
inbox_is_midway(const struct inbox *inbox)
{
    return inbox->count > 0 || inbox->to_skip > 0;
}
