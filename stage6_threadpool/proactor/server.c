/* server.c: the kernel does the work and reports what it has done.  The same
   service a third way round: one thread submits operations to a ring, and is
   told when they are done.  It asks nobody whether a client is ready; it makes
   next to no system calls; and there are no threads of ours that could wait.

   Run it: ./server_proactor, and in another terminal: ./client FILE See also:
   ring.c for the ring; connection.c for what happens with one client; clients.c
   for all of them. */

#include <err.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients.h"
#include "clock.h"
#include "fd_limit.h"
#include "listener.h"
#include "log.h"
#include "proactor_options.h"
#include "process.h"
#include "ring.h"
#include "signal_pipe.h"
#include "timer.h"

enum {
    FDS_MAX = 65536,    /* more are not asked for */
    FDS_OF_SERVER = 16, /* 0 to 2, the listener, the ring ... */
};

static const double back_off_seconds = 0.1; /* when accepting fails */

struct server {
    struct options options;
    struct ring ring;
    struct clients clients;
    int clients_max;
    int listen_fd; /* -1: closed */
    struct operation accept;
    bool accepting;   /* the operation is under way */
    bool backing_off; /* accepting has failed just now */
    struct timer back_off;
    int signal_fd;
    struct operation signal;
    bool stopping;
    struct timer deadline; /* when what is not done is cut */
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

/* Begin to accept: one submission, and a completion for each client, until
   there is one without IORING_CQE_F_MORE. */
static void
start_accepting(struct server *server)
{
    struct io_uring_sqe *submission = ring_submission(&server->ring);
    io_uring_prep_multishot_accept(submission, server->listen_fd, NULL, NULL,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
    ring_expect(submission, &server->accept);
    server->accepting = true;
}

/* Accept while a client can be taken, and only then.  Those that come in before
   accepting is cancelled are taken, too. */
static void
update_accepting(struct server *server)
{
    bool wanted = !server->stopping && !server->backing_off &&
                  server->clients.count < server->clients_max;
    if (wanted && !server->accepting)
        start_accepting(server);
    else if (!wanted && server->accepting)
        ring_cancel(&server->ring, &server->accept);
}

/* Accepting is over, and we are to stop.  Who queues at the listener has been
   let in by the kernel: these clients are still accepted, and
   cut if there is no room. */
static void
close_listener(struct server *server)
{
    for (int i = 0; i < SOMAXCONN; i++) { /* no queue is longer */
        int client_fd = accept4(server->listen_fd, NULL, NULL,
                                SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client_fd == -1)
            break;
        if (server->clients.count < server->clients_max)
            clients_add(&server->clients, client_fd);
        else
            clients_refuse(&server->clients, client_fd);
    }
    close(server->listen_fd);
    server->listen_fd = -1;
}

/* Back off if it is ourselves who cannot take anyone. */
static void
on_accept_failed(struct server *server, int error)
{
    if (error == ECANCELED || error == EINTR || error == ECONNABORTED)
        return;
    log_event("accept: %s", strerror(error));
    server->backing_off = true;
    timer_start(&server->back_off, clock_now() + back_off_seconds);
}

static void
on_accepted(void *context, int result, unsigned flags)
{
    struct server *server = context;
    server->accepting = (flags & IORING_CQE_F_MORE) != 0;
    if (result >= 0)
        clients_add(&server->clients, result);
    else
        on_accept_failed(server, -result);
    if (server->stopping && !server->accepting)
        close_listener(server);
}

static void
on_backed_off(void *context)
{
    struct server *server = context;
    server->backing_off = false;
}

static void
await_signal(struct server *server)
{
    struct io_uring_sqe *submission = ring_submission(&server->ring);
    io_uring_prep_poll_add(submission, server->signal_fd, POLLIN);
    ring_expect(submission, &server->signal);
}

/* Begin to end. */
static void
stop(struct server *server)
{
    const struct options *options = &server->options;
    server->stopping = true;
    timer_start(&server->deadline,
                clock_now() + clock_seconds(&options->drain_timeout));
    if (options->exit == POOL_CANCEL)
        clients_cut(&server->clients);
    else
        clients_finish(&server->clients);
    if (!server->accepting)
        close_listener(server);
}

/* The first signal begins the end, the next one cuts it short. */
static void
on_signal(void *context, __attribute__((unused)) int result,
          __attribute__((unused)) unsigned flags)
{
    struct server *server = context;
    await_signal(server); /* there may be several */
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
on_deadline(void *context)
{
    struct server *server = context;
    log_event("drain time-out: cutting what is left");
    clients_cut(&server->clients);
}

/* Submit and react, until all is done after a signal. */
static void
run(struct server *server)
{
    while (!server->stopping || server->listen_fd != -1 ||
           server->clients.count > 0) {
        update_accepting(server);
        if (ring_turn(&server->ring) == -1 && errno != EINTR)
            err(1, "io_uring_enter");
    }
}

/* Say how it went.  Returns the exit status. */
static int
finish(struct server *server)
{
    clients_close(&server->clients);
    ring_close(&server->ring);
    signal_pipe_close(SIG_IGN); /* it is over: they come too late */
    log_event("stopped: %ld clients served, %ld cut", server->clients.served,
              server->clients.cut);
    return server->clients.cut == 0 ? 0 : 1;
}

static void
start(struct server *server)
{
    const struct options *options = &server->options;
    if (ring_open(&server->ring, options->workers) == -1)
        err(1, "io_uring: %s", ring_remedy(errno));
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    server->signal_fd = signal_pipe_open(&signals);
    if (server->signal_fd == -1)
        err(1, "signals");
    server->clients_max = find_clients_max();
    if (clients_open(&server->clients, &server->ring,
                     clock_seconds(&options->timeout)) == -1)
        err(1, "clients");
    server->accept = (struct operation){on_accepted, server};
    server->signal = (struct operation){on_signal, server};
    timer_init(&server->back_off, &server->ring, on_backed_off, server);
    timer_init(&server->deadline, &server->ring, on_deadline, server);
    await_signal(server);
}

int
main(int argc, char **argv)
{
    struct server server = {0};
    proactor_options_parse(&server.options, argc, argv);
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
    /* What we send leaves at once: else the end of a reply waits until the
       client has acknowledged what came before (tcp(7)).  The sockets of
       clients inherit it. */
    int on = 1;
    if (setsockopt(server.listen_fd, IPPROTO_TCP, TCP_NODELAY, &on,
                   sizeof on) == -1)
        err(1, "TCP_NODELAY");
    start(&server);
    listener_announce(server.listen_fd);
    run(&server);
    return finish(&server);
}
