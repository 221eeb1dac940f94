#ifndef PROCESS_H
#define PROCESS_H

/* Set right what a program may have inherited, and must not depend on: open
   /dev/null on whichever of the descriptors 0, 1 and 2 is closed, so that no
   socket is ever mistaken for standard output; unblock all signals; let SIGCHLD
   and SIGTERM act by default, since a SIGCHLD that is ignored makes the kernel
   reap children unseen (sigaction(2)).  SIGXFSZ is ignored: a file that may not
   grow is an error, EFBIG, of whoever writes to it (setrlimit(2)).  To be
   called before anything else is opened.  Returns 0, -1 with errno. */
int process_init(void);

#endif
