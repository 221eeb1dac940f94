/* interpose.c: functions of libc that the sources reach in another way than by a
   call of that name: through a pointer, as pthread_cleanup_push may have it, or
   by a macro of libc's own.  The linker takes these here first. */

#include <pthread.h>
#include <stdio.h>

#include "engine.h"
#include "sync.h"

int
pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    return sync_unlock(mutex, "the mutex", (struct place){0});
}

void
__assert_fail(const char *condition, const char *file, unsigned line,
              const char *function)
{
    (void)function;
    engine_wrong("%s:%u: assertion %s failed", file, line, condition);
}
