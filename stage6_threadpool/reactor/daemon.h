#ifndef DAEMON_H
#define DAEMON_H

/* A program that goes into the background (daemon(7)).  Threads do not survive
   fork(2), so this comes before they are started; and before anything is
   opened, for what is open then belongs to whoever has started us. */

/* Go on in a new process that has no terminal and cannot get one, and no
   descriptor but the standard ones.  Returns there only: 0, -1 with errno.  The
   first process stays until daemon_detach, and then ends with status 0; if the
   new one ends before, with status 1. */
int daemon_begin(void);

/* Let go of the terminal: /dev/null is standard input, output and error from
   now on.  Whatever there is to say must have been said.  Returns 0, -1 with
   errno. */
int daemon_detach(void);

#endif
