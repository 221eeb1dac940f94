/* no_terminal.c: the game without ncurses: it can be replayed only. */

#include <err.h>

#include "terminal.h"

void
terminal_play(struct game *game)
{
    (void)game;
    errx(2, "the game needs ncurses: install libncurses-dev");
}
