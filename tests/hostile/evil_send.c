/* evil_send.c: the steps that send. */

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evil_steps.h"

static void
play_send(struct peer *peer, const struct step *step)
{
    peer_send(peer, step->text, step->length);
}

static void
play_bytewise(struct peer *peer, const struct step *step)
{
    for (size_t i = 0; i < step->length; i++)
        peer_send(peer, step->text + i, 1);
}

/* Copy the step's text to block as many times as it fits, but no more often
   than the step says.  Returns how many times. */
static uint64_t
fill_block(char *block, const struct step *step)
{
    uint64_t copies = BLOCK_SIZE / step->length;
    if (copies > step->number)
        copies = step->number;
    for (uint64_t i = 0; i < copies; i++)
        memcpy(block + i * step->length, step->text, step->length);
    return copies;
}

static void
play_repeat(struct peer *peer, const struct step *step)
{
    char block[BLOCK_SIZE];
    uint64_t copies = fill_block(block, step);
    for (uint64_t left = step->number; left > 0; left -= copies) {
        if (copies > left)
            copies = left;
        peer_send(peer, block, copies * step->length);
    }
}

static void
play_flood(struct peer *peer, const struct step *step)
{
    char block[BLOCK_SIZE];
    size_t size = fill_block(block, step) * step->length;
    bool in_time = true;
    while (in_time && peer_send_most(peer, block, size) == size)
        in_time = clock_now() < peer->deadline;
    if (!in_time || errno == ETIMEDOUT)
        peer_fail(peer, "expected that the peer closes, it did not in %g s",
                  peer->patience);
}

static void
send_train(const struct peer *peer, const void *cargo, size_t size)
{
    uint32_t header = htobe32(size);
    char *train = malloc(sizeof header + size);
    if (train == NULL)
        err(FAILURE, "malloc");
    memcpy(train, &header, sizeof header);
    memcpy(train + sizeof header, cargo, size);
    peer_send(peer, train, sizeof header + size);
    free(train);
}

static void
play_train(struct peer *peer, const struct step *step)
{
    send_train(peer, step->text, step->length);
}

static void
play_header(struct peer *peer, const struct step *step)
{
    uint32_t header = htobe32(step->number);
    peer_send(peer, &header, sizeof header);
}

static void
play_u64(struct peer *peer, const struct step *step)
{
    uint64_t number = htobe64(step->number);
    send_train(peer, &number, sizeof number);
}

const struct kind send_kinds[] = {
    {.name = "send", .argument = TEXT, .play = play_send},
    {.name = "bytewise", .argument = TEXT, .play = play_bytewise},
    {.name = "repeat",
     .argument = NUMBER_AND_TEXT,
     .number_max = UINT64_MAX,
     .repeats = true,
     .play = play_repeat},
    {.name = "zeros",
     .argument = NUMBER,
     .number_max = UINT64_MAX,
     .repeats = true,
     .play = play_repeat},
    {.name = "flood", .argument = TEXT, .repeats = true, .play = play_flood},
    {.name = "train", .argument = TEXT, .play = play_train},
    {.name = "header",
     .argument = NUMBER,
     .number_max = UINT32_MAX,
     .play = play_header},
    {.name = "u64",
     .argument = NUMBER,
     .number_max = UINT64_MAX,
     .play = play_u64},
    {0},
};
