/* clients.c: all clients of an event loop. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clients.h"
#include "clock.h"
#include "log.h"

static const double finish_seconds = 1.0; /* for a client to close in the end */

/* What a thread does with a job. */
static void
work(void *context, int client_fd)
{
    const struct clients *clients = context;
    connection_work(&clients->connections[client_fd]);
}

static struct waiting *
list_of(struct clients *clients, const struct connection *connection)
{
    return connection->state == CONNECTION_FINISHING ? &clients->finishing
                                                     : &clients->silent;
}

static void
drop(struct clients *clients, struct connection *connection, bool cut)
{
    if (cut)
        clients->cut++;
    else
        clients->served++;
    clients->count--;
    close(connection->fd); /* leaves the epoll set by this: nobody has a copy */
    connection_end(connection);
}

/* Have it reported when the client can be read, or written if something is
   unsent.  EPOLLONESHOT: it is reported once, and until the next call nothing
   is, not even an error, while a thread has the connection. */
static int
watch_client(const struct clients *clients, int operation,
             const struct connection *connection)
{
    struct epoll_event event = {.data.fd = connection->fd};
    if (connection->state == CONNECTION_WRITING)
        event.events = EPOLLOUT | EPOLLONESHOT;
    else if (connection->state == CONNECTION_READING)
        event.events = EPOLLIN | EPOLLONESHOT;
    else
        event.events = EPOLLIN; /* FINISHING: no thread will have it again */
    return epoll_ctl(clients->epoll_fd, operation, connection->fd, &event);
}

/* How many bytes were sent that the client has not acknowledged (tcp(7)). */
static int
count_unacknowledged(int client_fd)
{
    int bytes;
    return ioctl(client_fd, TIOCOUTQ, &bytes) == -1 ? 0 : bytes;
}

/* Wait for a client, and remember since when. */
static void
wait_for(struct clients *clients, struct connection *connection, int operation)
{
    if (watch_client(clients, operation, connection) == -1) {
        log_event("client %s: %s", connection->name, strerror(errno));
        drop(clients, connection, true);
        return;
    }
    connection->since = clock_now();
    connection->unacknowledged = count_unacknowledged(connection->fd);
    TAILQ_INSERT_TAIL(list_of(clients, connection), connection, entry);
}

/* A step is done: see to it that the next one comes. */
static void
go_on(struct clients *clients, struct connection *connection)
{
    if (connection->state == CONNECTION_OVER)
        drop(clients, connection, false);
    else if (connection->state == CONNECTION_WORKING)
        workers_submit(&clients->workers, connection->fd);
    else
        wait_for(clients, connection, EPOLL_CTL_MOD);
}

int
clients_start(struct clients *clients, int epoll_fd, double timeout,
              int threads, int max)
{
    *clients = (struct clients){
        .epoll_fd = epoll_fd,
        .timeout = timeout,
        .max = max,
    };
    TAILQ_INIT(&clients->silent);
    TAILQ_INIT(&clients->finishing);
    clients->connections =
        calloc(sysconf(_SC_OPEN_MAX), sizeof *clients->connections);
    if (clients->connections == NULL ||
        workers_start(&clients->workers, threads, max, work, clients) == -1)
        return -1;
    struct epoll_event event = {
        .events = EPOLLIN,
        .data.fd = clients->workers.event_fd,
    };
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event.data.fd, &event);
}

void
clients_add(struct clients *clients, int client_fd)
{
    struct connection *connection = &clients->connections[client_fd];
    connection_begin(connection, client_fd);
    clients->count++;
    if (clients->count > clients->max) {
        log_event("client %s: cut, there is no room for it", connection->name);
        drop(clients, connection, true);
        return;
    }
    log_event("client %s is fd %d here", connection->name, client_fd);
    wait_for(clients, connection, EPOLL_CTL_ADD);
}

/* Threads have done their part. */
static void
on_done(struct clients *clients)
{
    int fd;
    workers_acknowledge(&clients->workers);
    while (workers_collect(&clients->workers, &fd)) {
        struct connection *connection = &clients->connections[fd];
        if (clients->ending)
            connection_finish(connection);
        if (clients->cutting)
            drop(clients, connection, true);
        else
            go_on(clients, connection);
    }
}

void
clients_on_ready(struct clients *clients, int ready_fd)
{
    if (ready_fd == clients->workers.event_fd) {
        on_done(clients);
        return;
    }
    struct connection *connection = &clients->connections[ready_fd];
    if (connection->state == CONNECTION_OVER)
        return; /* dropped since this was reported */
    struct waiting *waiting = list_of(clients, connection);
    bool midway = connection_is_midway(connection);
    connection_on_ready(connection);
    if (connection->state == CONNECTION_FINISHING)
        return; /* and its time runs on */
    if (midway && connection_is_midway(connection) &&
        watch_client(clients, EPOLL_CTL_MOD, connection) == 0)
        return; /* so does that of a request, from its first byte */
    TAILQ_REMOVE(waiting, connection, entry);
    go_on(clients, connection);
}

/* Does the client take what it was sent, though so slowly that the socket is
   not yet reported?  It is writable when a third of its buffer is empty, and
   that can be of some megabytes. */
static bool
has_moved(struct connection *connection)
{
    int before = connection->unacknowledged;
    connection->unacknowledged = count_unacknowledged(connection->fd);
    return connection->unacknowledged < before;
}

/* Drop those of a list who have done nothing for so long.  Returns the seconds
   until the next one will have been. */
static double
sweep(struct clients *clients, struct waiting *waiting, double limit)
{
    double now = clock_now();
    struct connection *connection;
    while ((connection = TAILQ_FIRST(waiting)) != NULL) {
        double left = connection->since + limit - now;
        if (left > 0)
            return left;
        TAILQ_REMOVE(waiting, connection, entry);
        if (has_moved(connection)) {
            connection->since = now;
            TAILQ_INSERT_TAIL(waiting, connection, entry);
            continue;
        }
        if (connection->state != CONNECTION_FINISHING)
            log_event("client %s: %s", connection->name, strerror(ETIMEDOUT));
        drop(clients, connection, false);
    }
    return INFINITY;
}

double
clients_sweep(struct clients *clients)
{
    double silent = sweep(clients, &clients->silent, clients->timeout);
    double finishing = sweep(clients, &clients->finishing, finish_seconds);
    return silent < finishing ? silent : finishing;
}

void
clients_finish(struct clients *clients)
{
    struct connection *connection;
    struct connection *next;
    clients->ending = true;
    for (connection = TAILQ_FIRST(&clients->silent); connection != NULL;
         connection = next) {
        next = TAILQ_NEXT(connection, entry);
        if (!connection_is_idle(connection))
            continue;
        TAILQ_REMOVE(&clients->silent, connection, entry);
        connection_finish(connection);
        go_on(clients, connection);
    }
}

static void
cut_waiting(struct clients *clients, struct waiting *waiting)
{
    struct connection *connection;
    while ((connection = TAILQ_FIRST(waiting)) != NULL) {
        TAILQ_REMOVE(waiting, connection, entry);
        drop(clients, connection, true);
    }
}

void
clients_cut(struct clients *clients)
{
    clients->cutting = true;
    cut_waiting(clients, &clients->silent);
    cut_waiting(clients, &clients->finishing);
}

void
clients_stop(struct clients *clients)
{
    workers_stop(&clients->workers);
    free(clients->connections);
}
