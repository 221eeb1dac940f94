#ifndef SIGNAL_PIPE_H
#define SIGNAL_PIPE_H

#include <signal.h>

/* Signals as events of a loop, next to sockets: the handler writes the number of
   the signal into a pipe, whose other end is watched like any other fd ("unified
   event source").  SIGCHLD, SIGINT and SIGTERM arrive this way. */

/* Install the handlers.  Returns the fd to watch, -1 with errno. */
int signal_pipe_open(void);

/* Read a signal.  Returns its number, 0 if there is none. */
int signal_pipe_receive(int signal_fd);

/* Close the pipe, to be followed by signal_pipe_open in a forked process.  The
   signals have to be blocked meanwhile. */
void signal_pipe_close(void);

/* Return the set of these signals. */
sigset_t signal_pipe_signals(void);

#endif
