/* sync.c: what threads wait for: mutexes, condition variables, semaphores. */

#include <err.h>
#include <errno.h>
#include <stdio.h>

#include "calls.h"
#include "engine.h"
#include "sync.h"

enum { OBJECTS_MAX = 32, NOBODY = -1 };

static struct object objects[OBJECTS_MAX];
static int count;

void
sync_reset(void)
{
    count = 0;
}

/* The object at the address; one that is not known yet is new: mutexes and the
   like can be made without a call, by an initialiser. */
static struct object *
find(const void *address, const char *name)
{
    for (int i = 0; i < count; i++)
        if (objects[i].address == address)
            return &objects[i];
    if (count == OBJECTS_MAX)
        errx(2, "more than %d mutexes, conditions, semaphores", OBJECTS_MAX);
    objects[count] = (struct object){
        .address = address,
        .name = name[0] == '&' ? name + 1 : name,
        .holder = NOBODY,
    };
    return &objects[count++];
}

const struct object *
sync_held_by(int number)
{
    for (int i = 0; i < count; i++)
        if (objects[i].holder == number)
            return &objects[i];
    return NULL;
}

int
sync_init(const void *address, const char *name, unsigned value)
{
    struct object *object = find(address, name);
    object->holder = NOBODY;
    object->value = value;
    return 0;
}

int
sync_destroy(const void *address, const char *name)
{
    const struct object *object = find(address, name);
    for (int i = 0; i < engine_thread_count(); i++) {
        const struct thread *thread = engine_thread(i);
        if (!thread->ended && thread->number != engine_self()->number &&
            (thread->wish.object == object || thread->wish.mutex == object))
            engine_wrong("%s destroys %s, which %s still uses",
                         engine_self()->name, object->name, thread->name);
    }
    if (object->holder != NOBODY)
        engine_wrong("%s destroys %s, which is locked", engine_self()->name,
                     object->name);
    return 0;
}

/* ---- Mutexes ---- */

static bool
is_free(const struct thread *thread)
{
    return thread->wish.mutex->holder == NOBODY;
}

int
sync_lock(const void *address, const char *name, struct place place)
{
    struct object *mutex = find(address, name);
    engine_pause((struct wish){.held_up = "waits for",
                               .object = mutex,
                               .mutex = mutex,
                               .can = is_free,
                               .place = place});
    mutex->holder = engine_self()->number;
    engine_mark(place);
    return 0;
}

int
sync_trylock(const void *address, const char *name, struct place place)
{
    struct object *mutex = find(address, name);
    engine_pause((struct wish){.object = mutex, .place = place});
    bool is_ours = mutex->holder == NOBODY;
    if (is_ours)
        mutex->holder = engine_self()->number;
    engine_tell(place, is_ours ? "locks it" : "it is locked");
    return is_ours ? 0 : EBUSY;
}

int
sync_unlock(const void *address, const char *name, struct place place)
{
    struct object *mutex = find(address, name);
    const struct thread *self = engine_self();
    engine_pause((struct wish){.object = mutex, .place = place});
    engine_mark(place);
    if (mutex->holder != self->number)
        engine_wrong("%s unlocks %s, which it does not hold", self->name,
                     mutex->name);
    mutex->holder = NOBODY;
    return 0;
}

/* ---- Condition variables ---- */

/* A sleeper that was woken, is cancelled, or wakes up for no reason, goes on
   when it can have the mutex again. */
static bool
can_wake(const struct thread *thread)
{
    return is_free(thread) &&
           (!engine_is_idle_wake(thread) || engine_spurious_left > 0);
}

/* Sleep, the mutex unlocked, and lock it again. */
static void
sleep_at(struct object *condition, struct object *mutex, struct place place)
{
    struct thread *self = engine_self();
    self->asleep = true;
    self->woken = false;
    mutex->holder = NOBODY;
    engine_tell(place, "unlocks %s and sleeps", mutex->name);
    engine_pause((struct wish){.held_up = "sleeps at",
                               .object = condition,
                               .mutex = mutex,
                               .can = can_wake,
                               .place = place});
    bool idle = engine_is_idle_wake(self);
    self->asleep = false;
    mutex->holder = self->number;
    if (idle)
        engine_spurious_left--;
    engine_tell(place, "wakes up%s and locks %s again",
                idle ? " for no reason" : "", mutex->name);
}

