#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include <stdbool.h>

#include "request.h"

enum { VARIABLES_MAX = 20 + FIELDS_MAX };

/* The environment of a program, for execve(2). */
struct environment {
    char *variables[VARIABLES_MAX + 1]; /* "NAME=value", then NULL */
    int count;
    bool failed; /* there was no memory for one of them */
};

/* Tell the program about the request (RFC 3875, 4.1), and nothing else: none of
   our own variables is passed on.  Returns 0, -1 with errno; to be released in
   both cases. */
int environment_build(struct environment *environment,
                      const struct request *request, int client_fd);

void environment_release(struct environment *environment);

#endif
