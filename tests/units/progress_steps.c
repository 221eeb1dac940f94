/* progress_steps.c: the progress bar of a stage, with a clock of our own.
   The tests compile this together with the stage's progress.c and then play
   steps, of one word each, to see what the bar shows:

     start:SIZE             a download of so many bytes begins
     wait:SECONDS           time passes
     add:BYTES              so many bytes have come
     trickle:COUNT:SECONDS  COUNT times: so much time passes, one byte comes
     end                    it is over
     size:BYTES             print a number of bytes as the bar shows it */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "progress.h"

static double now = 1000;

/* In place of the one in clock.c. */
double
clock_now(void)
{
    return now;
}

/* If step is name:ARGUMENT, or name alone, return the argument; else NULL. */
static const char *
argument(const char *step, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(step, name, length) != 0)
        return NULL;
    if (step[length] == ':')
        return step + length + 1;
    return step[length] == '\0' ? step + length : NULL;
}

static void
trickle(struct progress *progress, const char *text)
{
    char *seconds;
    long count = strtol(text, &seconds, 10);
    if (*seconds != ':')
        errx(2, "trickle needs two numbers");
    for (long i = 0; i < count; i++) {
        now += atof(seconds + 1);
        progress_add(progress, 1);
    }
}

int
main(int argc, char **argv)
{
    struct progress progress;
    char text[PROGRESS_SIZE_TEXT];
    for (int i = 1; i < argc; i++) {
        const char *a;
        if ((a = argument(argv[i], "start")) != NULL)
            progress_start(&progress, "name", strtoull(a, NULL, 10), true);
        else if ((a = argument(argv[i], "wait")) != NULL)
            now += atof(a);
        else if ((a = argument(argv[i], "add")) != NULL)
            progress_add(&progress, strtoull(a, NULL, 10));
        else if ((a = argument(argv[i], "trickle")) != NULL)
            trickle(&progress, a);
        else if (argument(argv[i], "end") != NULL)
            progress_end(&progress);
        else if ((a = argument(argv[i], "size")) != NULL)
            puts(progress_format_size(text, atof(a)));
        else
            errx(2, "no such step: %s", argv[i]);
    }
    return 0;
}
