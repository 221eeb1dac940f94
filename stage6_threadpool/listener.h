#ifndef LISTENER_H
#define LISTENER_H

#include <sys/time.h>

/* Open a listener on this address and port (non-blocking, close-on-exec).
   Returns the fd; if it cannot be had, ends the program and says why. */
int listener_open(const char *address, const char *port);

/* Print "listening on ADDRESS:PORT" on standard output, for a program that
   waits until the server is ready. */
void listener_announce(int listen_fd);

/* Accept the next client; timeout as in net_accept.  Returns the fd, or -1 if
   nobody is there after all: the client gave up meanwhile, or a signal came
   (accept(2)).  If it is ourselves who cannot take anyone (too many open
   files, no memory), says so and backs off: the client waits in the
   kernel's queue, and trying again at once would only burn the CPU. */
int listener_accept(int listen_fd, const struct timeval *timeout);

/* Wait until what is lacking may be there again: a tenth of a second, less if a
   signal comes. */
void listener_back_off(void);

#endif
