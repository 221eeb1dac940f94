/* explore.c: every schedule, one after another.
   A schedule is a list of choices.  After each run the last choice that has an
   alternative is changed, and the run is repeated from its beginning: a walk
   through the tree of all choices, branch by branch, that needs no copy of the
   threads' memory. */

#include <string.h>

#include "explore.h"

/* A point at which something was chosen. */
struct level {
    struct move moves[MOVES_MAX];
    int count;
    int chosen;
    int preemptions; /* before it */
    int switches;
};

static struct level levels[STEPS_MAX + 1];
static int known; /* how many levels of the next run are chosen already */

/* List what can be chosen at this level.  If there were as many preemptions as
   are allowed, a thread that can go on does. */
static int
open_level(struct level *level, const struct level *before, int bound)
{
    int last = before == NULL ? 0 : before->moves[before->chosen].thread;
    bool settled =
        bound >= 0 && level->preemptions >= bound && engine_can_continue(last);
    int all = engine_moves(level->moves);
    level->count = 0;
    for (int i = 0; i < all; i++)
        if (!settled || level->moves[i].thread == last)
            level->moves[level->count++] = level->moves[i];
    level->chosen = 0;
    return level->count;
}

/* Count what the choice at a level costs, for the next one. */
static void
count_cost(const struct level *level, int last, struct level *next)
{
    bool switched = level->moves[level->chosen].thread != last;
    next->switches = level->switches + switched;
    next->preemptions =
        level->preemptions + (switched && engine_can_continue(last));
}

/* Run once, by the levels that are known, then by the first choice of each.
   Returns how many levels there were. */
static int
run(const struct scenario *scenario, int bound)
{
    int depth = 0;
    int last = 0;
    engine_begin(scenario->main, scenario->spurious);
    for (;; depth++) {
        struct level *level = &levels[depth];
        if (depth >= known &&
            open_level(level, depth == 0 ? NULL : level - 1, bound) == 0)
            return depth;
        if (engine_verdict() != NULL)
            return depth;
        struct move move = level->moves[level->chosen];
        if (depth < STEPS_MAX)
            count_cost(level, last, level + 1);
        engine_step(move);
        last = move.thread;
    }
}

/* Go on to the next choices.  Returns false if there are none. */
static bool
advance(int depth)
{
    while (depth > 0 && levels[depth - 1].chosen + 1 >= levels[depth - 1].count)
        depth--;
    known = depth;
    if (depth > 0)
        levels[depth - 1].chosen++;
    return depth > 0;
}

/* Keep this run if it is the shortest wrong one so far.  The fewer switches,
   the easier it is to follow. */
static void
keep_shortest(struct schedule *shortest, int depth)
{
    int switches = levels[depth].switches;
    if (shortest->verdict[0] != '\0' &&
        (switches > shortest->switches ||
         (switches == shortest->switches && depth >= shortest->length)))
        return;
    shortest->length = depth;
    shortest->switches = switches;
    for (int i = 0; i < depth; i++)
        shortest->moves[i] = levels[i].moves[levels[i].chosen];
    strcpy(shortest->verdict, engine_verdict());
}

void
explore(const struct scenario *scenario, int bound, long limit,
        struct outcome *outcome)
{
    *outcome = (struct outcome){0};
    levels[0] = (struct level){0};
    known = 0;
    int depth;
    do {
        if (outcome->schedules == limit) {
            outcome->stopped = true;
            return;
        }
        depth = run(scenario, bound);
        outcome->schedules++;
        if (engine_verdict() != NULL) {
            outcome->wrong++;
            keep_shortest(&outcome->shortest, depth);
        }
    } while (advance(depth));
}
