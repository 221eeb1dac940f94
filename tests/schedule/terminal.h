#ifndef TERMINAL_H
#define TERMINAL_H

#include "play.h"

/* Play the game in the terminal until q is typed, or Ctrl-C. */
void terminal_play(struct game *game);

#endif
