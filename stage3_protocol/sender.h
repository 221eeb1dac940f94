#ifndef SENDER_H
#define SENDER_H

#include <stdint.h>

/* A file that is being sent. */
struct sender {
    int client_fd; /* the caller's */
    int file_fd;   /* the sender's; -1: none */
};

/* Make an empty sender. */
void sender_init(struct sender *sender, int client_fd);

/* Send size bytes of the file, from its present offset, as trains, and the
   empty train that ends them.  The memory this takes does not depend on size.
   Returns 0, -1 with errno; ENODATA: the file has become shorter meanwhile.
   After an error the conversation cannot go on: cargo is missing. */
int sender_send(struct sender *sender, uint64_t size);

/* Close the file, if there is one, and what else was needed to send it.  Keeps
   errno. */
void sender_close(struct sender *sender);

#endif
