#ifndef WORKER_H
#define WORKER_H

/* What goes through the channel between a worker and its parent, a byte
   each. */
enum {
    ORDER_SERVE = 's',  /* to the worker, with a client's socket */
    REPORT_TAKEN = 't', /* to the parent: I have the client */
    REPORT_FREE = 'f',  /* to the parent: the client is served */
};

/* Be a worker: serve the clients that come through the channel, one at a time,
   until it ends because the parent is gone.  To be called in a new process,
   which keeps no other descriptor but the standard ones, and ends here. */
__attribute__((noreturn)) void worker_main(int channel_fd);

#endif
