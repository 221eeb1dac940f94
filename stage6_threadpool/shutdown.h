#ifndef SHUTDOWN_H
#define SHUTDOWN_H

#include <signal.h>

/* Signals as events.  A signal comes at any moment, between any two
   instructions, where next to nothing may be done (signal-safety(7)).  So the
   handler only writes a byte into a pipe; the event loop, which watches the
   other end, does the rest in its own time. */

/* Have SIGINT, SIGTERM and SIGUSR1 end the server.  Returns the fd that becomes
   readable when one has come, -1 with errno. */
int shutdown_open(void);

/* Read a signal from shutdown_fd.  Returns its number, 0 if there is none. */
int shutdown_receive(int shutdown_fd);

/* Let the signals do what they do by default, and close the pipe. */
void shutdown_close(void);

/* Return the set of the signals above. */
sigset_t shutdown_signals(void);

#endif
