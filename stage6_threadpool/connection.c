/* connection.c: what happens with one client, step by step.

     READING ----> WORKING ----> WRITING     a request is there; all that the
        ^             |  ^          |        client takes now has been sent
        +-------------+  +----------+        all is sent; it takes more again

   and from each of them to FINISHING, if the client is to be told to go, or to
   OVER. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection.h"
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
finish(struct connection *connection, const char *why)
{
    end(connection, why);
    if (shutdown(connection->fd, SHUT_WR) == 0)
        connection->state = CONNECTION_FINISHING;
}

static void
drop_from_inbox(struct connection *connection, size_t length)
{
    connection->count -= length;
    memmove(connection->inbox, connection->inbox + length, connection->count);
}

/* Drop what has come of a train that is not wanted.  It is answered when all of
   it is past. */
static enum request_kind
skip(struct connection *connection)
{
    size_t length = connection->count < connection->to_skip
                        ? connection->count
                        : connection->to_skip;
    drop_from_inbox(connection, length);
    connection->to_skip -= length;
    return connection->to_skip == 0 ? REQUEST_TOO_LONG : REQUEST_NONE;
}

/* Take the next request out of the inbox, if all of it has come. */
static enum request_kind
take_request(struct connection *connection)
{
    if (connection->to_skip > 0)
        return skip(connection);
    if (connection->count < TRAIN_HEADER)
        return REQUEST_NONE;
    uint32_t header;
    memcpy(&header, connection->inbox, sizeof header);
    size_t length = ntohl(header);
    if (length > TRAIN_MAX)
        return REQUEST_NO_TRAIN;
    if (length > NAME_MAX) {
        connection->to_skip = length;
        drop_from_inbox(connection, TRAIN_HEADER);
        return skip(connection);
    }
    if (connection->count < TRAIN_HEADER + length)
        return REQUEST_NONE;
    memcpy(connection->asked, connection->inbox + TRAIN_HEADER, length);
    connection->asked[length] = '\0';
    connection->asked_length = length;
    drop_from_inbox(connection, TRAIN_HEADER + length);
    return REQUEST_NAME;
}

/* Look for a request: one read can bring half of one as well as several. */
static void
next_request(struct connection *connection)
{
    connection->request = take_request(connection);
    connection->state = connection->request == REQUEST_NONE
                            ? CONNECTION_READING
                            : CONNECTION_WORKING;
}

static void
on_readable(struct connection *connection)
{
    ssize_t n = recv(connection->fd, connection->inbox + connection->count,
                     sizeof connection->inbox - connection->count, 0);
    if (n > 0) {
        connection->count += n;
        next_request(connection);
    } else if (n == 0) {
        bool midway = connection->count > 0 || connection->to_skip > 0;
        end(connection, midway ? strerror(EPIPE) : "done");
    } else if (errno != EAGAIN && errno != EINTR) {
        end(connection, strerror(errno));
    }
}

/* Drop what a client sends who has been told to go. */
static void
on_readable_finishing(struct connection *connection)
{
    char dropped[4096];
    ssize_t n = recv(connection->fd, dropped, sizeof dropped, 0);
    if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
        connection->state = CONNECTION_OVER;
}

/* Tell whether the name that was asked for stands for a file of this folder and
   can lead nowhere else. */
static bool
is_plain_name(const struct connection *connection)
{
    const char *name = connection->asked;
    return name[0] != '\0' && strlen(name) == connection->asked_length &&
           strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

/* Refuse.  subject is what was asked for, or what else is wrong. */
static void
refuse(struct connection *connection, const char *subject, const char *reason)
{
    char message[MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s: %s", subject, reason);
    log_event("client %s: refused %s", connection->name, message);
    reply_refuse(&connection->reply, message);
}

/* Answer with the file that was asked for, if it can be had.  O_NOFOLLOW keeps
   symbolic links from leading out of the folder, O_NONBLOCK keeps a FIFO from
   making us wait for a writer (open(2)). */
static void
answer_name(struct connection *connection)
{
    const char *name = connection->asked;
    if (!is_plain_name(connection)) {
        refuse(connection, name, "not a plain file name");
        return;
    }
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1) {
        refuse(connection, name, strerror(errno));
        return;
    }
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        reply_file(&connection->reply, name, fd, status.st_size);
        return;
    }
    refuse(connection, name, "not a regular file");
    close(fd);
}

static void
answer(struct connection *connection)
{
    switch (connection->request) {
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
        connection->last = true;
        break;
    }
    connection->request = REQUEST_NONE;
}

/* All of an answer is sent: go on to the next request. */
static void
on_sent(struct connection *connection)
{
    const struct reply *reply = &connection->reply;
    if (reply->is_file)
        log_event("client %s: sent %s, %jd bytes", connection->name,
                  connection->asked, (intmax_t)reply->offset);
    if (connection->last)
        finish(connection, strerror(EMSGSIZE));
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
    reply_init(&connection->reply);
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
    switch (reply_send(&connection->reply, connection->fd)) {
    case REPLY_SENT:
        on_sent(connection);
        break;
    case REPLY_UNSENT:
        connection->state = CONNECTION_WRITING;
        break;
    case REPLY_FAILED:
        finish(connection, errno == ENODATA ? "the file has become shorter"
                                            : strerror(errno));
        break;
    }
}

void
connection_end(struct connection *connection)
{
    connection->state = CONNECTION_OVER;
    reply_close(&connection->reply);
}
