/* io.c: reading and writing, whatever the kernel does to a single call. */

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"

bool
io_interrupted(ssize_t result)
{
    if (result == -1 && errno == EAGAIN)
        errno = ETIMEDOUT;
    return result == -1 && errno == EINTR;
}

ssize_t
read_some(int fd, void *buffer, size_t size)
{
    ssize_t n;
    do
        n = read(fd, buffer, size);
    while (io_interrupted(n));
    return n;
}

ssize_t
read_full(int fd, void *buffer, size_t size)
{
    size_t total = 0;
    while (total < size) {
        ssize_t n = read_some(fd, (char *)buffer + total, size - total);
        if (n == -1)
            return -1;
        if (n == 0)
            break;
        total += n;
    }
    return total;
}

int
write_full(int fd, const void *buffer, size_t size)
{
    size_t written = 0;
    while (written < size) {
        ssize_t n = write(fd, (const char *)buffer + written, size - written);
        if (io_interrupted(n))
            continue;
        if (n == -1)
            return -1;
        written += n;
    }
    return 0;
}

int
send_full(int socket_fd, const void *buffer, size_t size, int flags)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t n = send(socket_fd, (const char *)buffer + sent, size - sent,
                         flags | MSG_NOSIGNAL);
        if (io_interrupted(n))
            continue;
        if (n == -1)
            return -1;
        sent += n;
    }
    return 0;
}
