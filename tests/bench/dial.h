#ifndef DIAL_H
#define DIAL_H

#include <netinet/in.h>

/* Begin to connect. *dialled, 0 at first, counts the calls of one thread.
   Returns a non-blocking socket that is connected or will be, -1 with errno. */
int dial(const struct sockaddr_in *server, uint32_t *dialled);

/* Wait for a socket from dial.  Returns 0, -1 with errno. */
int dial_wait(int socket_fd, double seconds);

#endif
