#ifndef CROWD_H
#define CROWD_H

#include "client.h"
#include "histogram.h"

/* Many clients in one thread. */

struct plan {
    struct sockaddr_in server;
    struct request request;
    int clients;    /* how many requests are under way at the same time */
    int silent;     /* how many more are connected and say nothing */
    bool keep;      /* all requests of a client on one connection */
    double rate;    /* how many requests are due in a second; 0: a client asks
                    again as soon as it has its answer */
    double seconds; /* for how long requests are begun; 0: see requests */
    uint64_t requests; /* how many are made; 0: see seconds */
    double timeout;    /* after so many seconds a request has failed */
};

struct tally {
    uint64_t outcomes[OUTCOMES];
    uint64_t bytes;           /* that came */
    struct histogram latency; /* of the requests that went well, in ns */
    int64_t started_ns;       /* by the monotonic clock */
    int64_t ended_ns;         /* when the last request ended */
    int error;                /* errno of the last OUTCOME_OTHER */
};

/* Carry out the plan.  Latency counts from when a request was due, even if no
   client was free then.  Clients that keep their connections make a request
   each before the time begins.  Too many failures end it all early.  Returns 0,
   or -1 with errno if it cannot begin. */
int crowd_run(const struct plan *plan, struct tally *tally);

#endif
