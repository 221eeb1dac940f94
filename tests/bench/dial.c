/* dial.c: connect, often.
   A connection that our side closes first keeps its pair of addresses and ports
   for a while (TIME_WAIT).  On the loopback network the kernel uses such a pair
   again after a second (tcp_tw_reuse, tcp(7)), but long before the last port is
   gone, connect(2) has to search for one that is free.  So we take turns with
   addresses of our own: 127.0.0.2 to 127.0.0.32. */

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dial.h"

enum { OWN_FIRST = INADDR_LOOPBACK + 1, OWN_COUNT = 31 };

static bool
is_loopback(const struct sockaddr_in *address)
{
    return ntohl(address->sin_addr.s_addr) >> IN_CLASSA_NSHIFT ==
           IN_LOOPBACKNET;
}

static int
bind_own(int socket_fd, uint32_t own)
{
    static const int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(own),
    };
    /* connect(2) chooses the port: it knows which are free for this server. */
    if (setsockopt(socket_fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
                   sizeof on) == -1)
        return -1;
    return bind(socket_fd, (const struct sockaddr *)&address, sizeof address);
}

int
dial(const struct sockaddr_in *server, uint32_t *dialled)
{
    uint32_t own = OWN_FIRST + (*dialled)++ % OWN_COUNT;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    if ((!is_loopback(server) || bind_own(fd, own) == 0) &&
        (connect(fd, (const struct sockaddr *)server, sizeof *server) == 0 ||
         errno == EINPROGRESS))
        return fd;
    int saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return -1;
}

int
dial_wait(int socket_fd, double seconds)
{
    struct pollfd writable = {.fd = socket_fd, .events = POLLOUT};
    int n = poll(&writable, 1, seconds * 1000);
    if (n == 0)
        errno = ETIMEDOUT;
    if (n != 1)
        return -1;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket_fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}
