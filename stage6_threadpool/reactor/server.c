/* server.c: one thread waits for all clients, and others do the file work.
   The same service another way round: a client costs no thread but an entry in
   a table.  The event loop never waits for a client or for the disk.  A request
   is a job for a thread, which gives the client back as soon as it would have
   to wait for it.

   Run it:  ./server_reactor, and in another terminal: ./client FILE
   See also: clients.c for who has a client when; connection.c for what happens
   with one; workers.c for the threads. */

#include <err.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients.h"
#include "clock.h"
#include "daemon.h"
#include "fd_limit.h"
#include "listener.h"
#include "log.h"
#include "process.h"
#include "reactor_options.h"
#include "signal_pipe.h"

enum {
    EVENTS_MAX = 64,
    ACCEPT_MAX = 16,    /* in one go: other clients wait that long */
    FDS_MAX = 65536,    /* more are not asked for */
    FDS_OF_SERVER = 16, /* 0 to 2, the listener, the epoll set ... */
};

static const double back_off_seconds = 0.1; /* when accepting fails */

struct server {
    struct reactor_options options;
    int listen_fd;
    int epoll_fd;
    bool listening;      /* clients at the listener are reported */
    double accept_again; /* clock_now() when to try, after a failure */
    struct clients clients;
    int signal_fd;
    bool stopping;
    double deadline; /* clock_now() when what is not done is cut */
};

/* Have as many descriptors as we may.  Returns how many clients that is enough
   for: each may need one for its connection and one for its file. */
static int
find_clients_max(void)
{
    int limit = fd_limit_raise(FDS_MAX);
    if (limit == -1)
        err(1, "RLIMIT_NOFILE");
    int clients_max = (limit - FDS_OF_SERVER) / 2;
    log_event("room for %d clients: RLIMIT_NOFILE is %d", clients_max, limit);
    return clients_max;
}

static int
watch(const struct server *server, int operation, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(server->epoll_fd, operation, fd, &event);
}

static bool
has_room(const struct server *server)
{
    return server->clients.count < server->clients.max;
}

/* Have clients reported while one can be taken.  The listener stays in the
   epoll set: to change what is reported needs no memory. */
static void
update_listening(struct server *server)
{
    bool wanted = !server->stopping && has_room(server) &&
                  clock_now() >= server->accept_again;
    if (wanted == server->listening)
        return;
    if (watch(server, EPOLL_CTL_MOD, server->listen_fd, wanted ? EPOLLIN : 0) ==
        0) {
        server->listening = wanted;
        return;
    }
    log_event("epoll_ctl: %s", strerror(errno));
    server->accept_again = clock_now() + back_off_seconds;
}

/* Have what we send leave at once: else the end of a reply waits until the
   client has acknowledged what came before (tcp(7)). */
static void
set_no_delay(int client_fd)
{
    int on = 1;
    if (setsockopt(client_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
        log_event("TCP_NODELAY: %s", strerror(errno));
}

/* Accept the next client.  Returns false if there is none, or if we cannot. */
static bool
accept_one(struct server *server)
{
    int client_fd =
        accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client_fd != -1) {
        set_no_delay(client_fd);
        clients_add(&server->clients, client_fd);
        return true;
    }
    if (errno == EINTR || errno == ECONNABORTED)
        return true;
    if (errno != EAGAIN) {
        log_event("accept: %s", strerror(errno));
        server->accept_again = clock_now() + back_off_seconds;
    }
    return false;
}

static void
on_listen_readable(struct server *server)
{
    for (int i = 0; i < ACCEPT_MAX && has_room(server); i++)
        if (!accept_one(server))
            return;
}

/* Begin to end.  Who queues at the listener has been let in by the kernel: all
   of these clients are still accepted. */
static void
stop(struct server *server)
{
    const struct options *options = &server->options.common;
    server->stopping = true;
    server->deadline = clock_now() + clock_seconds(&options->drain_timeout);
    for (int i = 0; i < SOMAXCONN; i++) /* no queue is longer */
        if (!accept_one(server))
            break;
    close(server->listen_fd); /* leaves the epoll set by this */
    server->listening = false;
    if (options->exit == POOL_CANCEL)
        clients_cut(&server->clients);
    else
        clients_finish(&server->clients);
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
        clients_cut(&server->clients);
    else
        stop(server);
}

static void
check_deadline(struct server *server)
{
    if (clock_now() < server->deadline)
        return;
    log_event("drain time-out: cutting what is left");
    clients_cut(&server->clients);
    server->deadline = INFINITY;
}

static double
earlier(double a, double b)
{
    return a < b ? a : b;
}

/* Do what the time has come for.  Returns how long to wait for the next event,
   for epoll_wait(2). */
static int
on_time(struct server *server)
{
    double left = clients_sweep(&server->clients);
    check_deadline(server);
    update_listening(server);
    double now = clock_now();
    left = earlier(left, server->deadline - now);
    if (server->accept_again > now)
        left = earlier(left, server->accept_again - now);
    return left == INFINITY ? -1 : earlier(left, 3600) * 1000 + 1;
}

static void
on_ready(struct server *server, int ready_fd)
{
    if (ready_fd == server->listen_fd)
        on_listen_readable(server);
    else if (ready_fd == server->signal_fd)
        on_signal(server);
    else
        clients_on_ready(&server->clients, ready_fd);
}

/* Wait for clients, threads and signals, until all is done after a signal. */
static void
run(struct server *server)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int wait_ms = on_time(server);
        if (server->stopping && server->clients.count == 0)
            return;
        int n = epoll_wait(server->epoll_fd, events, EVENTS_MAX, wait_ms);
        if (n == -1 && errno != EINTR)
            err(1, "epoll_wait");
        for (int i = 0; i < n; i++)
            on_ready(server, events[i].data.fd);
    }
}

/* Say how it went.  Returns the exit status. */
static int
finish(struct server *server)
{
    clients_stop(&server->clients);
    close(server->epoll_fd);
    signal_pipe_close(SIG_IGN); /* it is over: they come too late */
    log_event("stopped: %ld clients served, %ld cut", server->clients.served,
              server->clients.cut);
    return server->clients.cut == 0 ? 0 : 1;
}

/* Open what the event loop waits for, and start the threads. */
static void
start(struct server *server)
{
    const struct options *options = &server->options.common;
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll_fd == -1)
        err(1, "epoll_create1");
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    server->signal_fd = signal_pipe_open(&signals);
    if (server->signal_fd == -1 ||
        watch(server, EPOLL_CTL_ADD, server->signal_fd, EPOLLIN) == -1)
        err(1, "signals");
    if (watch(server, EPOLL_CTL_ADD, server->listen_fd, 0) == -1)
        err(1, "epoll_ctl");
    if (clients_start(&server->clients, server->epoll_fd,
                      clock_seconds(&options->timeout), options->workers,
                      find_clients_max()) == -1)
        err(1, "workers");
}

int
main(int argc, char **argv)
{
    struct server server = {.deadline = INFINITY};
    reactor_options_parse(&server.options, argc, argv);
    const struct options *options = &server.options.common;
    if (process_init() == -1)
        err(1, "process");
    log_init();
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) == -1)
        err(1, "SIGPIPE"); /* a client that is gone is an error, no signal */
    if (chdir(options->directory) == -1)
        err(1, "%s", options->directory);
    if (server.options.daemon && daemon_begin() == -1)
        err(1, "daemon");
    server.listen_fd = listener_open(options->address, options->port);
    start(&server);
    listener_announce(server.listen_fd);
    if (server.options.daemon && daemon_detach() == -1)
        err(1, "daemon");
    run(&server);
    return finish(&server);
}
