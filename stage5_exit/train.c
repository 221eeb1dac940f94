/* train.c: messages on a byte stream. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#include "clock.h"
#include "io.h"
#include "net.h"
#include "train.h"

static int
send_length(int socket_fd, size_t length, int flags)
{
    if (length > TRAIN_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    uint32_t header = htonl(length);
    return send_full(socket_fd, &header, sizeof header, flags);
}

int
train_send(int socket_fd, const void *cargo, size_t length, int flags)
{
    if (length == 0)
        return send_length(socket_fd, 0, flags);
    if (train_announce(socket_fd, length) == -1)
        return -1;
    return send_full(socket_fd, cargo, length, flags);
}

int
train_announce(int socket_fd, size_t length)
{
    return send_length(socket_fd, length, MSG_MORE);
}

/* Receive exactly size bytes; a stream that ends before is EPIPE.  ETIMEDOUT:
   they are not there at the deadline. */
static int
receive_exactly(int socket_fd, void *buffer, size_t size, double deadline)
{
    size_t total = 0;
    while (total < size) {
        if (clock_now() > deadline) {
            errno = ETIMEDOUT;
            return -1;
        }
        ssize_t n = read_some(socket_fd, (char *)buffer + total, size - total);
        if (n == 0)
            errno = EPIPE;
        if (n <= 0)
            return -1;
        total += n;
    }
    return 1;
}

int
train_receive_length(int socket_fd, size_t *length)
{
    uint32_t header;
    ssize_t n = read_full(socket_fd, &header, sizeof header);
    if (n <= 0)
        return n;
    *length = ntohl(header);
    if (n < (ssize_t)sizeof header) {
        errno = EPIPE;
        return -1;
    }
    if (*length > TRAIN_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    return 1;
}

/* Read past cargo that nobody wants. */
static int
skip(int socket_fd, size_t length, double deadline)
{
    char dropped[4096];
    while (length > 0) {
        size_t size = length < sizeof dropped ? length : sizeof dropped;
        if (receive_exactly(socket_fd, dropped, size, deadline) == -1)
            return -1;
        length -= size;
    }
    return 0;
}

int
train_receive(int socket_fd, void *cargo, size_t size, size_t *length)
{
    int result = train_receive_length(socket_fd, length);
    if (result != 1)
        return result;
    /* As long as the peer may be silent, all of it may take: a byte now and
       then is not silence, and could go on for ever. */
    double deadline = clock_now() + net_timeout(socket_fd);
    if (*length > size) {
        if (skip(socket_fd, *length, deadline) == 0)
            errno = ENOBUFS;
        return -1;
    }
    return receive_exactly(socket_fd, cargo, *length, deadline);
}
