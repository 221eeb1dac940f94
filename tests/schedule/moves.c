/* moves.c: what can happen next, and what is wrong if nothing can. */

#include <stdio.h>

#include "engine.h"
#include "sync.h"

static bool
can_move(const struct thread *thread)
{
    return !thread->ended &&
           (thread->wish.can == NULL || thread->wish.can(thread));
}

bool
engine_is_idle_wake(const struct thread *thread)
{
    return thread->asleep && !thread->woken &&
           (!thread->cancelled || thread->shielded);
}

bool
engine_can_continue(int number)
{
    const struct thread *thread = engine_thread(number);
    return can_move(thread) && !engine_is_idle_wake(thread);
}

/* ---- The end ---- */

/* The thread waits for a mutex. */
static void
describe_holder(const struct thread *thread, char *text, size_t size)
{
    const struct object *mutex = thread->wish.mutex;
    const struct thread *holder = engine_thread(mutex->holder);
    snprintf(text, size, "waits for %s, which %s %s", mutex->name,
             holder == thread ? "it" : holder->name,
             holder->ended ? "took to its grave" : "holds");
}

void
engine_describe(const struct thread *thread, char *text, size_t size)
{
    const struct wish *wish = &thread->wish;
    bool sleeps = engine_is_idle_wake(thread);
    if (thread->ended)
        snprintf(text, size, "has ended");
    else if (can_move(thread) && !sleeps)
        snprintf(text, size, "can go on");
    else if (!sleeps && wish->mutex != NULL)
        describe_holder(thread, text, size);
    else if (wish->object != NULL)
        snprintf(text, size, "%s %s", wish->held_up, wish->object->name);
    else
        snprintf(text, size, "%s", wish->held_up);
}

/* How much a thread that has not ended says about what is wrong. */
static int
weight(const struct thread *thread)
{
    if (thread->ended)
        return 0;
    if (engine_is_idle_wake(thread))
        return 3;
    return thread->number > 0 || thread->wish.mutex != NULL ? 2 : 1;
}

/* Nobody can go on.  If somebody has not ended, that is wrong. */
static void
judge_end(void)
{
    char state[VERDICT_SIZE / 2];
    const struct thread *stuck = engine_thread(0);
    for (int i = 1; i < engine_thread_count(); i++)
        if (weight(engine_thread(i)) > weight(stuck))
            stuck = engine_thread(i);
    if (stuck->ended)
        return;
    engine_describe(stuck, state, sizeof state);
    engine_judge("%s is stuck: it %s", stuck->name, state);
}

/* Tell whether somebody can go on.  To wake up for no reason does not count:
   nobody can rely on that. */
static bool
is_alive(void)
{
    for (int i = 0; i < engine_thread_count(); i++)
        if (engine_can_continue(i))
            return true;
    return false;
}

/* ---- The moves ---- */

/* Add the moves of one thread to the list. */
static int
add_moves(struct move moves[MOVES_MAX], int count, int number)
{
    const struct thread *thread = engine_thread(number);
    if (!can_move(thread))
        return count;
    int choices = thread->wish.choices ? thread->wish.choices(thread) : 1;
    for (int i = 0; i < choices && count < MOVES_MAX; i++)
        moves[count++] = (struct move){number, i};
    return count;
}

int
engine_moves(struct move moves[MOVES_MAX])
{
    int last = engine_last();
    if (engine_verdict() == NULL && !is_alive())
        judge_end();
    if (engine_verdict() != NULL)
        return 0;
    int count = add_moves(moves, 0, last);
    for (int i = 0; i < engine_thread_count(); i++)
        if (i != last)
            count = add_moves(moves, count, i);
    return count;
}
