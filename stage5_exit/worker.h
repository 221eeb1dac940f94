#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "pool_exit.h"

/* A worker process, as its parent sees it.  The two are joined by a channel, a
   pair of connected Unix sockets.  A client's socket travels down the channel;
   two reports come back: that the worker has it, and that it is free again.
   Until the first one the parent keeps its own copy of the socket, so that the
   client is not lost with a worker that dies.  A channel that reads as ended
   means that the process at its other end is gone. */

enum worker_state {
    WORKER_FREE,     /* waits for a client */
    WORKER_ASSIGNED, /* client_fd is to be sent to it */
    WORKER_SENT,     /* client_fd is under way */
    WORKER_BUSY,     /* it has the client, and we no longer have */
};

struct worker {
    enum worker_state state;
    pid_t pid;      /* 0: none at the moment */
    int channel_fd; /* our end; -1 without a worker */
    int client_fd;  /* ours while ASSIGNED or SENT, else -1 */
    double started; /* clock_now() */
    enum pool_exit exit;
    bool dismissed; /* it has been told to end */
    long served;    /* clients, by all processes that this entry has had */
    long cut;       /* clients that were lost with a process */
};

/* Make an entry without a process.  how says how its processes end. */
void worker_init(struct worker *worker, enum pool_exit how);

/* Start a process for an entry that has none; a client that was assigned to the
   last one is still to be sent.  Returns 0, -1 with errno. */
int worker_start(struct worker *worker);

/* Assign a client to a free worker.  client_fd is the worker's from now on. */
void worker_assign(struct worker *worker, int client_fd);

/* Take back the client that is assigned.  Returns its fd, the caller's from now
   on. */
int worker_take_back(struct worker *worker);

/* Send the assigned client to the worker.  Returns 0, -1 with errno; then it is
   still assigned, and this may be tried again. */
int worker_send(struct worker *worker);

/* Read reports; to be called when channel_fd is readable.  Returns false if the
   worker is gone. */
bool worker_collect(struct worker *worker);

/* Clean up after a worker that is gone: reap the process, leave an entry
   without one.  A client that it had not taken is assigned still. */
void worker_reap(struct worker *worker);

/* Tell the worker to end, in the way it was made for.  It gets no client any
   more.  Returns 0, -1 with errno; then this may be tried again. */
int worker_dismiss(struct worker *worker);

/* End the worker at once, whatever it does. */
void worker_kill(struct worker *worker);

/* Give up a client that the worker has not taken, if there is one. */
void worker_drop_client(struct worker *worker);

/* Tell whether the worker has only just been started. */
bool worker_is_young(const struct worker *worker);

#endif
