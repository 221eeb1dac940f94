#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <sys/types.h>

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
};

/* Make an entry without a process. */
void worker_init(struct worker *worker);

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

/* Tell whether the worker has only just been started. */
bool worker_is_young(const struct worker *worker);

#endif
