#ifndef POOL_H
#define POOL_H

#include <pthread.h>
#include <stdbool.h>

#include "pool_exit.h"
#include "queue.h"

struct options;
struct worker;

/* A pool of workers started beforehand, each of which serves one client at a
   time.  pool.c knows what a worker is; its users need not. */
struct pool {
    struct queue queue; /* clients for which no worker was free */
    int event_fd;       /* tells the event loop that something has changed */
    int stop_fd;        /* tells the workers that the pool is being stopped */
    enum pool_exit exit;
    int size;
    struct worker *workers; /* a table of size entries */
    pthread_mutex_t mutex;
    /* What follows is read and changed with the mutex held. */
    int running;  /* threads */
    long served;  /* clients */
    long cut;     /* clients who were not, or not to the end */
    bool cutting; /* no client is to be served any more */
};

/* Start the workers that the options ask for.  Whatever the pool waits for is
   put into the caller's epoll set, with its fd as data.  Returns 0, -1 with
   errno. */
int pool_start(struct pool *pool, const struct options *options, int epoll_fd);

/* Tell whether there is room for a client. */
bool pool_has_room(struct pool *pool);

/* Tell whether the pool, which is about to be stopped, can take one more
   client, who may have to wait for a worker. */
bool pool_can_queue(struct pool *pool);

/* Have a worker serve the client.  There must be room, or the pool can queue.
   client_fd is the pool's from now on. */
void pool_submit(struct pool *pool, int client_fd);

/* React to ready_fd, which the epoll set reports as readable and which is none
   of the caller's own.  Afterwards there may be more room, or less. */
void pool_on_ready(struct pool *pool, int ready_fd);

/* Close a client for which the pool has no room, and count it as cut. client_fd
   is the pool's from now on. */
void pool_refuse(struct pool *pool, int client_fd);

/* Begin to end the pool, in the way that the options ask for. */
void pool_stop(struct pool *pool);

/* End what is left of the pool at once. */
void pool_cut(struct pool *pool);

/* Tell whether a pool that was stopped has ended: all clients are served or
   cut, all workers are gone. */
bool pool_has_ended(struct pool *pool);

/* Say how many clients were served, and how many were not, or not to the
   end. */
void pool_count(struct pool *pool, long *served, long *cut);

/* Free what a pool that has ended still holds. */
void pool_release(struct pool *pool);

#endif
