/* connection.c: what happens with one client, step by step.

     READING ----> WORKING ----> WRITING     a request is there; all that the
        ^             |  ^          |        client takes now has been sent
        +-------------+  +----------+        all is sent; it takes more again

   and from each of them to FINISHING, if the client is to be told to go, or to
   OVER. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "file_name.h"
#include "io.h"
#include "log.h"

enum { MESSAGE_SIZE = 512 };

static void
end(struct connection *connection, const char *why)
{
    log_event("client %s: %s", connection->name, why);
    connection->state = CONNECTION_OVER;
}

/* The conversation cannot go on.  A half-close and some patience let the client
   read what it was sent: see net_finish. */
static void
begin_finishing(struct connection *connection, const char *why)
{
    end(connection, why);
    if (shutdown(connection->fd, SHUT_WR) == 0)
        connection->state = CONNECTION_FINISHING;
}

/* Drop what has been dealt with. */
static void
drop_from_inbox(struct exchange *exchange, size_t length)
{
    exchange->count -= length;
    memmove(exchange->inbox, exchange->inbox + length, exchange->count);
}

/* Drop what has come of a train that is not wanted.  It is answered when all of
   it is past. */
static enum request_kind
skip(struct exchange *exchange)
{
    size_t length = exchange->count < exchange->to_skip ? exchange->count
                                                        : exchange->to_skip;
    drop_from_inbox(exchange, length);
    exchange->to_skip -= length;
    return exchange->to_skip == 0 ? REQUEST_TOO_LONG : REQUEST_NONE;
}

/* Take the next request out of the inbox, if all of it has come. */
static enum request_kind
take_request(struct exchange *exchange)
{
    if (exchange->to_skip > 0)
        return skip(exchange);
    if (exchange->count < TRAIN_HEADER)
        return REQUEST_NONE;
    uint32_t header;
    memcpy(&header, exchange->inbox, sizeof header);
    size_t length = ntohl(header);
    if (length > TRAIN_MAX)
        return REQUEST_NO_TRAIN;
    if (length > NAME_MAX) {
        exchange->to_skip = length;
        drop_from_inbox(exchange, TRAIN_HEADER);
        return skip(exchange);
    }
    if (exchange->count < TRAIN_HEADER + length)
        return REQUEST_NONE;
    memcpy(exchange->asked, exchange->inbox + TRAIN_HEADER, length);
    exchange->asked[length] = '\0';
    exchange->asked_length = length;
    drop_from_inbox(exchange, TRAIN_HEADER + length);
    return REQUEST_NAME;
}

/* Is the client in the middle of a request? */
static bool
is_midway(const struct exchange *exchange)
{
    return exchange->count > 0 || exchange->to_skip > 0;
}

static void
free_exchange(struct connection *connection)
{
    if (connection->exchange != NULL)
        reply_close(&connection->exchange->reply);
    free(connection->exchange);
    connection->exchange = NULL;
}

/* Look for a request: one read can bring half of one as well as several.  If
   there is nothing, no memory is kept for it. */
static void
next_request(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    exchange->request = take_request(exchange);
    connection->state = exchange->request == REQUEST_NONE ? CONNECTION_READING
                                                          : CONNECTION_WORKING;
    if (exchange->request == REQUEST_NONE && !is_midway(exchange))
        free_exchange(connection);
}

/* Make room for what the client says.  Returns 0, -1 with errno. */
static int
begin_exchange(struct connection *connection)
{
    if (connection->exchange != NULL)
        return 0;
    connection->exchange = calloc(1, sizeof *connection->exchange);
    if (connection->exchange == NULL)
        return -1;
    reply_init(&connection->exchange->reply);
    return 0;
}

