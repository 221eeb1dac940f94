/* server.c: a pool of workers made beforehand.
   The server accepts and hands each client to the pool; while that has no room
   it does not accept, and further clients wait in the kernel's queue.  A signal
   makes it stop gracefully.

   Run it:  ./server, and in another terminal: ./client
   See also: pool.c for the workers; service.c for what happens with a
   client. */

#include <err.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "listener.h"
#include "log.h"
#include "options.h"
#include "pool.h"
#include "process.h"
#include "signal_pipe.h"

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
    int signal_fd;
    bool stopping;
    double deadline; /* clock_now() when what is not done is cut */
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

/* Begin to end.  Who queues at the listener has been let in by the kernel: all
   of these clients are still accepted, and served if the pool has room for
   them.  Then the listener is closed, and new ones are refused. */
static void
stop(struct server *server)
{
    server->stopping = true;
    server->deadline =
        clock_now() + clock_seconds(&server->options.drain_timeout);
    for (int i = 0; i < SOMAXCONN; i++) { /* no queue is longer */
        int client_fd =
            listener_accept(server->listen_fd, &server->options.timeout);
        if (client_fd == -1)
            break;
        if (pool_can_queue(&server->pool))
            pool_submit(&server->pool, client_fd);
        else
            pool_refuse(&server->pool, client_fd);
    }
    epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, server->listen_fd, NULL);
    close(server->listen_fd);
    server->listen_fd = -1;
    pool_stop(&server->pool);
}

/* The first signal begins the end, the next one cuts it short. */
static void
on_signal(struct server *server)
{
    int signal_number = signal_pipe_receive(server->signal_fd);
    if (signal_number == 0)
        return;
    log_event("%s: %s", strsignal(signal_number),
              server->stopping ? "cutting what is left" : "stopping");
    if (server->stopping)
        pool_cut(&server->pool);
    else
        stop(server);
}

/* How long to wait for the end of what is under way, for epoll_wait(2). */
static int
stop_wait_ms(const struct server *server)
{
    if (!server->stopping || server->deadline == INFINITY)
        return -1;
    double left = server->deadline - clock_now();
    return left > 0 ? left * 1000 + 1 : 0;
}

static void
check_deadline(struct server *server)
{
    if (!server->stopping || clock_now() < server->deadline)
        return;
    log_event("drain time-out: cutting what is left");
    pool_cut(&server->pool);
    server->deadline = INFINITY;
}

/* Wait for clients, workers and signals, until the pool has been stopped. */
static void
run(struct server *server)
{
    struct epoll_event events[EVENTS_MAX];
    while (!server->stopping || !pool_has_ended(&server->pool)) {
        int wait_ms = stop_wait_ms(server);
        if (!server->stopping && !update_listening(server))
            wait_ms = RETRY_MS;
        int n = epoll_wait(server->epoll_fd, events, EVENTS_MAX, wait_ms);
        if (n == -1 && errno != EINTR)
            err(1, "epoll_wait");
        for (int i = 0; i < n; i++) {
            int ready_fd = events[i].data.fd;
            if (ready_fd == server->listen_fd)
                on_listen_readable(server);
            else if (ready_fd == server->signal_fd)
                on_signal(server);
            else
                pool_on_ready(&server->pool, ready_fd);
        }
        check_deadline(server);
    }
}

/* Say how it went.  Returns the exit status. */
static int
finish(struct server *server)
{
    long served;
    long cut;
    pool_count(&server->pool, &served, &cut);
    close(server->epoll_fd);
    pool_release(&server->pool);
    signal_pipe_close(SIG_IGN); /* it is over: they come too late */
    log_event("stopped: %ld clients served, %ld cut", served, cut);
    return cut == 0 ? 0 : 1;
}

/* Have the signals that end the server come as events. */
static void
watch_signals(struct server *server)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    server->signal_fd = signal_pipe_open(&signals);
    if (server->signal_fd == -1)
        err(1, "signals");
    struct epoll_event event = {
        .events = EPOLLIN,
        .data.fd = server->signal_fd,
    };
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->signal_fd, &event) ==
        -1)
        err(1, "epoll_ctl");
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
    watch_signals(&server);
    if (pool_start(&server.pool, &server.options, server.epoll_fd) == -1)
        err(1, "workers");
    listener_announce(server.listen_fd);
    run(&server);
    return finish(&server);
}
