/* game.c: you are the scheduler.

   schedule [--title TEXT] CASE                  play in the terminal
   schedule [--title TEXT] --replay KEYS CASE    play these keys, print the end
   The current folder is the one of the sources.  With --replay the status is 0
   if the game is won, 1 if not; otherwise 0, 2 for wrong usage. */

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash.h"
#include "play.h"
#include "terminal.h"

static const struct scenario *
find_scenario(const char *name)
{
    for (int i = 0; i < subject_count; i++)
        if (strcmp(subject_scenarios[i].name, name) == 0)
            return &subject_scenarios[i];
    errx(2, "there is no case '%s'", name);
}

static _Noreturn void
usage(void)
{
    fprintf(stderr, "Usage: schedule [--title TEXT] [--replay KEYS] CASE\n");
    exit(2);
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"title", required_argument, NULL, 't'},
        {"replay", required_argument, NULL, 'r'},
        {0},
    };
    static struct game game;
    const char *title = "";
    const char *keys = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 't')
            title = optarg;
        else if (option == 'r')
            keys = optarg;
        else
            usage();
    }
    if (optind + 1 != argc)
        usage();
    crash_catch();
    play_begin(&game, find_scenario(argv[optind]), title);
    if (keys != NULL)
        return play_replay(&game, keys);
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        errx(2, "this is played in a terminal (or give it --replay KEYS)");
    terminal_play(&game);
    return 0;
}
