#ifndef TRAIN_H
#define TRAIN_H

#include <stddef.h>

/* Messages on a byte stream.  TCP keeps bytes in order but knows nothing of
   messages: what one call sends may arrive in pieces, or glued to what the next
   call sends.  So each message is a train: its length, four bytes in network
   byte order, and then that many bytes of cargo.  The field calls them frame
   and payload, and the technique length-prefixed framing. */

enum { TRAIN_MAX = 1024 * 1024 }; /* the longest cargo */

/* Send a train.  flags are those of send(2); with MSG_MORE the kernel may hold
   it back to share a packet with what is sent next.  Returns 0, -1 with errno;
   EMSGSIZE: longer than TRAIN_MAX. */
int train_send(int socket_fd, const void *cargo, size_t length, int flags);

/* Send the length only; the caller sends the cargo.  Errors as above. */
int train_announce(int socket_fd, size_t length);

/* Receive a length; the caller receives the cargo.  Returns 1, 0 if the peer
   has closed after its last train, -1 with errno.  EPIPE: it closed in the
   middle.  EMSGSIZE: more than TRAIN_MAX, so this is no train. */
int train_receive_length(int socket_fd, size_t *length);

/* Receive a train whose cargo fits into size bytes.  Returns 1, 0 or -1 as
   above.  ENOBUFS: it does not fit; it has been read past, and the next train
   can be received.  ETIMEDOUT: the peer was silent for as long as the socket
   allows (SO_RCVTIMEO, socket(7)), or took longer than that for the cargo. */
int train_receive(int socket_fd, void *cargo, size_t size, size_t *length);

#endif
