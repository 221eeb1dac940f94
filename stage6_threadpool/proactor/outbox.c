/* outbox.c: trains on their way out.  A file that is copied is read and sent
   piece by piece: a small one in one piece, with all that goes before and after
   it.  A large one can stay in the kernel: a pipe is filled from it, and
   drained to the client. */

#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "inbox.h"
#include "outbox.h"

enum {
    COPY_MAX = 64 * 1024,               /* bytes of a file in memory */
    HEAD_SIZE = 2 * TRAIN_HEADER + 512, /* the longest refusal */
};

/* Have room for so many bytes.  Returns 0, -1 with errno. */
static int
make_room(struct outbox *outbox, size_t size)
{
    unsigned char *bytes = realloc(outbox->bytes, size);
    if (bytes == NULL)
        return -1;
    outbox->bytes = bytes;
    outbox->size = size;
    return 0;
}

static void
put_bytes(struct outbox *outbox, const void *bytes, size_t length)
{
    memcpy(outbox->bytes + outbox->count, bytes, length);
    outbox->count += length;
}

/* Put a train's length; its cargo is to follow. */
static void
put_length(struct outbox *outbox, size_t length)
{
    uint32_t header = htonl(length);
    put_bytes(outbox, &header, sizeof header);
}

bool
outbox_is_small(uint64_t size)
{
    return size <= COPY_MAX;
}

/* Go on to the next train of the file: the empty one if nothing is left, but
   only after a look at the file if it took several reads. */
static void
begin_train(struct outbox *outbox)
{
    outbox->to_check = outbox->left == 0 && !outbox_is_small(outbox->offset);
    if (outbox->to_check)
        return;
    outbox->cargo = outbox->left < TRAIN_MAX ? outbox->left : TRAIN_MAX;
    outbox->left -= outbox->cargo;
    put_length(outbox, outbox->cargo);
}

int
outbox_refuse(struct outbox *outbox, const char *message)
{
    if (make_room(outbox, HEAD_SIZE) == -1)
        return -1;
    put_length(outbox, 1 + strlen(message));
    put_bytes(outbox, "-", 1);
    put_bytes(outbox, message, strlen(message));
    return 0;
}

int
outbox_put_file(struct outbox *outbox, const char *name, uint64_t size,
                bool copying)
{
    uint64_t wire_size = htobe64(size);
    size_t room = size < COPY_MAX ? size : COPY_MAX;
    if (make_room(outbox, HEAD_SIZE + (copying ? room : 0)) == -1)
        return -1;
    put_length(outbox, 1 + strlen(name));
    put_bytes(outbox, "+", 1);
    put_bytes(outbox, name, strlen(name));
    put_length(outbox, sizeof wire_size);
    put_bytes(outbox, &wire_size, sizeof wire_size);
    outbox->copying = copying;
    outbox->left = size;
    begin_train(outbox);
    return 0;
}

int
outbox_change_to_copy(struct outbox *outbox)
{
    outbox->copying = true;
    return make_room(outbox, HEAD_SIZE + COPY_MAX);
}

/* How many bytes can be read now?  The length of the next train must fit. */
static size_t
readable(const struct outbox *outbox)
{
    size_t room = outbox->size - outbox->count;
    if (!outbox->copying || outbox->sent > 0 || room <= TRAIN_HEADER)
        return 0;
    room -= TRAIN_HEADER;
    return outbox->cargo < room ? outbox->cargo : room;
}

enum step
outbox_next(const struct outbox *outbox, size_t *length)
{
    *length = 0;
    if (outbox->stuck)
        return STEP_WAIT;
    if ((*length = readable(outbox)) > 0)
        return STEP_READ;
    if ((*length = outbox->count - outbox->sent) > 0)
        return STEP_SEND;
    if ((*length = outbox->in_pipe) > 0)
        return STEP_DRAIN;
    if ((*length = outbox->cargo) > 0)
        return STEP_FILL;
    return outbox->to_check ? STEP_CHECK : STEP_NONE;
}

bool
outbox_has_more(const struct outbox *outbox)
{
    return outbox->cargo > 0 || outbox->to_check;
}

static void
take_from_file(struct outbox *outbox, size_t length)
{
    outbox->offset += length;
    outbox->cargo -= length;
}

void
outbox_take(struct outbox *outbox, enum step step, size_t length)
{
    switch (step) {
    case STEP_READ:
        take_from_file(outbox, length);
        outbox->count += length;
        if (outbox->cargo == 0)
            begin_train(outbox);
        break;
    case STEP_SEND:
        outbox->sent += length;
        if (outbox->sent == outbox->count)
            outbox->sent = outbox->count = 0;
        break;
    case STEP_FILL:
        take_from_file(outbox, length);
        outbox->in_pipe = length;
        break;
    case STEP_DRAIN:
        outbox->in_pipe -= length;
        if (outbox->in_pipe == 0 && outbox->cargo == 0)
            begin_train(outbox);
        break;
    case STEP_WAIT:
        outbox->stuck = false;
        break;
    case STEP_CHECK:
        outbox->to_check = false;
        put_length(outbox, 0);
        break;
    case STEP_NONE:
        break;
    }
}

void
outbox_release(struct outbox *outbox)
{
    free(outbox->bytes);
    *outbox = (struct outbox){0};
}
