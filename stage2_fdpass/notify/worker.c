/* worker.c: a worker with an event loop of its own, for many clients. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "conversation.h"
#include "log.h"
#include "net.h"
#include "signal_pipe.h"
#include "worker.h"

enum { EVENTS_MAX = 64 };

static const double finish_seconds = 1.0; /* for a client to close in the end */
static const double back_off_seconds = 0.1; /* when accepting fails */

struct client {
    struct conversation conversation;
    double heard; /* clock_now() when it did something */
    struct client *next;
    struct client *previous;
};

struct worker {
    int listen_fd; /* -1: accepts no more */
    int channel_fd;
    int signal_fd;
    int epoll_fd;
    struct timeval timeout;
    double silence;        /* the same in seconds, INFINITY: never */
    double accept_again;   /* clock_now() when to try, INFINITY: need not */
    struct client clients; /* a ring: this one is no client */
};

static double
earlier(double a, double b)
{
    return a < b ? a : b;
}

static int
set_watch(const struct worker *worker, int operation, int fd, unsigned events,
          void *what)
{
    struct epoll_event event = {.events = events, .data.ptr = what};
    return epoll_ctl(worker->epoll_fd, operation, fd, &event);
}

static void
client_drop(const struct worker *worker, struct client *client)
{
    int fd = client->conversation.fd;
    epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
    client->previous->next = client->next;
    client->next->previous = client->previous;
    free(client);
}

/* Take up a client that was accepted.  Returns 0, -1 with errno. */
static int
client_add(struct worker *worker, int client_fd)
{
    struct client *client = malloc(sizeof *client);
    if (client == NULL)
        return -1;
    if (set_watch(worker, EPOLL_CTL_ADD, client_fd, EPOLLIN, client) == -1) {
        free(client);
        return -1;
    }
    conversation_begin(&client->conversation, client_fd);
    client->heard = clock_now();
    client->next = worker->clients.next;
    client->previous = &worker->clients;
    client->next->previous = client;
    worker->clients.next = client;
    log_event("client %s is fd %d here", client->conversation.name, client_fd);
    return 0;
}

/* Accept all clients that wait.  The parent was told of a burst of clients only
   once, and so were we: a client left now would wait for the next one to
   come. */
static void
accept_all(struct worker *worker)
{
    worker->accept_again = INFINITY;
    for (;;) {
        int client_fd = net_accept(worker->listen_fd, &worker->timeout);
        if (client_fd == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client_fd != -1 && client_add(worker, client_fd) == 0)
            continue;
        if (errno == EAGAIN)
            return;
        log_event("accept: %s", strerror(errno));
        worker->accept_again = clock_now() + back_off_seconds;
        if (client_fd != -1)
            close(client_fd);
        return;
    }
}

static void
on_client(const struct worker *worker, struct client *client)
{
    struct conversation *conversation = &client->conversation;
    enum conversation_state before = conversation->state;
    client->heard = clock_now();
    conversation_go_on(conversation);
    if (conversation->state == CONVERSATION_OVER)
        client_drop(worker, client);
    else if (conversation->state != before)
        set_watch(worker, EPOLL_CTL_MOD, conversation->fd,
                  conversation->state == CONVERSATION_WRITING ? EPOLLOUT
                                                              : EPOLLIN,
                  client);
}

static void
stop_accepting(struct worker *worker)
{
    if (worker->listen_fd == -1)
        return;
    close(worker->listen_fd);
    worker->listen_fd = -1;
    worker->accept_again = INFINITY;
}

/* The parent says that somebody is at the listener, or is gone. */
static void
on_channel(struct worker *worker)
{
    char bytes[EVENTS_MAX];
    ssize_t n = recv(worker->channel_fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0 && worker->listen_fd != -1)
        accept_all(worker);
    if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
        return;
    stop_accepting(worker);
    epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, worker->channel_fd, NULL);
}

/* Let clients go that have been silent for too long.  Returns the seconds until
   the next one may have been. */
static double
sweep(const struct worker *worker)
{
    double now = clock_now();
    double left = INFINITY;
    struct client *next;
    for (struct client *client = worker->clients.next;
         client != &worker->clients; client = next) {
        struct conversation *conversation = &client->conversation;
        bool finishing = conversation->state == CONVERSATION_FINISHING;
        double limit = finishing ? finish_seconds : worker->silence;
        next = client->next;
        if (now - client->heard < limit) {
            left = earlier(left, client->heard + limit - now);
            continue;
        }
        log_event("client %s: %ld lines, %s", conversation->name,
                  conversation->lines, strerror(ETIMEDOUT));
        client_drop(worker, client);
    }
    return left;
}

/* How long to wait for events, for epoll_wait(2). */
static int
wait_ms(const struct worker *worker)
{
    double left = earlier(sweep(worker), worker->accept_again - clock_now());
    if (left == INFINITY)
        return -1;
    return left > 0 ? earlier(left, 3600) * 1000 + 1 : 0;
}

/* Serve until SIGTERM, or until nobody is left to serve. */
static void
serve_clients(struct worker *worker)
{
    struct epoll_event events[EVENTS_MAX];
    while (worker->listen_fd != -1 ||
           worker->clients.next != &worker->clients) {
        int n =
            epoll_wait(worker->epoll_fd, events, EVENTS_MAX, wait_ms(worker));
        for (int i = 0; i < n; i++) {
            void *what = events[i].data.ptr;
            if (what == &worker->signal_fd) {
                if (signal_pipe_receive(worker->signal_fd) == SIGTERM)
                    return;
            } else if (what == &worker->channel_fd) {
                on_channel(worker);
            } else {
                on_client(worker, what);
            }
        }
        if (clock_now() >= worker->accept_again)
            accept_all(worker);
    }
}

void
worker_main(int listen_fd, int channel_fd, const struct timeval *timeout)
{
    sigset_t signals = signal_pipe_signals();
    double silence = timeout->tv_sec + timeout->tv_usec / 1e6;
    struct worker worker = {
        .listen_fd = listen_fd,
        .channel_fd = channel_fd,
        .signal_fd = signal_pipe_open(&signals),
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
        .timeout = *timeout,
        .silence = silence > 0 ? silence : INFINITY,
        .accept_again = INFINITY,
    };
    worker.clients.next = worker.clients.previous = &worker.clients;
    if (worker.signal_fd == -1 || worker.epoll_fd == -1 ||
        sigprocmask(SIG_UNBLOCK, &signals, NULL) == -1 ||
        set_watch(&worker, EPOLL_CTL_ADD, worker.signal_fd, EPOLLIN,
                  &worker.signal_fd) == -1 ||
        set_watch(&worker, EPOLL_CTL_ADD, channel_fd, EPOLLIN,
                  &worker.channel_fd) == -1) {
        log_event("worker: %s", strerror(errno));
        _exit(1);
    }
    serve_clients(&worker);
    while (worker.clients.next != &worker.clients)
        client_drop(&worker, worker.clients.next);
    stop_accepting(&worker);
    close(channel_fd);
    close(worker.epoll_fd);
    signal_pipe_close(SIG_IGN);
    _exit(0);
}
