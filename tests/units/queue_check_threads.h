#ifndef QUEUE_CHECK_THREADS_H
#define QUEUE_CHECK_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "queue.h"

enum { SIZE = 5 }; /* of the queue */

extern struct queue queue; /* the one that is tried */

void open_queue(void);

void start(pthread_t *thread, void *(*run)(void *), void *argument);

/* Join a thread; tell whether it was cancelled. */
bool join(pthread_t thread);

/* A thread that pops once. */
struct popper {
    pthread_t thread;
    atomic_int id; /* 0: not running yet */
    atomic_bool returned;
    bool found;
    int fd;
};

void start_popper(struct popper *popper);

/* Wait until the popper waits for something to pop. */
void await_sleep(struct popper *popper);

/* End the check as failed if somebody holds the queue's mutex. */
void need_free_mutex(const char *when);

#endif
