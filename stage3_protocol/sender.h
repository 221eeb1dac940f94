#ifndef SENDER_H
#define SENDER_H

#include "served_file.h"

/* A file that is being sent. */
struct sender {
    int client_fd;           /* the caller's */
    struct served_file file; /* the sender's */
};

/* Make an empty sender. */
void sender_init(struct sender *sender, int client_fd);

/* Send the file, which is open at its start, as trains, and the empty train
   that ends them.  The memory this takes does not depend on its size.
   Returns 0, -1 with errno; ENODATA: the file has become shorter meanwhile;
   ESTALE: it was written to.
   After an error the conversation cannot go on: cargo is missing. */
int sender_send(struct sender *sender);

/* Close the file, if there is one, and what else was needed to send it.  Keeps
   errno. */
void sender_close(struct sender *sender);

#endif
