#ifndef PLAY_H
#define PLAY_H

#include <stdbool.h>

#include "explore.h"

/* A game: a schedule that grows by a move at a time.  Taking one back runs all
   the others again from the beginning. */
struct game {
    const struct scenario *scenario;
    const char *title;
    struct schedule schedule;
    bool asks_whom; /* the signal of this thread can wake more than one */
    int signaller;
};

enum {
    PLAY_LINES = 23, /* of a screen, the line of keys left out */
    PLAY_LINE_SIZE = 256,
    PLAY_LOG = 6, /* what happened last */
};

struct screen {
    char lines[PLAY_LINES][PLAY_LINE_SIZE];
    bool ready[PLAY_LINES]; /* this line is of a thread that can go next */
    int count;
};

enum play_state { PLAY_ON, PLAY_WON, PLAY_ALL_WELL };

/* Begin the game in which the case is driven wrong. */
void play_begin(struct game *game, const struct scenario *scenario,
                const char *title);

/* Do what the key says: a digit lets that thread go, or says whom a signal
   wakes, u takes a step back.  Returns NULL, or why it cannot be done. */
const char *play_key(struct game *game, int key);

enum play_state play_state(void);

/* Show the game in lines of at most width columns.  If it takes more than
   height lines, less is told of what happened last. */
void play_show(const struct game *game, struct screen *screen, int width,
               int height);

/* Play these keys and print the last screen.  Returns 0 if the game is won, 1
   if not, 2 if a key cannot be played. */
int play_replay(struct game *game, const char *keys);

#endif
