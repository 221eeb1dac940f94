#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <sys/queue.h>

#include "net.h"
#include "ring.h"

/* The service of service.c for one client of many.  The rule that holds it
   together: from begin to end, a connection has exactly one operation under way
   (or one chain of them).  So it is always known what comes next, and when its
   memory is free. */

enum connection_state {
    CONNECTION_OVER,      /* or not begun; the only one with no operation */
    CONNECTION_RECEIVING, /* a request, or the rest of one */
    CONNECTION_OPENING,   /* the file */
    CONNECTION_REPLYING,
    CONNECTION_FINISHING, /* all is said; waits for the client to close */
};

struct exchange;

struct connection {
    struct ring *ring;
    int fd;
    enum connection_state state;
    struct operation operation;
    struct exchange *exchange; /* NULL: the client has nothing to say */
    bool answered;             /* a request of it, at least */
    bool ending;               /* after the answer under way */
    char name[NET_NAME_SIZE];
    /* For the caller, who keeps his connections in the order of these times: */
    void *owner;
    double since; /* clock_now() of the last sign of life */
    TAILQ_ENTRY(connection) entry;
    int unacknowledged; /* bytes sent, when that was last looked at */
    bool leaving;       /* it is to end, and its operation has been cancelled */
    bool cut;
};

/* Begin with a client, whose socket does not block and is the connection's from
   now on.  Each time that an operation is done, on_done is called with the
   connection as its context. */
void connection_begin(struct connection *connection, struct ring *ring,
                      int client_fd,
                      void (*on_done)(void *context, int result,
                                      unsigned flags));

/* The operation is done: go on with the next one. */
void connection_on_done(struct connection *connection, int result,
                        unsigned flags);

/* The operation is done, or was cancelled, and nothing is to follow: give back
   what it has brought. */
void connection_abandon(struct connection *connection, int result,
                        unsigned flags);

/* Return the operation that waits for the client, NULL if none does: then what
   is under way is done soon. */
const struct operation *connection_waiting(const struct connection *connection);

/* Is the client in the middle of a request? */
bool connection_is_midway(const struct connection *connection);

/* Have the conversation end with the answer under way; between two requests it
   ends now.  A client that has had no answer may still have one. */
void connection_finish(struct connection *connection);

/* Give back what the connection needed; nothing may be under way. */
void connection_end(struct connection *connection);

#endif
