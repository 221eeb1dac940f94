#ifndef WORKER_H
#define WORKER_H

#include <sys/time.h>

/* Be a worker: accept clients from listen_fd whenever the parent sends a byte
   through the channel, and serve all of them at once.  SIGTERM ends it; so does
   the end of the channel, once the clients have gone.  A client that is silent
   for longer than the timeout is let go.  To be called in a new process with
   the signals of signal_pipe.h blocked, which keeps no descriptor but these and
   the standard ones, and ends here. */
__attribute__((noreturn)) void worker_main(int listen_fd, int channel_fd,
                                           const struct timeval *timeout);

#endif
