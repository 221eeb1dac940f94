/* evil_socket.c: how the peer comes to its connection. */

#include "evil_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int
open_socket(const struct peer *peer, in_port_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = {
        .sin_family = AF_INET,
        .sin_addr = peer->own,
        .sin_port = htons(port),
    };
    if (fd == -1)
        peer_fail(peer, "socket: %s", strerror(errno));
    if (peer->receive_buffer > 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &peer->receive_buffer,
                   sizeof peer->receive_buffer) == -1)
        peer_fail(peer, "SO_RCVBUF: %s", strerror(errno));
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == -1)
        peer_fail(peer, "bind: %s", strerror(errno));
    return fd;
}

/* Have every call of send leave as a packet of its own. */
static void
send_at_once(const struct peer *peer)
{
    const int on = 1;
    if (setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
        peer_fail(peer, "TCP_NODELAY: %s", strerror(errno));
}

void
peer_connect(struct peer *peer, in_port_t port)
{
    struct sockaddr_in server = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons(port),
    };
    struct timeval patience = {.tv_sec = peer->patience + 1};
    peer->fd = open_socket(peer, 0);
    /* This goes for connect(2) too (socket(7)). */
    if (setsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
                   sizeof patience) == -1)
        peer_fail(peer, "SO_SNDTIMEO: %s", strerror(errno));
    if (connect(peer->fd, (struct sockaddr *)&server, sizeof server) == -1)
        peer_fail(peer, "connect: %s",
                  strerror(errno == EINPROGRESS ? ETIMEDOUT : errno));
    send_at_once(peer);
}

int
peer_listen(const struct peer *peer)
{
    int listen_fd = open_socket(peer, 0);
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    char address[INET_ADDRSTRLEN];
    if (listen(listen_fd, SOMAXCONN) == -1 ||
        getsockname(listen_fd, (struct sockaddr *)&own, &length) == -1)
        peer_fail(peer, "listen: %s", strerror(errno));
    inet_ntop(AF_INET, &own.sin_addr, address, sizeof address);
    printf("listening on %s:%d\n", address, ntohs(own.sin_port));
    fflush(stdout);
    return listen_fd;
}

void
peer_accept(struct peer *peer, int listen_fd)
{
    if (!peer_wait(peer, listen_fd, POLLIN))
        peer_fail(peer, "expected a client, none came in %g s", peer->patience);
    peer->fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (peer->fd == -1)
        peer_fail(peer, "accept: %s", strerror(errno));
    send_at_once(peer);
}
