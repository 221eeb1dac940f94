#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>
#include <sys/queue.h>

#include "connection.h"
#include "workers.h"

/* Connections in the order in which they will have been waited for too long. */
TAILQ_HEAD(waiting, connection);

/* All clients of an event loop.  Each is in one place at a time: with the epoll
   set, which is asked for one event of it, or with the threads.  So neither
   needs to know what the other does to it. */
struct clients {
    int epoll_fd;
    struct connection *connections; /* by the number of their descriptor */
    double timeout;                 /* seconds, INFINITY: never */
    int count;
    int max;
    struct waiting silent;    /* READING or WRITING */
    struct waiting finishing; /* FINISHING */
    struct workers workers;
    long served;
    long cut;
    bool cutting; /* what comes back from a thread is cut */
    bool ending;  /* the answer that a client has had was its last */
};

/* Make an empty set of at most max clients.  The threads that work for them are
   started, their event_fd is put into the epoll set.  Returns 0, -1 with
   errno. */
int clients_start(struct clients *clients, int epoll_fd, double timeout,
                  int threads, int max);

/* Take up a client, or cut it if the set is full.  client_fd is the set's from
   now on. */
void clients_add(struct clients *clients, int client_fd);

/* React to ready_fd, which the epoll set reports and which is none of the
   caller's own. */
void clients_on_ready(struct clients *clients, int ready_fd);

/* Let those go who have been silent for too long.  Returns the seconds until
   the next one may have been, INFINITY if there is none. */
double clients_sweep(struct clients *clients);

/* Begin to end: the request under way is a client's last one, and who is
   between two requests goes now.  Who has not had an answer may still have
   one. */
void clients_finish(struct clients *clients);

/* Cut all clients.  One that a thread is working for is cut when the thread
   gives it back. */
void clients_cut(struct clients *clients);

/* Free what is left when there are no more clients. */
void clients_stop(struct clients *clients);

#endif
