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

/* Close the pipe; disposition is SIG_DFL or SIG_IGN, for the signals that come from
   now on (signal(7)). */
void shutdown_close(void (*disposition)(int));

/* Return the set of the signals above. */
sigset_t shutdown_signals(void);

#endif
