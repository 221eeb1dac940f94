#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "header.h"
#include "target.h"

enum {
    HEAD_MAX = 65536,     /* bytes up to the body */
    FIELDS_MAX = 100,     /* header lines */
    BODY_MAX = 1 << 30,   /* bytes of the body */
    REQUEST_NO_BODY = -1, /* its length, if there is none */
    TITLE_SIZE = 256,
};

/* A request up to its body.  The texts lie in bytes, where it was read to. */
struct request {
    char title[TITLE_SIZE]; /* its first line, for the log */
    const char *method;     /* "" until it is known */
    const char *protocol;
    struct target target;
    struct field fields[FIELDS_MAX];
    int field_count;
    long body_length;
    bool wants_continue; /* the client waits for "100 Continue" */
    double silence;      /* seconds that it may be silent, INFINITY: for ever */
    size_t head_length;
    size_t length; /* more has been read: the body begins at head_length */
    char bytes[HEAD_MAX];
};

/* Read a request from the client, and more if it comes along.  For all of it
   the client has as long as it may be silent.  Returns 0, or the HTTP status to
   refuse it with; -1: the client is gone. */
int request_read(struct request *request, int client_fd);

/* Find the value of a header line, whatever the case of its name; NULL if there
   is none. */
const char *request_field(const struct request *request, const char *name);

/* Is the reply to have no body? */
bool request_is_head(const struct request *request);

#endif
