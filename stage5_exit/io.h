#ifndef IO_H
#define IO_H

#include <stdbool.h>
#include <sys/types.h>

/* Tell whether a call with this result was interrupted by a signal (EINTR) and
   is to be made again.  The EAGAIN with which the kernel reports that
   SO_RCVTIMEO or SO_SNDTIMEO ran out (socket(7)) becomes ETIMEDOUT.  The calls
   below do both for their callers. */
bool io_interrupted(ssize_t result);

/* Read what is there, at most size bytes, waiting for the first.  Returns the
   number of bytes, 0 at end of file, -1 with errno. */
ssize_t read_some(int fd, void *buffer, size_t size);

/* Read until size bytes have come or the file ends.  Returns the number of
   bytes, which is less than size only at end of file; -1 with errno. */
ssize_t read_full(int fd, void *buffer, size_t size);

/* Write all of buffer, however many write(2) calls that takes.  Returns 0, or
   -1 with errno: some bytes may have been written by then. */
int write_full(int fd, const void *buffer, size_t size);

/* Send all of buffer, however many send(2) calls that takes.  flags are those
   of send(2); MSG_NOSIGNAL is added, so a peer that is gone is EPIPE and not a
   signal.  Returns 0, or -1 with errno: some bytes may have left by then. */
int send_full(int socket_fd, const void *buffer, size_t size, int flags);

#endif
