/* queue_check_threads.c: threads that use the queue. */

#include "queue_check_threads.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct queue queue;

void
open_queue(void)
{
    if (queue_init(&queue, SIZE) == -1)
        err(1, "queue_init");
}

void
start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    errno = pthread_create(thread, NULL, run, argument);
    if (errno != 0)
        err(1, "pthread_create");
}

static void *
pop_once(void *argument)
{
    struct popper *popper = argument;
    bool was_full;
    popper->id = gettid();
    popper->found = queue_pop(&queue, &popper->fd, &was_full);
    popper->returned = true;
    return NULL;
}

void
start_popper(struct popper *popper)
{
    popper->id = 0;
    popper->returned = false;
    start(&popper->thread, pop_once, popper);
}

/* Tell whether a thread sleeps (proc(5)). */
static bool
is_asleep(int id)
{
    char path[64];
    char stat[512] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", id);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    char *line = fgets(stat, sizeof stat, file);
    fclose(file);
    const char *after_name = line == NULL ? NULL : strrchr(stat, ')');
    return after_name != NULL && after_name[2] == 'S';
}

void
await_sleep(struct popper *popper)
{
    while (popper->id == 0 || !is_asleep(popper->id))
        poll(NULL, 0, 1);
}

bool
join(pthread_t thread)
{
    void *result;
    errno = pthread_join(thread, &result);
    if (errno != 0)
        err(1, "pthread_join");
    return result == PTHREAD_CANCELED;
}

void
need_free_mutex(const char *when)
{
    errno = pthread_mutex_trylock(&queue.mutex);
    if (errno != 0)
        err(1, "the mutex of the queue after %s", when);
    pthread_mutex_unlock(&queue.mutex);
}
