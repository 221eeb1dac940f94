#ifndef SYNC_H
#define SYNC_H

#include <stddef.h>

#include "engine.h"

/* Mutexes, condition variables and semaphores of the threads of a run.  Each is
   known by its address, and is called what the source calls it.  The functions
   stand for those of pthreads(7) and sem_overview(7), see shim.h. */

struct object {
    const void *address;
    const char *name; /* as the source that used it first writes it */
    int holder;       /* of a mutex: the thread, -1 if nobody */
    unsigned value;   /* of a semaphore */
};

/* Forget all of them. */
void sync_reset(void);

/* A mutex that the thread holds, or NULL. */
const struct object *sync_held_by(int number);

/* Tell whether a signal can wake the thread.  Who is cancelled is awake
   already, and takes no signal from others. */
bool sync_can_be_woken(const struct thread *thread,
                       const struct object *condition);

int sync_init(const void *address, const char *name, unsigned value);
int sync_destroy(const void *address, const char *name);
int sync_lock(const void *address, const char *name, struct place place);
int sync_trylock(const void *address, const char *name, struct place place);
int sync_unlock(const void *address, const char *name, struct place place);
int sync_wait(const void *address, const char *name, const void *mutex,
              const char *mutex_name, struct place place);
int sync_signal(const void *address, const char *name, struct place place);
int sync_broadcast(const void *address, const char *name, struct place place);
int sync_sem_wait(const void *address, const char *name, struct place place);
int sync_sem_trywait(const void *address, const char *name, struct place place);
int sync_sem_post(const void *address, const char *name, struct place place);
int sync_sem_value(const void *address, const char *name, int *value);

#endif
