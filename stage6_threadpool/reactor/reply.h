#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "served_file.h"
#include "train.h"

enum {
    TRAIN_HEADER = 4,
    REPLY_SIZE = 2 * TRAIN_HEADER + 512, /* the longest refusal */
};

/* The trains that answer a request, and how far they have been sent.  A socket
   that takes no more now gets the rest later. */
struct reply {
    unsigned char bytes[REPLY_SIZE]; /* what goes before the cargo */
    size_t count;
    size_t sent;   /* of these */
    size_t cargo;  /* bytes of the file that belong to the train under way */
    uint64_t left; /* bytes of the file that belong to later trains */
    bool is_file;  /* and no refusal */
    struct served_file file; /* the reply's; none, or all of it is sent: -1 */
    off_t offset;            /* in the file: this much of it is sent */
    bool copying;            /* by send(2), where sendfile(2) does not go */
};

enum reply_result {
    REPLY_FAILED = -1, /* errno as of sender_send */
    REPLY_SENT,        /* all of it */
    REPLY_UNSENT,      /* not all, for now */
};

/* Choose whether files are copied from now on. */
void reply_choose(bool copying);

/* Make an empty reply. */
void reply_init(struct reply *reply);

/* Answer with a refusal. */
void reply_refuse(struct reply *reply, const char *message);

/* Answer with a file: its name, its size, its contents.  It is open at its
   start, and the reply's from now on. */
void reply_file(struct reply *reply, const char *name,
                const struct served_file *file);

/* Send what the non-blocking socket takes, and of a file no more than one
   train: others wait for their turn. */
enum reply_result reply_send(struct reply *reply, int socket_fd);

/* Close the file, if there is one. */
void reply_close(struct reply *reply);

#endif
