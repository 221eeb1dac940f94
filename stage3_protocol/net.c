/* net.c: addresses and TCP sockets. */

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "net.h"

static const double finish_seconds = 1.0;

void
net_join(char *name, const char *host, const char *port)
{
    const char *format = strchr(host, ':') == NULL ? "%s:%s" : "[%s]:%s";
    snprintf(name, NET_NAME_SIZE, format, host, port);
}

int
net_resolve(struct addrinfo **list, const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    return getaddrinfo(host, port, &hints, list);
}

/* Close fd and return -1, keeping the errno of what went wrong before. */
static int
close_failed(int fd)
{
    int saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return -1;
}

static int
bind_one(const struct addrinfo *address)
{
    int fd = socket(address->ai_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        bind(fd, address->ai_addr, address->ai_addrlen) == -1)
        return close_failed(fd);
    return fd;
}

int
net_bind(const struct addrinfo *list)
{
    int fd = -1;
    for (; list != NULL && fd == -1; list = list->ai_next)
        fd = bind_one(list);
    return fd;
}

/* Make a socket ready for a conversation (socket(7), tcp(7)). */
static int
set_up(int fd, const struct timeval *timeout)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, sizeof *timeout) ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, timeout, sizeof *timeout))
        return -1;
    /* What we send leaves at once and does not wait for company. */
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int
connect_one(const struct addrinfo *address, const struct timeval *timeout)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    if (set_up(fd, timeout) == -1)
        return close_failed(fd);
    if (connect(fd, address->ai_addr, address->ai_addrlen) == -1) {
        if (errno == EINPROGRESS) /* the time for sending ran out */
            errno = ETIMEDOUT;
        return close_failed(fd);
    }
    return fd;
}

int
net_connect(const struct addrinfo *list, const struct timeval *timeout)
{
    int fd = -1;
    for (; list != NULL && fd == -1; list = list->ai_next)
        fd = connect_one(list, timeout);
    return fd;
}

int
net_accept(int listen_fd, const struct timeval *timeout)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd == -1)
        return -1;
    return set_up(fd, timeout) == -1 ? close_failed(fd) : fd;
}

double
net_timeout(int socket_fd)
{
    struct timeval timeout;
    socklen_t length = sizeof timeout;
    if (getsockopt(socket_fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &length) == -1)
        return INFINITY;
    double seconds = timeout.tv_sec + timeout.tv_usec / 1e6;
    return seconds > 0 ? seconds : INFINITY;
}

/* getsockname(2) and getpeername(2) differ in name only. */
static void
socket_name(int socket_fd, char *name,
            int (*get_name)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (get_name(socket_fd, (struct sockaddr *)&address, &length) == -1 ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host,
                    port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(name, NET_NAME_SIZE, "(unknown)");
    else
        net_join(name, host, port);
}

void
net_local_name(int socket_fd, char *name)
{
    socket_name(socket_fd, name, getsockname);
}

void
net_peer_name(int socket_fd, char *name)
{
    socket_name(socket_fd, name, getpeername);
}

void
net_finish(int socket_fd)
{
    if (shutdown(socket_fd, SHUT_WR) == -1)
        return; /* the peer is gone already */
    char dropped[4096];
    struct pollfd peer = {.fd = socket_fd, .events = POLLIN};
    double deadline = clock_now() + finish_seconds;
    for (double left = finish_seconds; left > 0; left = deadline - clock_now())
        if (poll(&peer, 1, left * 1000) <= 0 ||
            read_some(socket_fd, dropped, sizeof dropped) <= 0)
            return;
}
