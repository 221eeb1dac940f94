#ifndef POOL_H
#define POOL_H

#include <stdbool.h>

#include "retry_timer.h"

struct options;
struct worker;

/* A pool of workers started beforehand, each of which serves one client at a
   time.  pool.c knows what a worker is; its users need not. */
struct pool {
    int epoll_fd;
    struct retry_timer retry; /* when what has failed is to be tried again */
    int size;
    struct worker *workers; /* a table of size entries */
};

/* Start the workers that the options ask for.  Whatever the pool waits for is
   put into the caller's epoll set, with its fd as data.  Returns 0, -1 with
   errno. */
int pool_start(struct pool *pool, const struct options *options, int epoll_fd);

/* Tell whether a worker is free to take a client. */
bool pool_has_room(const struct pool *pool);

/* Have a worker serve the client.  There must be room.  client_fd is the pool's
   from now on. */
void pool_submit(struct pool *pool, int client_fd);

/* React to ready_fd, which the epoll set reports as readable and which is none
   of the caller's own.  Afterwards there may be more room, or less. */
void pool_on_ready(struct pool *pool, int ready_fd);

#endif
