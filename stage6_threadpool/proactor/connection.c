/* connection.c: what happens with one client, from completion to completion.

     RECEIVING --> OPENING --> REPLYING      a name is there; the file is open,
         ^                        |          or there is a reason against it
         +------------------------+          all is sent

   and from each of them to FINISHING, if the client is to be told to go, or to
   OVER. */

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "connection.h"
#include "exchange.h"
#include "file_name.h"
#include "log.h"

static void
end(struct connection *connection, const char *why)
{
    log_event("client %s: %s", connection->name, why);
    connection->state = CONNECTION_OVER;
}

/* Receive at most so many bytes.  No buffer is named: the kernel takes one when
   there is something to put into it. */
static void
receive(struct connection *connection, size_t most, enum connection_state state)
{
    struct io_uring_sqe *submission = ring_submission(connection->ring);
    io_uring_prep_recv(submission, connection->fd, NULL, most, 0);
    submission->flags |= IOSQE_BUFFER_SELECT;
    submission->buf_group = BUFFERS_GROUP;
    ring_expect(submission, &connection->operation);
    connection->state = state;
}

/* Receive what there is room for, and no more: what a client sends too early
   stays in its socket, and in the end with the client. */
static void
receive_request(struct connection *connection)
{
    const struct exchange *exchange = connection->exchange;
    size_t most = exchange == NULL ? INBOX_SIZE : inbox_room(&exchange->inbox);
    receive(connection, most, CONNECTION_RECEIVING);
}

/* The conversation cannot go on.  A half-close and some patience let the client
   read what it was sent: see net_finish. */
static void
begin_finishing(struct connection *connection, const char *why)
{
    end(connection, why);
    if (shutdown(connection->fd, SHUT_WR) == 0)
        receive(connection, BUFFER_SIZE, CONNECTION_FINISHING);
}

/* Submit what comes next of the reply.  Returns as reply_submit. */
static int
reply(struct connection *connection)
{
    connection->state = CONNECTION_REPLYING;
    return reply_submit(&connection->exchange->reply, connection->ring,
                        connection->fd, &connection->operation);
}

/* Begin the reply, if it could be composed: composed is 0, or -1 with errno. */
static void
begin_reply(struct connection *connection, int composed)
{
    if (composed == 0)
        reply(connection);
    else
        end(connection, strerror(errno));
}

static void
refuse(struct connection *connection, const char *subject, const char *reason)
{
    begin_reply(connection, exchange_refuse(connection->exchange,
                                            connection->name, subject, reason));
}

static void
open_file(struct connection *connection)
{
    const struct exchange *exchange = connection->exchange;
    if (!file_name_is_plain(exchange->asked, exchange->asked_length)) {
        refuse(connection, exchange->asked, "not a plain file name");
        return;
    }
    struct io_uring_sqe *submission = ring_submission(connection->ring);
    exchange_prepare_open(exchange, submission);
    ring_expect(submission, &connection->operation);
    connection->state = CONNECTION_OPENING;
}

/* Nothing is there: keep no memory for it, unless it is half of something. */
static void
await_request(struct connection *connection)
{
    if (!inbox_is_midway(&connection->exchange->inbox)) {
        exchange_free(connection->exchange, connection->ring);
        connection->exchange = NULL;
    }
    receive_request(connection);
}

/* Look for a request: one completion can bring half of one or several. */
static void
next_request(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    switch (inbox_take(&exchange->inbox, exchange->asked,
                       &exchange->asked_length)) {
    case INBOX_NOTHING:
        await_request(connection);
        break;
    case INBOX_NAME:
        open_file(connection);
        break;
    case INBOX_TOO_LONG:
        refuse(connection, "name", "longer than 255 bytes");
        break;
    case INBOX_NO_TRAIN:
        exchange->last = true;
        refuse(connection, "train", "longer than 1048576 bytes");
        break;
    }
}

/* Should that be tried again?  ENOBUFS: all buffers were full just then; they
   have been given back by the time we submit. */
static bool
is_passing(int result)
{
    return result == -ENOBUFS || result == -EINTR || result == -EAGAIN;
}

