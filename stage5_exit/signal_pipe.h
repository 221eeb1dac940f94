#ifndef SIGNAL_PIPE_H
#define SIGNAL_PIPE_H

#include <signal.h>

/* Signals as events.  A signal comes at any moment, between any two
   instructions, where next to nothing may be done (signal-safety(7)).  So the
   handler only writes a byte into a pipe; the event loop, which watches the
   other end, does the rest in its own time.  There is one such pipe in a
   process. */

/* Have these signals arrive through the pipe.  Returns the fd that becomes
   readable when one has come, -1 with errno. */
int signal_pipe_open(const sigset_t *signals);

/* Read a signal from signal_fd.  Returns its number, 0 if there is none. */
int signal_pipe_receive(int signal_fd);

/* Close the pipe; disposition is SIG_DFL or SIG_IGN, for the signals that come
   from now on (signal(7)).  After fork(2) a child, which has inherited pipe and
   handlers, closes its copy in this way; it may then open a pipe of its own,
   with the signals blocked until it has. */
void signal_pipe_close(void (*disposition)(int));

/* Return the signals that the pipe was opened for. */
sigset_t signal_pipe_signals(void);

#endif
