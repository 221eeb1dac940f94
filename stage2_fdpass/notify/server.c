/* server.c: workers that come and accept for themselves (half-sync,
   half-async).  The same service as server.c, the other way round: workers
   inherit the listener; the parent, when somebody has come, only tells the next
   worker in turn.  Each worker has an event loop for all of its clients, so it
   is never "busy", and no socket is passed.  Good for many clients that say
   little: they cost a few bytes each and no process.  But a client that is hard
   to serve keeps all other clients of its worker waiting.

   Run it:  ./server_notify, and in another terminal: ./client
   See also: worker.c for the workers; conversation.c for what happens with a
   client; server.c. */

#include <err.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "listener.h"
#include "log.h"
#include "options.h"
#include "process.h"
#include "signal_pipe.h"
#include "worker.h"

enum { EVENTS_MAX = 2 };

static const double youth_seconds = 1.0;  /* who dies younger is ill */
static const double retry_seconds = 0.25; /* for what failed to work again */
static const double stop_seconds = 3.0;   /* for workers to end, when told to */

struct worker {
    pid_t pid;      /* 0: none at the moment */
    int channel_fd; /* our end */
    double started; /* clock_now() */
};

struct server {
    struct options options;
    int listen_fd;
    int epoll_fd;
    int signal_fd;
    struct worker *workers;
    int next;   /* whose turn it is */
    int living; /* workers that have a process */
    bool stopping;
    double act_at; /* clock_now() when on_time has to act, INFINITY: never */
};

/* Close what a new worker inherits and has no use for.  A channel of a sibling
   that stayed open here would never read as ended there. */
static void
close_inherited(const struct server *server)
{
    for (int i = 0; i < server->options.workers; i++)
        if (server->workers[i].pid != 0)
            close(server->workers[i].channel_fd);
    close(server->epoll_fd);
    signal_pipe_close(SIG_DFL);
}

/* Start a process for an empty entry.  Signals are blocked until it has
   handlers and a pipe of its own.  Returns 0, -1 with errno. */
static int
start_worker(struct server *server, struct worker *worker)
{
    int channel[2]; /* ours, the worker's */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) == -1)
        return -1;
    sigset_t signals = signal_pipe_signals();
    sigset_t before;
    sigprocmask(SIG_BLOCK, &signals, &before);
    pid_t pid = fork();
    if (pid == 0) {
        close(channel[0]);
        close_inherited(server);
        worker_main(server->listen_fd, channel[1], &server->options.timeout);
    }
    int saved_errno = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(channel[1]);
    if (pid == -1) {
        close(channel[0]);
        errno = saved_errno;
        return -1;
    }
    *worker = (struct worker){
        .pid = pid,
        .channel_fd = channel[0],
        .started = clock_now(),
    };
    server->living++;
    log_event("worker %d started", pid);
    return 0;
}

/* Do what is missing so many seconds from now.  The time is a fixed one: a wait
   that began anew with each event would not end while clients keep coming. */
static void
retry_in(struct server *server, double seconds)
{
    double retry_at = clock_now() + seconds;
    if (!server->stopping && retry_at < server->act_at)
        server->act_at = retry_at;
}

/* Tell the next worker that somebody has come.  Entries without a process are
   passed over, and so are workers that cannot be told now. */
static void
notify_next(struct server *server)
{
    for (int i = 0; i < server->options.workers; i++) {
        struct worker *worker = &server->workers[server->next];
        server->next = (server->next + 1) % server->options.workers;
        if (worker->pid != 0 && send(worker->channel_fd, "c", 1,
                                     MSG_DONTWAIT | MSG_NOSIGNAL) == 1) {
            log_event("worker %d: come and accept", worker->pid);
            return;
        }
    }
    retry_in(server, retry_seconds);
}

/* Start what is missing.  Somebody may have come while nobody was there to be
   told, or who was told has died. */
static void
fill_entries(struct server *server)
{
    for (int i = 0; i < server->options.workers; i++) {
        struct worker *worker = &server->workers[i];
        if (worker->pid == 0 && start_worker(server, worker) == -1) {
            log_event("no new worker: %s", strerror(errno));
            retry_in(server, retry_seconds);
        }
    }
    notify_next(server);
}

