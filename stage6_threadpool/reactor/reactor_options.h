#ifndef REACTOR_OPTIONS_H
#define REACTOR_OPTIONS_H

#include <stdbool.h>

#include "options.h"

/* What the command line asks for: the options of the other server, but for the
   queue, and one more. */
struct reactor_options {
    struct options common;
    bool daemon; /* go into the background */
};

/* Read the command line.  Ends the program after --help and wrong usage. */
void reactor_options_parse(struct reactor_options *options, int argc,
                           char **argv);

#endif
