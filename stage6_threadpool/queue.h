#ifndef QUEUE_H
#define QUEUE_H

#include <pthread.h>
#include <stdbool.h>

/* A queue of descriptors between threads, with room for size of them. */
struct queue {
    pthread_mutex_t mutex;
    /* What follows is read and changed with the mutex held. */
    pthread_cond_t changed; /* something came, or the queue was closed */
    int *fds;               /* a ring of size entries */
    int size;
    int first; /* the one to leave next */
    int count;
    bool closed;
};

/* Make an empty queue.  Returns 0, -1 with errno. */
int queue_init(struct queue *queue, int size);

/* Free an empty queue that nobody uses any more. */
void queue_release(struct queue *queue);

bool queue_is_full(struct queue *queue);

/* Add a descriptor.  Returns false if the queue is full. */
bool queue_push(struct queue *queue, int fd);

/* Wait for a descriptor and take it; *was_full tells whether nothing could be
   added until now.  Returns false if there is none and none will come, because
   the queue is closed.  A cancellation point (pthreads(7)): a thread that is
   cancelled here takes nothing, and leaves the queue to the others. */
bool queue_pop(struct queue *queue, int *fd, bool *was_full);

/* Say that no more will come: whoever waits for more is woken. */
void queue_close(struct queue *queue);

/* Take what is left without waiting.  Returns false if there is nothing. */
bool queue_drain(struct queue *queue, int *fd);

#endif