/* Reap all workers that have ended, and have them replaced. */
static void
reap_workers(struct server *server)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        log_process_end("worker", pid, status);
        for (int i = 0; i < server->options.workers; i++) {
            struct worker *worker = &server->workers[i];
            if (worker->pid != pid)
                continue;
            close(worker->channel_fd);
            worker->pid = 0;
            server->living--;
            bool young = clock_now() - worker->started < youth_seconds;
            retry_in(server, young ? retry_seconds : 0);
        }
    }
}

static void
signal_workers(const struct server *server, int signal_number)
{
    for (int i = 0; i < server->options.workers; i++)
        if (server->workers[i].pid != 0)
            kill(server->workers[i].pid, signal_number);
}

/* Stop accepting, and tell the workers to end. */
static void
stop(struct server *server)
{
    server->stopping = true;
    server->act_at = clock_now() + stop_seconds;
    close(server->listen_fd);
    server->listen_fd = -1;
    signal_workers(server, SIGTERM);
}

/* The first signal begins the end, the next one cuts it short. */
static void
on_signal(struct server *server)
{
    int signal_number = signal_pipe_receive(server->signal_fd);
    if (signal_number == SIGCHLD) {
        reap_workers(server);
    } else if (signal_number != 0) {
        log_event("%s: %s", strsignal(signal_number),
                  server->stopping ? "killing what is left" : "stopping");
        if (server->stopping)
            signal_workers(server, SIGKILL);
        else
            stop(server);
    }
}

static void
on_time(struct server *server)
{
    if (clock_now() < server->act_at)
        return;
    server->act_at = INFINITY;
    if (!server->stopping) {
        fill_entries(server);
    } else {
        log_event("workers do not end: killing what is left");
        signal_workers(server, SIGKILL);
    }
}

/* How long to wait for events, for epoll_wait(2). */
static int
time_left_ms(const struct server *server)
{
    double left = server->act_at - clock_now();
    if (left == INFINITY)
        return -1;
    return left > 0 ? left * 1000 + 1 : 0;
}

/* Wait for clients and signals until all workers have been sent home. */
static void
run(struct server *server)
{
    struct epoll_event events[EVENTS_MAX];
    while (!server->stopping || server->living > 0) {
        int n = epoll_wait(server->epoll_fd, events, EVENTS_MAX,
                           time_left_ms(server));
        if (n == -1 && errno != EINTR)
            err(1, "epoll_wait");
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == server->signal_fd)
                on_signal(server);
            else if (!server->stopping)
                notify_next(server);
        }
        on_time(server);
    }
}

/* Watch an fd.  Edge-triggered, the listener is reported once for each time
   that clients come, and not again and again until a worker has accepted
   them. */
static void
watch(const struct server *server, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == -1)
        err(1, "epoll_ctl");
}

/* Have signals come as events: those that end the server, and that a worker has
   ended.  Returns the fd, -1 with errno. */
static int
open_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signal_pipe_open(&signals);
}

int
main(int argc, char **argv)
{
    struct server server = {.act_at = INFINITY};
    options_parse(&server.options, argc, argv);
    if (process_init() == -1)
        err(1, "process");
    log_init();
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) == -1)
        err(1, "SIGPIPE");
    server.listen_fd =
        listener_open(server.options.address, server.options.port);
    server.signal_fd = open_signals();
    server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server.workers = calloc(server.options.workers, sizeof *server.workers);
    if (server.signal_fd == -1 || server.epoll_fd == -1 ||
        server.workers == NULL)
        err(1, "start");
    for (int i = 0; i < server.options.workers; i++)
        if (start_worker(&server, &server.workers[i]) == -1)
            err(1, "workers");
    watch(&server, server.signal_fd, EPOLLIN);
    watch(&server, server.listen_fd, EPOLLIN | EPOLLET);
    listener_announce(server.listen_fd);
    run(&server);
    close(server.epoll_fd);
    signal_pipe_close(SIG_IGN); /* it is over: they come too late */
    free(server.workers);
}
