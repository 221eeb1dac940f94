#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include "crowd.h"

struct load_options {
    struct plan plan; /* of all processes together */
    int processes;
};

/* Read the command line.  Ends the program after --help, or with status 2. */
void load_options_parse(struct load_options *options, int argc, char **argv);

#endif
