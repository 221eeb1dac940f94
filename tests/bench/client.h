#ifndef CLIENT_H
#define CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "reply.h"

/* One client: a connection, and at most one request at a time. */

enum { CLIENT_BLOCK = 64 * 1024 };

/* What all clients have in common. */
struct scene {
    struct sockaddr_in server;
    struct request request;
    bool keep; /* all requests of a client on one connection */
    int epoll_fd;
    uint32_t dialled; /* for dial */
    uint64_t bytes;   /* that came */
    int error;        /* errno of the last OUTCOME_OTHER */
    char block[CLIENT_BLOCK];
};

struct client {
    uint32_t number;  /* the epoll set reports it */
    int fd;           /* -1: not connected */
    uint32_t watched; /* the events that the epoll set reports, 0: none */
    size_t sent;      /* how much of the request */
    struct reply reply;
};

void client_init(struct client *client, uint32_t number);
void client_close(struct client *client);

/* Begin a request, connecting first if need be; and go on with it when the
   epoll set has reported the client.  Returns OUTCOME_MORE as long as it goes
   on. */
enum outcome client_begin(struct client *client, struct scene *scene);
enum outcome client_go_on(struct client *client, struct scene *scene);

/* What errno means for a request. */
enum outcome client_failure(struct scene *scene);

#endif
