#ifndef CONNECTION_H
#define CONNECTION_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "net.h"
#include "reply.h"

/* The service of service.c for one client of many: no call waits for the
   client, and the connection remembers where it was. */

enum connection_state {
    CONNECTION_OVER,      /* or not begun */
    CONNECTION_READING,   /* waits for a request, or the rest of one */
    CONNECTION_WORKING,   /* waits for a thread, or is with one */
    CONNECTION_WRITING,   /* waits until the client takes more */
    CONNECTION_FINISHING, /* all is said; waits for the client to close */
};

/* What the client has sent and has no answer to. */
enum request_kind {
    REQUEST_NONE,
    REQUEST_NAME,     /* of a file */
    REQUEST_TOO_LONG, /* to be the name of one */
    REQUEST_NO_TRAIN,
};

/* What a client says and is told. */
struct exchange {
    unsigned char inbox[TRAIN_HEADER + NAME_MAX];
    size_t count;   /* bytes in the inbox */
    size_t to_skip; /* bytes of a train that is not wanted, still to come */
    enum request_kind request;
    char asked[NAME_MAX + 1];
    size_t asked_length; /* the name may hold a zero byte */
    struct reply reply;
    bool last; /* no request is read after this reply */
};

struct connection {
    int fd; /* the caller's */
    char name[NET_NAME_SIZE];
    enum connection_state state;
    bool answered;             /* a request of it, at least */
    struct exchange *exchange; /* NULL: the client has nothing to say */
    /* For the caller, which keeps its connections in the order of these
       times: */
    double since;       /* clock_now() when it began to wait for the client */
    int unacknowledged; /* bytes sent, when that was last looked at */
    TAILQ_ENTRY(connection) entry;
};

/* Begin with a new client, whose socket does not block. */
void connection_begin(struct connection *connection, int client_fd);

/* Go on when the socket has become readable, or, in the state WRITING,
   writable.  Reads once at the most. */
void connection_on_ready(struct connection *connection);

/* Do the file work, in the state WORKING; this may wait for the disk.  Answers
   the request or goes on with the answer, as far as the client takes it now,
   and at the most for a train. */
void connection_work(struct connection *connection);

/* Tell whether the client is between two requests, or in the middle of one. */
bool connection_is_idle(const struct connection *connection);
bool connection_is_midway(const struct connection *connection);

/* End the conversation, unless an answer is under way. */
void connection_finish(struct connection *connection);

/* Give back what the connection needed: it is over. */
void connection_end(struct connection *connection);

#endif
