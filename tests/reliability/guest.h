#ifndef GUEST_H
#define GUEST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "../bench/reply.h"
#include "files.h"

/* One client of a swarm.  An honest one makes a few requests on a connection
   and compares every byte of the replies; a rude one does what none should. */

/* What all guests have in common. */
struct house {
    struct sockaddr_in server;
    enum protocol protocol;
    struct files files; /* what honest ones ask for, unless it is lines */
    int epoll_fd;
    uint32_t dialled; /* for dial */
    uint64_t bytes;   /* that came in replies */
    int error;        /* errno of the last OUTCOME_OTHER */
};

struct manner;

struct guest {
    uint32_t number;             /* the epoll set reports it */
    int fd;                      /* -1: not connected */
    const struct manner *manner; /* NULL: an honest one */
    int requests;                /* to be made on this connection, with this */
    size_t sent;                 /* how much of the request */
    bool answered;               /* some of the reply has come */
    struct request request;
    struct reply reply;
};

void guest_init(struct guest *guest, uint32_t number);
void guest_close(struct guest *guest);

/* Connect; the epoll set reports, once, what becomes possible.  Returns how it
   goes on: OUTCOME_MORE if well. */
enum outcome guest_come(struct guest *guest, struct house *house);

/* Go on as far as that is possible without waiting.  Returns OUTCOME_DONE after
   each reply: then guest_ask is next, or guest_close. */
enum outcome guest_go_on(struct guest *guest, struct house *house);
void guest_ask(struct guest *guest, const struct house *house);

/* The end came in good order, as if the reply were whole, but it is not. */
bool guest_was_deceived(const struct guest *guest, enum outcome outcome);

/* A rude one: choose a manner and connect.  Sets *stay_ms to how long it stays
   if the server lets it.  guest_be_rude goes on, and returns OUTCOME_MORE as
   long as there is something to do. */
enum outcome guest_come_rudely(struct guest *guest, struct house *house,
                               int *stay_ms);
enum outcome guest_be_rude(struct guest *guest, struct house *house);
void guest_leave_rudely(struct guest *guest);

/* A number from 0 to limit - 1. */
int random_below(int limit);

#endif
