#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>

struct program;

enum { REPLY_BUFFER_SIZE = 65536 };

/* The reply on its way from the program to the client: first a header, which
   has to be translated as a whole, then bytes.  Nothing here waits. */
struct reply {
    int client_fd;
    struct program *program;
    bool wants_body; /* else only its head is sent */
    bool begun;      /* the header has been translated */
    int status;      /* that of HTTP, when it has begun */
    size_t line;     /* see header_end */
    size_t start;
    size_t end; /* from start to here: read, and not yet sent */
    char bytes[REPLY_BUFFER_SIZE];
};

void reply_begin(struct reply *reply, int client_fd, struct program *program,
                 bool wants_body);

/* Are we waiting for the program to write?  For the client to take bytes? */
bool reply_wants_program(const struct reply *reply);
bool reply_wants_client(const struct reply *reply);

/* Has all been sent that the program has written? */
bool reply_is_sent(const struct reply *reply);

/* Read what is there.  Returns 0, or the HTTP status if this is not the header
   of a reply. */
int reply_read(struct reply *reply);

/* Send what the client takes.  Returns 0, or -1: it is gone. */
int reply_send(struct reply *reply);

#endif
