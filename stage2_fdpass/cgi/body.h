#ifndef BODY_H
#define BODY_H

#include <stdbool.h>
#include <stddef.h>

struct program;
struct request;

enum { BODY_BUFFER_SIZE = 65536 };

/* The body of a request on its way from the client to the program.  Nothing
   here waits. */
struct body {
    int client_fd;
    struct program *program;
    long left; /* bytes that are still to come */
    size_t start;
    size_t end; /* from start to here: received, and not yet written */
    char bytes[BODY_BUFFER_SIZE];
};

/* Begin with what has come along with the head of the request. */
void body_begin(struct body *body, const struct request *request, int client_fd,
                struct program *program);

/* Are we waiting for bytes of the client?  For the program to read? */
bool body_wants_client(const struct body *body);
bool body_wants_program(const struct body *body);

/* Receive what is there.  What a program does not want is dropped: a client
   that does not read before it has sent all would wait for ever.  Returns 0,
   or the HTTP status if the body ends too early, or -1: the client is gone. */
int body_receive(struct body *body);

/* Write to the program what it takes.  When it has all, or wants no more, its
   standard input is closed. */
void body_write(struct body *body);

#endif
