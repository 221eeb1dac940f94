/* listener.c: the listening socket and its clients. */

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "listener.h"
#include "log.h"
#include "net.h"

enum { BACK_OFF_MS = 100 };

int
listener_open(const char *address, const char *port)
{
    char name[NET_NAME_SIZE];
    net_join(name, address, port);

    struct addrinfo *list;
    int error = net_resolve(&list, address, port);
    if (error != 0)
        errx(1, "%s: %s", name, gai_strerror(error));
    int listen_fd = net_bind(list);
    if (listen_fd == -1)
        err(1, "bind %s", name);
    freeaddrinfo(list);
    if (listen(listen_fd, SOMAXCONN) == -1)
        err(1, "listen %s", name);
    return listen_fd;
}

void
listener_announce(int listen_fd)
{
    char name[NET_NAME_SIZE];
    net_local_name(listen_fd, name); /* port 0 has become a real one */
    if (printf("listening on %s\n", name) < 0 || fflush(stdout) == EOF)
        warn("standard output");
}

int
listener_accept(int listen_fd, const struct timeval *timeout)
{
    int client_fd = net_accept(listen_fd, timeout);
    if (client_fd == -1 && errno != EAGAIN && errno != EINTR &&
        errno != ECONNABORTED) {
        log_event("accept: %s", strerror(errno));
        listener_back_off();
    }
    return client_fd;
}

void
listener_back_off(void)
{
    poll(NULL, 0, BACK_OFF_MS);
}
