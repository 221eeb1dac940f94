/* train.c: messages on a byte stream. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#include "io.h"
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

/* Receive exactly size bytes; a stream that ends before is EPIPE. */
static int
receive_exactly(int socket_fd, void *buffer, size_t size)
{
    ssize_t n = read_full(socket_fd, buffer, size);
    if (n == -1)
        return -1;
    if ((size_t)n < size) {
        errno = EPIPE;
        return -1;
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
skip(int socket_fd, size_t length)
{
    char dropped[4096];
    while (length > 0) {
        size_t size = length < sizeof dropped ? length : sizeof dropped;
        if (receive_exactly(socket_fd, dropped, size) == -1)
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
    if (*length > size) {
        if (skip(socket_fd, *length) == 0)
            errno = ENOBUFS;
        return -1;
    }
    return receive_exactly(socket_fd, cargo, *length);
}
