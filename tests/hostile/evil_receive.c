/* evil_receive.c: the steps that receive, and check what comes. */

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "evil_steps.h"

enum { SHOWN_LAST = 8 }; /* the bytes that count-body shows */

/* Receive size bytes and print them. */
static void
print_received(const struct peer *peer, uint64_t size)
{
    char block[BLOCK_SIZE];
    uint64_t got = 0;
    while (got < size) {
        uint64_t wanted = size - got < sizeof block ? size - got : sizeof block;
        ssize_t n = peer_receive(peer, block, wanted);
        if (n <= 0)
            peer_fail(peer, "expected %ju bytes, got %ju, then %s",
                      (uintmax_t)size, (uintmax_t)got, peer_end_text(n));
        fwrite(block, 1, n, stdout);
        got += n;
    }
}

static void
play_recv(struct peer *peer, const struct step *step)
{
    print_received(peer, step->number);
}

static void
play_recv_all(struct peer *peer, const struct step *step)
{
    (void)step;
    char block[BLOCK_SIZE];
    uintmax_t got = 0;
    ssize_t n;
    while ((n = peer_receive(peer, block, sizeof block)) > 0) {
        fwrite(block, 1, n, stdout);
        got += n;
    }
    if (n == -1)
        peer_fail(peer, "expected end of file, got %ju bytes, then %s", got,
                  peer_end_text(n));
}

/* Receive these bytes; what names them if others come. */
static void
expect_bytes(const struct peer *peer, const char *what, const void *expected,
             size_t size)
{
    char expected_text[SHOWN_SIZE];
    char got_text[SHOWN_SIZE];
    char *buffer = malloc(size + 1); /* malloc(0) may return NULL */
    size_t got = 0;
    ssize_t n = 1;
    if (buffer == NULL)
        err(FAILURE, "malloc");
    while (got < size && n > 0) {
        n = peer_receive(peer, buffer + got, size - got);
        if (n > 0)
            got += n;
    }
    if (got < size || memcmp(buffer, expected, size) != 0)
        peer_fail(peer, "expected %s '%s', got '%s'%s%s", what,
                  show_bytes(expected_text, expected, size),
                  show_bytes(got_text, buffer, got),
                  got < size ? ", then " : "",
                  got < size ? peer_end_text(n) : "");
    free(buffer);
}

static void
play_expect(struct peer *peer, const struct step *step)
{
    expect_bytes(peer, "bytes", step->text, step->length);
}

static void
play_expect_train(struct peer *peer, const struct step *step)
{
    uint32_t header = htobe32(step->length);
    expect_bytes(peer, "length", &header, sizeof header);
    expect_bytes(peer, "cargo", step->text, step->length);
}

/* Receive size bytes of a train. */
static void
receive_exactly(const struct peer *peer, void *buffer, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = peer_receive(peer, (char *)buffer + got, size - got);
        if (n <= 0)
            peer_fail(peer, "expected a train, got %zu bytes, then %s", got,
                      peer_end_text(n));
        got += n;
    }
}

/* Receive the length of a train. */
static uint32_t
receive_header(const struct peer *peer)
{
    uint32_t header;
    receive_exactly(peer, &header, sizeof header);
    return be32toh(header);
}

/* Receive a train and print its cargo.  Returns the cargo's length. */
static uint32_t
print_train(const struct peer *peer)
{
    uint32_t size = receive_header(peer);
    print_received(peer, size);
    return size;
}

static void
play_recv_train(struct peer *peer, const struct step *step)
{
    (void)step;
    print_train(peer);
}

static void
play_recv_body(struct peer *peer, const struct step *step)
{
    (void)step;
    while (print_train(peer) > 0)
        continue;
}

/* Receive size bytes and drop them without a look: MSG_TRUNC (tcp(7)). */
static void
drop_received(const struct peer *peer, size_t size)
{
    while (size > 0) {
        ssize_t n = -1;
        if (peer_wait(peer, peer->fd, POLLIN))
            n = recv(peer->fd, NULL, size, MSG_DONTWAIT | MSG_TRUNC);
        else
            errno = ETIMEDOUT;
        if (n == -1 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            peer_fail(peer, "expected %zu more bytes of a train, got %s", size,
                      peer_end_text(n));
        size -= n;
    }
}

static void
play_count_body(struct peer *peer, const struct step *step)
{
    (void)step;
    char last[SHOWN_LAST];
    char shown[SHOWN_SIZE];
    uintmax_t total = 0;
    uint32_t size;
    uint32_t kept = 0;
    while ((size = receive_header(peer)) > 0) {
        kept = size < sizeof last ? size : sizeof last;
        drop_received(peer, size - kept);
        receive_exactly(peer, last, kept);
        total += size;
    }
    printf("%ju bytes, ...%s\n", total, show_bytes(shown, last, kept));
}

static void
play_expect_eof(struct peer *peer, const struct step *step)
{
    (void)step;
    char got_text[SHOWN_SIZE];
    char block[SHOWN_SIZE];
    ssize_t n = peer_receive(peer, block, sizeof block);
    if (n > 0)
        peer_fail(peer, "expected end of file, got '%s'",
                  show_bytes(got_text, block, n));
    if (n == -1)
        peer_fail(peer, "expected end of file, got %s", peer_end_text(n));
}

static void
play_expect_closed(struct peer *peer, const struct step *step)
{
    (void)step;
    char block[BLOCK_SIZE];
    ssize_t n;
    do
        n = peer_receive(peer, block, sizeof block);
    while (n > 0 && clock_now() < peer->deadline);
    if (n > 0)
        peer_fail(peer, "expected end of file, got bytes without end");
    if (n == -1 && errno != ECONNRESET)
        peer_fail(peer, "expected end of file, got %s", peer_end_text(n));
}

const struct kind receive_kinds[] = {
    {.name = "recv",
     .argument = NUMBER,
     .number_max = UINT64_MAX,
     .play = play_recv},
    {.name = "recv-all", .play = play_recv_all},
    {.name = "recv-train", .play = play_recv_train},
    {.name = "recv-body", .play = play_recv_body},
    {.name = "count-body", .play = play_count_body},
    {.name = "expect", .argument = TEXT, .play = play_expect},
    {.name = "expect-train", .argument = TEXT, .play = play_expect_train},
    {.name = "expect-eof", .play = play_expect_eof},
    {.name = "expect-closed", .play = play_expect_closed},
    {0},
};
