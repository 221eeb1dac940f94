/* server.c: a pool of workers made beforehand.
   The server accepts and hands each client to the pool; while that has no room
   it does not accept, and further clients wait in the kernel's queue.

   Run it:  ./server, and in another terminal: ./client
   See also: pool.c for the workers; service.c for what happens with a
   client. */

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "listener.h"
#include "log.h"
#include "options.h"
#include "pool.h"
#include "process.h"

enum {
    EVENTS_MAX = 64,
    RETRY_MS = 100,
};

struct server {
    struct options options;
    int listen_fd;
    int epoll_fd;
    bool listening; /* clients at the listener are reported */
    struct pool pool;
};

/* Have the epoll set report clients at the listener, or not.  The listener
   stays in the set: to change what is reported needs no memory.  Returns 0, -1
   with errno. */
static int
watch_listener(struct server *server, int operation, bool wanted)
{
    struct epoll_event event = {
        .events = wanted ? EPOLLIN : 0,
        .data.fd = server->listen_fd,
    };
    if (epoll_ctl(server->epoll_fd, operation, server->listen_fd, &event) == -1)
        return -1;
    server->listening = wanted;
    return 0;
}

/* Have clients reported while there is room for one.  Returns false if that has
   to be tried again. */
static bool
update_listening(struct server *server)
{
    bool wanted = pool_has_room(&server->pool);
    if (wanted == server->listening)
        return true;
    if (watch_listener(server, EPOLL_CTL_MOD, wanted) == -1) {
        log_event("epoll_ctl: %s", strerror(errno));
        return false;
    }
    log_event(wanted ? "accepting" : "all busy: new clients wait");
    return true;
}

static void
on_listen_readable(struct server *server)
{
    if (!pool_has_room(&server->pool))
        return; /* it was lost a moment ago */
    int client_fd =
        listener_accept(server->listen_fd, &server->options.timeout);
    if (client_fd != -1)
        pool_submit(&server->pool, client_fd);
}

/* Wait for clients and for workers, for ever. */
static void
run(struct server *server)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int wait_ms = update_listening(server) ? -1 : RETRY_MS;
        int n = epoll_wait(server->epoll_fd, events, EVENTS_MAX, wait_ms);
        if (n == -1 && errno != EINTR)
            err(1, "epoll_wait");
        for (int i = 0; i < n; i++) {
            int ready_fd = events[i].data.fd;
            if (ready_fd == server->listen_fd)
                on_listen_readable(server);
            else
                pool_on_ready(&server->pool, ready_fd);
        }
    }
}

int
main(int argc, char **argv)
{
    struct server server = {.listening = false};
    options_parse(&server.options, argc, argv);
    if (process_init() == -1)
        err(1, "process");
    log_init();
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) == -1)
        err(1, "SIGPIPE"); /* a client that is gone is an error, no signal */
    if (chdir(server.options.directory) == -1)
        err(1, "%s", server.options.directory);
    server.listen_fd =
        listener_open(server.options.address, server.options.port);
    server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (server.epoll_fd == -1)
        err(1, "epoll_create1");
    if (watch_listener(&server, EPOLL_CTL_ADD, false) == -1)
        err(1, "epoll_ctl");
    if (pool_start(&server.pool, &server.options, server.epoll_fd) == -1)
        err(1, "workers");
    listener_announce(server.listen_fd);
    run(&server);
}