int
sync_wait(const void *address, const char *name, const void *mutex_address,
          const char *mutex_name, struct place place)
{
    struct object *condition = find(address, name);
    struct object *mutex = find(mutex_address, mutex_name);
    struct thread *self = engine_self();
    engine_pause((struct wish){.object = condition, .place = place});
    if (mutex->holder != self->number)
        engine_wrong("%s waits at %s without holding %s", self->name,
                     condition->name, mutex->name);
    calls_end_if_cancelled(place);
    sleep_at(condition, mutex, place);
    if (!self->woken)
        calls_end_if_cancelled(place);
    return 0;
}

bool
sync_can_be_woken(const struct thread *thread, const struct object *condition)
{
    return !thread->ended && engine_is_idle_wake(thread) &&
           thread->wish.object == condition;
}

static int
count_sleepers(const struct thread *thread)
{
    int sleepers = 0;
    for (int i = 0; i < engine_thread_count(); i++)
        sleepers += sync_can_be_woken(engine_thread(i), thread->wish.object);
    return sleepers == 0 ? 1 : sleepers;
}

int
sync_signal(const void *address, const char *name, struct place place)
{
    struct object *condition = find(address, name);
    int choice = engine_pause((struct wish){
        .object = condition, .place = place, .choices = count_sleepers});
    for (int i = 0; i < engine_thread_count(); i++) {
        struct thread *thread = engine_find_thread(i);
        if (!sync_can_be_woken(thread, condition) || choice-- > 0)
            continue;
        thread->woken = true;
        engine_tell(place, "wakes %s", thread->name);
        return 0;
    }
    engine_tell(place, "nobody sleeps: no effect");
    return 0;
}

int
sync_broadcast(const void *address, const char *name, struct place place)
{
    struct object *condition = find(address, name);
    engine_pause((struct wish){.object = condition, .place = place});
    int woken = 0;
    for (int i = 0; i < engine_thread_count(); i++) {
        struct thread *thread = engine_find_thread(i);
        if (sync_can_be_woken(thread, condition)) {
            thread->woken = true;
            woken++;
        }
    }
    if (woken > 0)
        engine_tell(place, "wakes all who sleep: %d", woken);
    else
        engine_tell(place, "nobody sleeps: no effect");
    return 0;
}

/* ---- Semaphores ---- */

static bool
can_take(const struct thread *thread)
{
    return thread->wish.object->value > 0 || calls_is_cancelled(thread);
}

int
sync_sem_wait(const void *address, const char *name, struct place place)
{
    struct object *semaphore = find(address, name);
    engine_pause((struct wish){.held_up = "waits at",
                               .object = semaphore,
                               .can = can_take,
                               .place = place});
    calls_end_if_cancelled(place);
    semaphore->value--;
    engine_tell(place, "%u are left", semaphore->value);
    return 0;
}

int
sync_sem_trywait(const void *address, const char *name, struct place place)
{
    struct object *semaphore = find(address, name);
    engine_pause((struct wish){.object = semaphore, .place = place});
    engine_tell(place, semaphore->value > 0 ? "takes one" : "there is none");
    errno = EAGAIN;
    return semaphore->value > 0 ? (semaphore->value--, 0) : -1;
}

int
sync_sem_post(const void *address, const char *name, struct place place)
{
    struct object *semaphore = find(address, name);
    engine_pause((struct wish){.object = semaphore, .place = place});
    semaphore->value++;
    engine_tell(place, "there are %u now", semaphore->value);
    return 0;
}

int
sync_sem_value(const void *address, const char *name, int *value)
{
    *value = (int)find(address, name)->value;
    return 0;
}
