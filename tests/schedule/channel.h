#ifndef CHANNEL_H
#define CHANNEL_H

#include <sys/types.h>

#include "engine.h"

/* Descriptors of the threads of a run: pipes, eventfds, clients.  The functions
   stand for pipe2(2), eventfd(2), read(2), write(2), close(2), see shim.h. */

/* Forget all of them. */
void channel_reset(void);

/* Open a client: something that is only closed again. */
int channel_open_client(void);

/* Tell whether the descriptor is open. */
bool channel_is_open(int fd);

/* Pause until the descriptor can be read, as epoll_wait(2) does. */
void channel_await(int fd);

int channel_pipe(int fds[2], int flags);
int channel_eventfd(unsigned value, int flags);
ssize_t channel_read(int fd, void *buffer, size_t size, struct place place);
ssize_t channel_write(int fd, const void *buffer, size_t size,
                      struct place place);
int channel_close(int fd, struct place place);
int channel_shutdown(int fd, struct place place);

#endif
