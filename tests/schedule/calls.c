/* calls.c: threads that create, join and cancel one another.
   A pthread_t is the number of the thread, plus one. */

#include <pthread.h>
#include <stdio.h>

#include "calls.h"
#include "engine.h"

bool
calls_is_cancelled(const struct thread *thread)
{
    return thread->cancelled && !thread->shielded;
}

/* Call the handlers, the last one first, and end (pthread_exit(3)). */
static _Noreturn void
leave(void *result)
{
    struct thread *self = engine_self();
    self->shielded = true;
    while (self->handlers != NULL) {
        struct cleanup *cleanup = self->handlers;
        self->handlers = cleanup->next;
        cleanup->routine(cleanup->argument);
    }
    engine_end(result);
}

void
calls_end_if_cancelled(struct place place)
{
    if (!calls_is_cancelled(engine_self()))
        return;
    engine_tell(place, "is cancelled here");
    leave(PTHREAD_CANCELED);
}

int
calls_create(unsigned long *thread, void *(*run)(void *), void *argument)
{
    *thread = (unsigned long)engine_create(run, argument) + 1;
    return 0;
}

int
calls_name(unsigned long thread, const char *name)
{
    struct thread *named = engine_find_thread((int)thread - 1);
    snprintf(named->name, sizeof named->name, "%s", name);
    return 0;
}

static bool
has_ended(const struct thread *thread)
{
    return engine_thread(thread->wish.partner)->ended;
}

int
calls_join(unsigned long thread, void **result, struct place place)
{
    const struct thread *partner = engine_find_thread((int)thread - 1);
    char wait[48]; /* lives as long as it waits */
    snprintf(wait, sizeof wait, "waits for the end of %s", partner->name);
    engine_pause((struct wish){.held_up = wait,
                               .partner = partner->number,
                               .can = has_ended,
                               .place = place});
    engine_tell(place, "%s has ended", partner->name);
    if (result != NULL)
        *result = partner->result;
    return 0;
}

int
calls_cancel(unsigned long thread, struct place place)
{
    struct thread *target = engine_find_thread((int)thread - 1);
    engine_pause((struct wish){.place = place});
    engine_tell(place, "cancels %s", target->name);
    target->cancelled = true;
    return 0;
}

int
calls_set_cancel_state(int state, int *before)
{
    struct thread *self = engine_self();
    if (before != NULL)
        *before =
            self->shielded ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    self->shielded = state == PTHREAD_CANCEL_DISABLE;
    return 0;
}

void
calls_test_cancel(struct place place)
{
    calls_end_if_cancelled(place);
}

unsigned long
calls_self(void)
{
    return (unsigned long)engine_self()->number + 1;
}

void
calls_exit(void *result)
{
    leave(result);
}

void
calls_push(struct cleanup *cleanup)
{
    struct thread *self = engine_self();
    cleanup->next = self->handlers;
    self->handlers = cleanup;
}

void
calls_pop(struct cleanup *cleanup, int execute)
{
    engine_self()->handlers = cleanup->next;
    if (execute)
        cleanup->routine(cleanup->argument);
}

void
calls_step(const char *text)
{
    engine_pause((struct wish){.held_up = text});
    engine_tell((struct place){0}, "%s", text);
}
