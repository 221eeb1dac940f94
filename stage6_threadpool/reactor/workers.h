#ifndef WORKERS_H
#define WORKERS_H

#include <pthread.h>
#include <stdbool.h>

#include "queue.h"

/* Threads that do for an event loop what could make it wait.  A job is a
   descriptor: the loop submits it, a thread works on it, and the loop collects
   it again.  Between the two it is the thread's alone. */
struct workers {
    struct queue jobs; /* to be worked on */
    struct queue done; /* to be collected */
    int event_fd;      /* readable when something is done */
    void (*work)(void *context, int fd);
    void *context;
    pthread_t *threads;
    int count;
};

/* Start so many threads that call work(context, fd) for each job; there are
   never more than jobs_max of them at a time.  Returns 0, -1 with errno. */
int workers_start(struct workers *workers, int count, int jobs_max,
                  void (*work)(void *context, int fd), void *context);

/* Have a thread work on fd. */
void workers_submit(struct workers *workers, int fd);

/* Say that event_fd has been seen to be readable: until something else is done
   it is no longer.  To be called before workers_collect. */
void workers_acknowledge(struct workers *workers);

/* Take a job that is done.  Returns false if there is none. */
bool workers_collect(struct workers *workers, int *fd);

/* End the threads, when all jobs have been collected, and free what was
   needed. */
void workers_stop(struct workers *workers);

#endif
