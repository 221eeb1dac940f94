#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct program;

enum { OUTPUT_BUFFER_SIZE = 65536 };

/* A program's output on its way to the client: first a header, which has to be
   translated as a whole, then bytes.  Nothing here waits. */
struct output {
    int client_fd;
    struct program *program;
    bool wants_body; /* else only its head is sent */
    bool begun;      /* the header has been translated */
    int status;      /* that of HTTP, when it has begun */
    size_t line;     /* see header_end */
    size_t start;
    size_t end; /* from start to here: read, and not yet sent */
    char bytes[OUTPUT_BUFFER_SIZE];
};

void output_begin(struct output *output, int client_fd, struct program *program,
                  bool wants_body);

/* Are we waiting for the program to write?  For the client to take bytes? */
bool output_wants_program(const struct output *output);
bool output_wants_client(const struct output *output);

/* Has all been sent that the program has written? */
bool output_is_sent(const struct output *output);

/* Read what is there.  Returns 0, or the HTTP status if this is not the header
   of a reply. */
int output_read(struct output *output);

/* Send what the client takes.  Returns 0, or -1: it is gone. */
int output_send(struct output *output);

#endif
