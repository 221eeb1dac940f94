/* queue.c: a queue between threads.
   A mutex of the default kind cannot fail to be made, to be locked by a thread
   that does not hold it, nor to be unlocked by the one that does
   (pthread_mutex_init(3)): these calls are not checked. */

#include <stdlib.h>

#include "queue.h"

int
queue_init(struct queue *queue, int size)
{
    *queue = (struct queue){
        .fds = malloc(size * sizeof *queue->fds),
        .size = size,
    };
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
    return queue->fds == NULL ? -1 : 0;
}

void
queue_release(struct queue *queue)
{
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->fds);
}

bool
queue_is_full(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool full = queue->count == queue->size;
    pthread_mutex_unlock(&queue->mutex);
    return full;
}

bool
queue_push(struct queue *queue, int fd)
{
    pthread_mutex_lock(&queue->mutex);
    bool fits = queue->count < queue->size;
    if (fits) {
        int last = (queue->first + queue->count) % queue->size;
        queue->fds[last] = fd;
        queue->count++;
        pthread_cond_signal(&queue->changed);
    }
    pthread_mutex_unlock(&queue->mutex);
    return fits;
}

/* Take the first descriptor.  The mutex is held, the queue is not empty. */
static int
take(struct queue *queue)
{
    int fd = queue->fds[queue->first];
    queue->first = (queue->first + 1) % queue->size;
    queue->count--;
    return fd;
}

/* A thread cancelled in pthread_cond_wait has locked the mutex again by then,
   and would take it along to its grave. */
static void
unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

bool
queue_pop(struct queue *queue, int *fd, bool *was_full)
{
    bool found;
    pthread_mutex_lock(&queue->mutex);
    pthread_cleanup_push(unlock, &queue->mutex);
    /* A loop: another thread may have been quicker, and a wait may end for no
       reason (pthread_cond_wait(3)). */
    while (queue->count == 0 && !queue->closed)
        pthread_cond_wait(&queue->changed, &queue->mutex);
    found = queue->count > 0;
    *was_full = queue->count == queue->size;
    if (found)
        *fd = take(queue);
    pthread_cleanup_pop(1);
    return found;
}

void
queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
}

bool
queue_drain(struct queue *queue, int *fd)
{
    pthread_mutex_lock(&queue->mutex);
    bool found = queue->count > 0;
    if (found)
        *fd = take(queue);
    pthread_mutex_unlock(&queue->mutex);
    return found;
}