static void
on_readable(struct connection *connection)
{
    if (begin_exchange(connection) == -1) {
        end(connection, strerror(errno));
        return;
    }
    struct exchange *exchange = connection->exchange;
    ssize_t n = recv(connection->fd, exchange->inbox + exchange->count,
                     sizeof exchange->inbox - exchange->count, 0);
    if (n > 0) {
        exchange->count += n;
        next_request(connection);
    } else if (n == 0) {
        end(connection, is_midway(exchange) ? strerror(EPIPE) : "done");
    } else if (errno != EAGAIN && errno != EINTR) {
        end(connection, strerror(errno));
    }
}

/* Discard what a client sends after it was told to go. */
static void
on_readable_finishing(struct connection *connection)
{
    char dropped[4096];
    ssize_t n = recv(connection->fd, dropped, sizeof dropped, 0);
    if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
        connection->state = CONNECTION_OVER;
}

/* Refuse.  subject is what was asked for, or what else is wrong. */
static void
refuse(struct connection *connection, const char *subject, const char *reason)
{
    char message[MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s: %s", subject, reason);
    log_event("client %s: refused %s", connection->name, message);
    reply_refuse(&connection->exchange->reply, message);
}

/* Answer with the file that was asked for, if it can be had. */
static void
answer_name(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    const char *name = exchange->asked;
    if (!file_name_is_plain(name, exchange->asked_length)) {
        refuse(connection, name, "not a plain file name");
        return;
    }
    struct served_file file;
    const char *reason = served_file_open(&file, name);
    if (reason == NULL)
        reply_file(&exchange->reply, name, &file);
    else
        refuse(connection, name, reason);
}

static void
answer(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    switch (exchange->request) {
    case REQUEST_NONE:
        return;
    case REQUEST_NAME:
        answer_name(connection);
        break;
    case REQUEST_TOO_LONG:
        refuse(connection, "name", "longer than 255 bytes");
        break;
    case REQUEST_NO_TRAIN:
        refuse(connection, "train", "longer than 1048576 bytes");
        exchange->last = true;
        break;
    }
    exchange->request = REQUEST_NONE;
}

/* All of an answer is sent: go on to the next request. */
static void
on_sent(struct connection *connection)
{
    const struct exchange *exchange = connection->exchange;
    if (exchange->reply.is_file)
        log_event("client %s: sent %s, %jd bytes", connection->name,
                  exchange->asked, (intmax_t)exchange->reply.offset);
    connection->answered = true;
    if (exchange->last)
        begin_finishing(connection, strerror(EMSGSIZE));
    else
        next_request(connection);
}

void
connection_begin(struct connection *connection, int client_fd)
{
    *connection = (struct connection){
        .fd = client_fd,
        .state = CONNECTION_READING,
    };
    net_peer_name(client_fd, connection->name);
}

void
connection_on_ready(struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_READING:
        on_readable(connection);
        break;
    case CONNECTION_WRITING:
        connection->state = CONNECTION_WORKING;
        break;
    case CONNECTION_FINISHING:
        on_readable_finishing(connection);
        break;
    case CONNECTION_WORKING:
    case CONNECTION_OVER:
        break;
    }
}

void
connection_work(struct connection *connection)
{
    answer(connection);
    switch (reply_send(&connection->exchange->reply, connection->fd)) {
    case REPLY_SENT:
        on_sent(connection);
        break;
    case REPLY_UNSENT:
        connection->state = CONNECTION_WRITING;
        break;
    case REPLY_FAILED:
        begin_finishing(connection, served_file_error(errno));
        break;
    }
}

bool
connection_is_idle(const struct connection *connection)
{
    return connection->state == CONNECTION_READING && connection->answered &&
           connection->exchange == NULL;
}

bool
connection_is_midway(const struct connection *connection)
{
    return connection->state == CONNECTION_READING &&
           connection->exchange != NULL && is_midway(connection->exchange);
}

void
connection_finish(struct connection *connection)
{
    if (connection->state == CONNECTION_READING ||
        connection->state == CONNECTION_WORKING)
        begin_finishing(connection, "done");
}

void
connection_end(struct connection *connection)
{
    connection->state = CONNECTION_OVER;
    free_exchange(connection);
}
