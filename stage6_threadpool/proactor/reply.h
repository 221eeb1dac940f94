#ifndef REPLY_H
#define REPLY_H

#include "outbox.h"
#include "ring.h"
#include "served_file.h"

/* The answer to a request, on its way to the client.  The kernel is given
   several steps at a time, a chain, of which each begins when the one before it
   has been taken in full (IOSQE_IO_LINK). */

struct reply;

/* A step that is under way. */
struct link {
    struct operation operation;
    struct reply *reply;
    enum step step;
    size_t length; /* bytes, if it is taken in full */
};

enum { CHAIN_MAX = 3 };

struct reply {
    struct outbox outbox;
    bool is_file;   /* and no refusal */
    bool in_thread; /* reading this file waits, in a thread of the kernel */
    struct served_file file; /* the reply's */
    int pipe_fds[2];         /* -1: none */
    struct link chain[CHAIN_MAX];
    const struct link *last;           /* how far the chain has come */
    const struct operation *operation; /* who is told of the chain's end */
};

/* Choose whether large files are copied from now on.  Small ones always are. */
void reply_choose(bool copying);

/* Make an empty reply. */
void reply_init(struct reply *reply);

/* Answer with a refusal.  Returns 0, -1 with errno. */
int reply_refuse(struct reply *reply, const char *message);

/* Answer with a file: its name, its size, its contents.  It is the reply's from
   now on, in any case.  Returns 0, -1 with errno. */
int reply_file(struct reply *reply, const char *name,
               const struct served_file *file);

/* Submit a chain of steps.  The operation is told once, with the result of the
   last step, or of the first that was not taken in full.  Returns 1; 0
   if there is no step: all is sent; -1 with errno, ESTALE: the file was written
   to. */
int reply_submit(struct reply *reply, struct ring *ring, int socket_fd,
                 const struct operation *operation);

/* Take note of that result.  Returns 0, -1 with errno; ENODATA: the file has
   become shorter. */
int reply_on_done(struct reply *reply, int result);

/* While a chain is under way: return the operation that waits for the client;
   NULL if none does, and the chain will end soon. */
const struct operation *reply_waiting(const struct reply *reply);

/* Free what the reply needed; no chain may be under way. */
void reply_release(struct reply *reply, struct ring *ring);

#endif
