/* train.c: does train.c receive and send what a plain model does?
   The input is a stream of trains.  Each is received, with room for a name, and
   sent back. */

#include <errno.h>
#include <string.h>

#include "train.h"
#include "wire.h"

enum { ROOM = 255, MAX = 1024 * 1024 };

const char fuzz_name[] = "train";

static size_t at; /* the model's place in the stream */

void
fuzz_start(void)
{
}

/* The next train of the stream: 1, 0 at its end, or what errno should be. */
static int
model_receive(const uint8_t **cargo, size_t *length)
{
    size_t left = wire.in_size - at;
    const uint8_t *head = wire.in + at;
    if (left == 0)
        return 0;
    if (left < 4)
        return EPIPE;
    *length = (size_t)head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3];
    if (*length > MAX)
        return EMSGSIZE;
    if (left - 4 < *length)
        return EPIPE;
    *cargo = head + 4;
    at += 4 + *length;
    return *length > ROOM ? ENOBUFS : 1;
}

/* Receive trains and send them back until the stream ends or is none. */
static void
echo(int fd)
{
    char cargo[ROOM];
    int expected;
    do {
        const uint8_t *model_cargo = NULL;
        size_t model_length = 0;
        size_t length = 0;
        size_t before = wire.out_size;
        expected = model_receive(&model_cargo, &model_length);
        int result = train_receive(fd, cargo, sizeof cargo, &length);
        if (result == -1)
            result = errno;
        if (result != expected)
            fuzz_fail("train_receive: expected %d, got %d", expected, result);
        if (result != 1)
            continue;
        fuzz_compare("cargo", model_cargo, model_length, cargo, length);
        if (train_send(fd, cargo, length, 0) == -1)
            fuzz_fail("train_send: %s", strerror(errno));
        fuzz_compare("train_send", model_cargo - 4, 4 + length,
                     wire.out + before, wire.out_size - before);
    } while (expected == 1 || expected == ENOBUFS);
}

void
fuzz_one(const uint8_t *data, size_t size)
{
    wire_load(data, size, MAX + 4096);
    at = 0;
    echo(wire_connect(true));

    /* All of it as one train, which may be too long. */
    int fd = wire_connect(true);
    int result = train_send(fd, wire.in, wire.in_size, 0);
    int expected = wire.in_size <= MAX ? 0 : -1;
    if (result != expected || (result == -1 && errno != EMSGSIZE))
        fuzz_fail("train_send of %zu bytes: expected %d, got %d", wire.in_size,
                  expected, result);
    size_t sent = result == 0 ? 4 + wire.in_size : 0;
    if (wire.out_size != sent)
        fuzz_fail("train_send of %zu bytes: %zu on the wire, expected %zu",
                  wire.in_size, wire.out_size, sent);
}
