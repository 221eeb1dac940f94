#ifndef FDPASS_H
#define FDPASS_H

/* Orders between processes over a Unix socket (socketpair(2)), each a single
   byte, with which a descriptor can travel.  See unix(7), cmsg(3). */

/* Send an order and, unless fd is -1, the descriptor: the receiver gets one of
   its own for the same open file description.  The caller keeps fd and may
   close it at once.  Returns 0, -1 with errno; EINTR is retried. */
int fdpass_send(int channel_fd, char order, int fd);

/* Receive an order. *fd becomes the descriptor that came with it, close-on-exec
   and now the caller's to close, or -1 if none came.  Returns 1, 0 if the other
   side has closed, -1 with errno; EINTR is retried.  EMFILE: a descriptor was
   sent, but could not be delivered: this process has as many as it may have.
   The kernel says so by a flag only, MSG_CTRUNC.  EPROTO: something else came
   than one byte and at most one descriptor. */
int fdpass_receive(int channel_fd, char *order, int *fd);

#endif