/* Bytes have come: keep them, and give the buffer back. */
static void
on_bytes(struct connection *connection, int count, unsigned flags)
{
    struct buffers *buffers = &connection->ring->buffers;
    if (connection->exchange == NULL)
        connection->exchange = exchange_new();
    if (connection->exchange == NULL) {
        end(connection, strerror(errno));
    } else {
        inbox_add(&connection->exchange->inbox, buffers_get(buffers, flags),
                  count);
        next_request(connection);
    }
    buffers_put(buffers, flags);
}

static void
on_received(struct connection *connection, int result, unsigned flags)
{
    const struct exchange *exchange = connection->exchange;
    bool midway = exchange != NULL && inbox_is_midway(&exchange->inbox);
    if (result > 0)
        on_bytes(connection, result, flags);
    else if (is_passing(result))
        receive_request(connection);
    else if (result == 0)
        end(connection, midway ? strerror(EPIPE) : "done");
    else
        end(connection, strerror(-result));
}

/* Drop what a client sends who has been told to go. */
static void
on_received_finishing(struct connection *connection, int result, unsigned flags)
{
    if (result > 0)
        buffers_put(&connection->ring->buffers, flags);
    if (result > 0 || is_passing(result))
        receive(connection, BUFFER_SIZE, CONNECTION_FINISHING);
    else
        connection->state = CONNECTION_OVER;
}

/* All of an answer is sent: go on to the next request. */
static void
on_replied(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    connection->answered = true;
    if (exchange->reply.is_file)
        log_event("client %s: sent %s, %jd bytes", connection->name,
                  exchange->asked, (intmax_t)exchange->reply.outbox.offset);
    reply_release(&exchange->reply, connection->ring);
    if (exchange->last)
        begin_finishing(connection, strerror(EMSGSIZE));
    else if (connection->ending)
        begin_finishing(connection, "done");
    else
        next_request(connection);
}

static void
on_reply_step(struct connection *connection, int result)
{
    int submitted = reply_on_done(&connection->exchange->reply, result);
    if (submitted == 0)
        submitted = reply(connection);
    if (submitted == -1)
        begin_finishing(connection, served_file_error(errno));
    else if (submitted == 0)
        on_replied(connection);
}

void
connection_begin(struct connection *connection, struct ring *ring,
                 int client_fd,
                 void (*on_done)(void *context, int result, unsigned flags))
{
    *connection = (struct connection){
        .ring = ring,
        .fd = client_fd,
        .operation = {.on_done = on_done, .context = connection},
    };
    net_peer_name(client_fd, connection->name);
    log_event("client %s is fd %d here", connection->name, client_fd);
    receive_request(connection);
}

void
connection_on_done(struct connection *connection, int result, unsigned flags)
{
    switch (connection->state) {
    case CONNECTION_RECEIVING:
        on_received(connection, result, flags);
        break;
    case CONNECTION_OPENING:
        begin_reply(connection,
                    exchange_on_opened(connection->exchange, connection->name,
                                       connection->ring, result));
        break;
    case CONNECTION_REPLYING:
        on_reply_step(connection, result);
        break;
    case CONNECTION_FINISHING:
        on_received_finishing(connection, result, flags);
        break;
    case CONNECTION_OVER:
        break;
    }
}

void
connection_abandon(struct connection *connection, int result, unsigned flags)
{
    if (connection->state == CONNECTION_OPENING && result >= 0)
        ring_close_fd(connection->ring, result);
    if (flags & IORING_CQE_F_BUFFER)
        buffers_put(&connection->ring->buffers, flags);
    connection->state = CONNECTION_OVER;
}

const struct operation *
connection_waiting(const struct connection *connection)
{
    if (connection->state == CONNECTION_REPLYING)
        return reply_waiting(&connection->exchange->reply);
    return connection->state == CONNECTION_OPENING ? NULL
                                                   : &connection->operation;
}

bool
connection_is_midway(const struct connection *connection)
{
    return connection->state == CONNECTION_RECEIVING &&
           connection->exchange != NULL;
}

void
connection_finish(struct connection *connection)
{
    connection->ending = true;
    if (connection->state != CONNECTION_RECEIVING || !connection->answered ||
        connection->exchange != NULL)
        return;
    end(connection, "done");
    shutdown(connection->fd, SHUT_WR); /* if it is gone we learn of that */
    connection->state = CONNECTION_FINISHING;
}

void
connection_end(struct connection *connection)
{
    exchange_free(connection->exchange, connection->ring);
    connection->exchange = NULL;
    ring_close_fd(connection->ring, connection->fd);
}
