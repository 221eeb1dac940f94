/* workers.c: threads that work for an event loop.
   The loop waits for descriptors only, so an eventfd stands for the queue that
   it cannot wait for.  The order matters on both sides: a thread first puts the
   job into the queue and then wakes the loop; the loop first clears the eventfd
   and then empties the queue.  The other way round a job could lie there while
   the loop sleeps. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "event.h"
#include "workers.h"

/* What a thread does all its life. */
static void *
worker_main(void *argument)
{
    struct workers *workers = argument;
    int fd;
    bool was_full;
    while (queue_pop(&workers->jobs, &fd, &was_full)) {
        workers->work(workers->context, fd);
        queue_push(&workers->done, fd);
        event_set(workers->event_fd);
    }
    return NULL;
}

/* Start a thread.  Returns 0, -1 with errno. */
static int
start_thread(struct workers *workers)
{
    pthread_t *thread = &workers->threads[workers->count];
    errno = pthread_create(thread, NULL, worker_main, workers);
    if (errno != 0)
        return -1;
    workers->count++;
    char name[32]; /* 15 bytes at most are allowed (pthread_setname_np(3)) */
    snprintf(name, sizeof name, "worker-%d", workers->count);
    pthread_setname_np(*thread, name);
    return 0;
}

int
workers_start(struct workers *workers, int count, int jobs_max,
              void (*work)(void *context, int fd), void *context)
{
    *workers = (struct workers){.work = work, .context = context};
    workers->event_fd = event_open();
    workers->threads = calloc(count, sizeof *workers->threads);
    if (workers->event_fd == -1 || workers->threads == NULL ||
        queue_init(&workers->jobs, jobs_max) == -1 ||
        queue_init(&workers->done, jobs_max) == -1)
        return -1;
    /* Threads inherit a mask that leaves every signal to this one. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = 0;
    while (result == 0 && workers->count < count)
        result = start_thread(workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

void
workers_submit(struct workers *workers, int fd)
{
    queue_push(&workers->jobs, fd);
}

void
workers_acknowledge(struct workers *workers)
{
    event_clear(workers->event_fd);
}

bool
workers_collect(struct workers *workers, int *fd)
{
    return queue_drain(&workers->done, fd);
}

void
workers_stop(struct workers *workers)
{
    queue_close(&workers->jobs);
    for (int i = 0; i < workers->count; i++)
        pthread_join(workers->threads[i], NULL);
    queue_release(&workers->jobs);
    queue_release(&workers->done);
    close(workers->event_fd);
    free(workers->threads);
}
