/* terminal.c: the game on a screen (ncurses(3)).
   Ctrl-C is a key here (raw(3)), so the terminal is always put back. */

#include <ncurses.h>
#include <stdlib.h>

#include "terminal.h"

enum { CTRL_C = 3, CTRL_D = 4, READY = 1 };

static const char *const help[] = {
    "You are the scheduler.",
    "",
    "Each thread stands before the call that it",
    "is about to make. A > marks those that can",
    "go on; type the number of one, and it runs",
    "up to its next call. Who sleeps at a",
    "condition variable may wake up for no",
    "reason, but only so often.",
    "",
    "You win if you drive the queue wrong: some",
    "thread waits for ever, an item is lost, or",
    "comes out twice. A healthy queue cannot be",
    "driven wrong.",
    "",
    "0-9  this thread goes next",
    "u    take a step back",
    "q    quit",
    "",
    "Any key goes on.",
};

static void
show_help(void)
{
    erase();
    for (size_t i = 0; i < sizeof help / sizeof *help; i++)
        mvaddnstr((int)i, 0, help[i], COLS);
    refresh();
    getch();
}

/* Draw the game, and a message in the last line. */
static void
draw(const struct game *game, const char *message)
{
    struct screen screen;
    play_show(game, &screen, COLS, LINES - 1);
    erase();
    for (int i = 0; i < screen.count; i++) {
        if (screen.ready[i])
            attron(A_BOLD | COLOR_PAIR(READY));
        mvaddnstr(i, 0, screen.lines[i], COLS);
        attrset(A_NORMAL);
    }
    attron(A_REVERSE);
    mvaddnstr(LINES - 1, 0, message, COLS - 1);
    attrset(A_NORMAL);
    refresh();
}

/* Colours, if the terminal has them and nobody minds (no-color.org). */
static void
set_colours(void)
{
    const char *no_color = getenv("NO_COLOR");
    if ((no_color != NULL && no_color[0] != '\0') || !has_colors())
        return;
    start_color();
    use_default_colors();
    init_pair(READY, COLOR_GREEN, -1);
}

static void
play(struct game *game)
{
    static const char keys[] = "0-9 who goes next  u back  ? help  q quit";
    const char *refusal = NULL;
    for (;;) {
        draw(game, refusal == NULL ? keys : refusal);
        refusal = NULL;
        int key = getch();
        if (key == 'q' || key == CTRL_C || key == CTRL_D || key == ERR)
            return;
        if (key == '?')
            show_help();
        else if (key != KEY_RESIZE)
            refusal = play_key(game, key);
    }
}

void
terminal_play(struct game *game)
{
    initscr();
    raw();
    noecho();
    keypad(stdscr, true);
    curs_set(0);
    set_colours();
    play(game);
    endwin();
}
