#ifndef OPTIONS_H
#define OPTIONS_H

#include <sys/time.h>

#include "pool_exit.h"

/* What the server's command line asks for. */
struct options {
    const char *address;
    const char *port;
    struct timeval timeout; /* 0: never */
    int workers;
    const char *directory; /* whose files are served */
    enum pool_exit exit;
    struct timeval drain_timeout; /* 0: never */
};

/* Read the command line.  Ends the program after --help and wrong usage. */
void options_parse(struct options *options, int argc, char **argv);

#endif
