#ifndef SENDER_H
#define SENDER_H

#include <stddef.h>

#include "served_file.h"

struct sender_method;

/* A file that is being sent. */
struct sender {
    int client_fd;           /* the caller's */
    struct served_file file; /* the sender's */
    const struct sender_method *method;
    int pipe_fds[2]; /* for splice */
    void *map;       /* for mmap; NULL: none */
    size_t map_size;
};

/* Choose how all senders move bytes from now on: "copy", "mmap", "sendfile" or
   "splice".  Returns 0, -1 if the name is none of these. */
int sender_choose(const char *name);

/* Make an empty sender. */
void sender_init(struct sender *sender, int client_fd);

/* Send the file, which is open at its start, as trains, and the empty train
   that ends them.  The memory this takes does not depend on its size.
   A file that is not of a kind for the chosen method is copied.
   Returns 0, -1 with errno; ENODATA: the file has become shorter meanwhile;
   ESTALE: it was written to.
   After an error the conversation cannot go on: cargo is missing. */
int sender_send(struct sender *sender);

/* Close the file, if there is one, and what else was needed to send it.  Keeps
   errno. */
void sender_close(struct sender *sender);

#endif
