/* schedules.c: try every schedule of a subject's cases, and tell the shortest one
   that goes wrong.

   schedules           all cases; status 1 if one goes wrong
   schedules --find    only the name of the first case that goes wrong, if any

   The current folder is the one of the sources. */

#include <err.h>
#include <stdio.h>
#include <string.h>

#include "crash.h"
#include "explore.h"
#include "story.h"

enum { LIMIT = 400 * 1000 }; /* schedules of a case that has no bound */

/* Write a number with a comma before every third digit. */
static const char *
grouped(long number)
{
    static char text[32];
    char digits[24];
    size_t length = 0;
    int n = snprintf(digits, sizeof digits, "%ld", number);
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            text[length++] = ',';
        text[length++] = digits[i];
    }
    text[length] = '\0';
    return text;
}

static void
print_count(const struct outcome *outcome, int bound)
{
    printf("%10s schedules", grouped(outcome->schedules));
    if (outcome->wrong == 0)
        printf(", none goes wrong%s\n", bound >= 0 ? " *" : "");
    else
        printf(", %s wrong%s\n", grouped(outcome->wrong),
               bound >= 0 ? " *" : "");
}

/* Explore a case, with fewer preemptions if there are too many schedules.
   Returns the bound that was used. */
static int
explore_fitting(const struct scenario *scenario, struct outcome *outcome)
{
    explore(scenario, scenario->bound, LIMIT, outcome);
    if (!outcome->stopped || outcome->wrong > 0)
        return scenario->bound;
    explore(scenario, BOUND, LIMIT, outcome);
    return BOUND;
}

static void
tell(const struct scenario *scenario, const struct outcome *outcome)
{
    const struct schedule *shortest = &outcome->shortest;
    printf("\n%s.\nThe shortest way there, thread by thread:\n\n",
           shortest->verdict);
    if (story_tell(scenario, shortest) == -1)
        printf("\nThe same choices gave another run: do the sources keep "
               "something\nin static variables?\n");
    printf("\n%s.\n", shortest->verdict);
}

/* Returns how many cases go wrong: 0 or 1. */
static int
try_all(void)
{
    static struct outcome outcome;
    long total = 0;
    bool bounded = false;
    for (int i = 0; i < subject_count; i++) {
        const struct scenario *scenario = &subject_scenarios[i];
        printf("  %-34s", scenario->text);
        fflush(stdout);
        int bound = explore_fitting(scenario, &outcome);
        print_count(&outcome, bound);
        if (outcome.stopped)
            printf("  (there are more: these were not all)\n");
        if (outcome.wrong > 0) {
            tell(scenario, &outcome);
            return 1;
        }
        total += outcome.schedules;
        bounded |= bound >= 0;
    }
    printf("%s schedules, none goes wrong\n", grouped(total));
    if (bounded)
        printf("* those with at most %d preemptions (a thread that could go on "
               "has "
               "to wait)\n",
               BOUND);
    return 0;
}

static void
find_wrong(void)
{
    static struct outcome outcome;
    for (int i = 0; i < subject_count; i++) {
        explore_fitting(&subject_scenarios[i], &outcome);
        if (outcome.wrong > 0) {
            printf("%s\n", subject_scenarios[i].name);
            return;
        }
    }
}

int
main(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && strcmp(argv[1], "--find") != 0))
        errx(2, "usage: schedules [--find]");
    crash_catch();
    if (argc == 1)
        return try_all();
    find_wrong();
    return 0;
}
