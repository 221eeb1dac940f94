#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>

#include "connection.h"
#include "timer.h"

/* Connections in the order of their last sign of life.  One timer is enough for
   all, and a client that is busy costs it nothing. */
struct patience {
    TAILQ_HEAD(, connection) connections;
    double limit; /* seconds; INFINITY: without end */
    struct timer timer;
};

/* All clients. */
struct clients {
    struct ring *ring;
    struct connection *connections; /* by the number of their descriptor */
    struct patience silent;
    struct patience finishing; /* CONNECTION_FINISHING */
    int count;
    long served;
    long cut;
    bool ending;
    bool cutting;
};

/* Make an empty set. timeout is in seconds, INFINITY for never.  Returns 0, -1
   with errno. */
int clients_open(struct clients *clients, struct ring *ring, double timeout);

/* Take up a client.  client_fd is the set's from now on. */
void clients_add(struct clients *clients, int client_fd);

/* Give up a client for whom there is no room, and count it as cut. */
void clients_refuse(struct clients *clients, int client_fd);

/* Begin to end: the request under way is a client's last one, and who is
   between two requests goes now.  Who has had no answer may still have one. */
void clients_finish(struct clients *clients);

/* Cut all clients, and whoever is still added.  They go when their operations,
   which are cancelled, are done. */
void clients_cut(struct clients *clients);

/* Free what is left when there are no more clients. */
void clients_close(struct clients *clients);

#endif
