#ifndef SWARM_OPTIONS_H
#define SWARM_OPTIONS_H

#include <netinet/in.h>

#include "../bench/reply.h"

struct swarm_options {
    struct sockaddr_in server;
    enum protocol protocol;
    const char *directory; /* NULL: the protocol is lines */
    int clients;
    int rude;
    uint64_t connections; /* 0: see seconds */
    double seconds;       /* 0: until a signal comes */
    double patience;
    unsigned seed;
    bool every; /* a request without its reply is a failure */
};

/* Read the command line.  Ends the program after --help, or with status 2. */
void swarm_options_parse(struct swarm_options *options, int argc, char **argv);

#endif
