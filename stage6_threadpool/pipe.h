#ifndef PIPE_H
#define PIPE_H

#include <stddef.h>

/* A pipe as a place inside the kernel where pages wait between one splice(2)
   and the next.  fds[0] is the end to read from, -1 while there is no pipe. */

/* Open a pipe with room for a whole train if the system allows that (pipe(7)),
   unless there is one.  Returns 0, -1 with errno. */
int pipe_open(int fds[2]);

/* Move the size bytes that the pipe holds to out_fd.  Returns 0, -1 with errno;
   some bytes may have moved by then and the rest is still in the pipe.  EINVAL:
   none has, because out_fd is of a kind that cannot be spliced to. */
int pipe_drain(const int fds[2], int out_fd, size_t size);

/* Close the pipe, if there is one, and with it what it still holds. */
void pipe_close(int fds[2]);

#endif
