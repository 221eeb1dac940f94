#ifndef PROACTOR_OPTIONS_H
#define PROACTOR_OPTIONS_H

#include "options.h"

/* Read the command line; the queue is not used.  Ends the program after --help
   and wrong usage. */
void proactor_options_parse(struct options *options, int argc, char **argv);

#endif
