/* clients.c: all clients of the ring. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clients.h"
#include "clock.h"
#include "log.h"

static const double finish_seconds = 1.0; /* for a client to close in the end */

static struct patience *
patience_with(struct clients *clients, const struct connection *connection)
{
    return connection->state == CONNECTION_FINISHING ? &clients->finishing
                                                     : &clients->silent;
}

/* How many bytes were sent that a client which takes no more has not
   acknowledged (tcp(7))? */
static int
count_unacknowledged(const struct connection *connection)
{
    int bytes = 0;
    if (connection->state == CONNECTION_REPLYING &&
        connection_waiting(connection) != NULL)
        ioctl(connection->fd, TIOCOUTQ, &bytes);
    return bytes;
}

/* A client has given a sign of life. */
static void
put_last(struct patience *patience, struct connection *connection)
{
    connection->since = clock_now();
    connection->unacknowledged = count_unacknowledged(connection);
    TAILQ_INSERT_TAIL(&patience->connections, connection, entry);
}

static void
expect_more(struct patience *patience, struct connection *connection)
{
    put_last(patience, connection);
    timer_start(&patience->timer, connection->since + patience->limit);
}

static void
drop_client(struct clients *clients, struct connection *connection)
{
    if (connection->cut)
        clients->cut++;
    else
        clients->served++;
    clients->count--;
    connection_end(connection);
}

/* Have the connection end as soon as its operation is done. */
static void
leave(struct patience *patience, struct connection *connection, bool cut)
{
    TAILQ_REMOVE(&patience->connections, connection, entry);
    connection->leaving = true;
    connection->cut = cut;
    const struct operation *waiting = connection_waiting(connection);
    if (waiting != NULL)
        ring_cancel(connection->ring, waiting);
}

/* An operation of a connection is done. */
static void
on_operation_done(void *context, int result, unsigned flags)
{
    struct connection *connection = context;
    struct clients *clients = connection->owner;
    if (connection->leaving) {
        connection_abandon(connection, result, flags);
        drop_client(clients, connection);
        return;
    }
    struct patience *before = patience_with(clients, connection);
    bool was_finishing = before == &clients->finishing;
    bool was_midway = connection_is_midway(connection);
    connection_on_done(connection, result, flags);
    if ((was_finishing && connection->state == CONNECTION_FINISHING) ||
        (was_midway && connection_is_midway(connection)))
        return; /* its time runs on: that of a request from its first byte */
    TAILQ_REMOVE(&before->connections, connection, entry);
    if (connection->state == CONNECTION_OVER)
        drop_client(clients, connection);
    else
        expect_more(patience_with(clients, connection), connection);
}

/* Does it keep us waiting? The kernel reports that a client takes more only
   when a third of its buffer is empty, and that can be of some megabytes: so
   one that acknowledges does not. */
static bool
keeps_us_waiting(const struct connection *connection)
{
    return connection_waiting(connection) != NULL &&
           (connection->unacknowledged == 0 ||
            count_unacknowledged(connection) >= connection->unacknowledged);
}

/* The time of the first one may be up.  It has given signs of life since the
   timer was started, or else it goes. */
static void
on_time(void *context)
{
    struct patience *patience = context;
    double now = clock_now();
    struct connection *first;
    while ((first = TAILQ_FIRST(&patience->connections)) != NULL &&
           first->since + patience->limit <= now) {
        if (keeps_us_waiting(first)) {
            if (first->state != CONNECTION_FINISHING)
                log_event("client %s: %s", first->name, strerror(ETIMEDOUT));
            leave(patience, first, false);
        } else {
            TAILQ_REMOVE(&patience->connections, first, entry);
            put_last(patience, first);
        }
    }
    if (first != NULL)
        timer_start(&patience->timer, first->since + patience->limit);
}

static void
patience_init(struct patience *patience, struct ring *ring, double limit)
{
    TAILQ_INIT(&patience->connections);
    patience->limit = limit;
    timer_init(&patience->timer, ring, on_time, patience);
}

int
clients_open(struct clients *clients, struct ring *ring, double timeout)
{
    *clients = (struct clients){.ring = ring};
    patience_init(&clients->silent, ring, timeout);
    patience_init(&clients->finishing, ring, finish_seconds);
    clients->connections =
        calloc(sysconf(_SC_OPEN_MAX), sizeof *clients->connections);
    return clients->connections == NULL ? -1 : 0;
}

void
clients_add(struct clients *clients, int client_fd)
{
    struct connection *connection = &clients->connections[client_fd];
    connection_begin(connection, clients->ring, client_fd, on_operation_done);
    connection->owner = clients;
    connection->ending = clients->ending;
    clients->count++;
    expect_more(&clients->silent, connection);
    if (clients->cutting)
        leave(&clients->silent, connection, true);
}

/* Put a connection to where its state belongs. */
static void
finish_one(struct clients *clients, struct connection *connection)
{
    connection_finish(connection);
    if (connection->state != CONNECTION_FINISHING)
        return;
    TAILQ_REMOVE(&clients->silent.connections, connection, entry);
    expect_more(&clients->finishing, connection);
}

void
clients_finish(struct clients *clients)
{
    struct connection *next;
    clients->ending = true;
    for (struct connection *connection =
             TAILQ_FIRST(&clients->silent.connections);
         connection != NULL; connection = next) {
        next = TAILQ_NEXT(connection, entry);
        finish_one(clients, connection);
    }
}

void
clients_refuse(struct clients *clients, int client_fd)
{
    char name[NET_NAME_SIZE];
    net_peer_name(client_fd, name);
    log_event("client %s: cut, there is no room for it", name);
    close(client_fd);
    clients->cut++;
}

static void
cut_all(struct patience *patience)
{
    struct connection *connection;
    while ((connection = TAILQ_FIRST(&patience->connections)) != NULL)
        leave(patience, connection, true);
}

void
clients_cut(struct clients *clients)
{
    clients->cutting = true;
    cut_all(&clients->silent);
    cut_all(&clients->finishing);
}

void
clients_close(struct clients *clients)
{
    free(clients->connections);
}
