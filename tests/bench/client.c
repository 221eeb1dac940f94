/* client.c: a client that never waits: the epoll set tells when it can go
   on. */

#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "dial.h"

enum outcome
client_failure(struct scene *scene)
{
    switch (errno) {
    case ECONNREFUSED:
        return OUTCOME_REFUSED;
    case ECONNRESET:
    case EPIPE:
        return OUTCOME_RESET;
    case ETIMEDOUT:
        return OUTCOME_TIMEOUT;
    default:
        scene->error = errno;
        return OUTCOME_OTHER;
    }
}

void
client_init(struct client *client, uint32_t number)
{
    client->number = number;
    client->fd = -1;
    client->watched = 0;
}

void
client_close(struct client *client)
{
    if (client->fd != -1)
        close(client->fd); /* the epoll set forgets it */
    client->fd = -1;
    client->watched = 0;
}

/* Have the epoll set report these events. */
static enum outcome
watch(struct client *client, struct scene *scene, uint32_t events)
{
    if (client->watched == events)
        return OUTCOME_MORE;
    struct epoll_event event = {
        .events = events,
        .data.u32 = client->number,
    };
    int operation = client->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(scene->epoll_fd, operation, client->fd, &event) == -1)
        return client_failure(scene);
    client->watched = events;
    return OUTCOME_MORE;
}

/* On a socket that is not connected yet, send(2) fails with EAGAIN. */
static enum outcome
send_rest(struct client *client, struct scene *scene)
{
    const struct request *request = &scene->request;
    while (client->sent < request->length) {
        ssize_t n = send(client->fd, request->bytes + client->sent,
                         request->length - client->sent, MSG_NOSIGNAL);
        if (n == -1 && errno == EAGAIN)
            return watch(client, scene, EPOLLOUT);
        if (n == -1)
            return client_failure(scene);
        client->sent += n;
    }
    return watch(client, scene, EPOLLIN);
}

/* Receive what is there.  Most of a long file is dropped in the kernel: with
   MSG_TRUNC nothing is copied (tcp(7)). */
static enum outcome
receive_some(struct client *client, struct scene *scene)
{
    struct reply *reply = &client->reply;
    bool skip = reply->skip >= CLIENT_BLOCK;
    uint64_t skip_size = reply->skip < INT_MAX ? reply->skip : INT_MAX;
    ssize_t n = skip ? recv(client->fd, NULL, skip_size, MSG_TRUNC)
                     : recv(client->fd, scene->block, CLIENT_BLOCK, 0);
    if (n == -1)
        return errno == EAGAIN ? OUTCOME_MORE : client_failure(scene);
    if (n == 0)
        return reply_end(reply, &scene->request);
    scene->bytes += n;
    if (skip)
        return reply_skip(reply, &scene->request, n);
    return reply_take(reply, &scene->request, scene->block, n);
}

static enum outcome
connect_anew(struct client *client, struct scene *scene)
{
    static const int on = 1;
    client->fd = dial(&scene->server, &scene->dialled);
    if (client->fd == -1 ||
        (scene->keep && setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on,
                                   sizeof on) == -1))
        return client_failure(scene);
    return OUTCOME_MORE;
}

enum outcome
client_begin(struct client *client, struct scene *scene)
{
    client->sent = 0;
    reply_start(&client->reply, &scene->request);
    if (client->fd == -1) {
        enum outcome outcome = connect_anew(client, scene);
        if (outcome != OUTCOME_MORE)
            return outcome;
    }
    return send_rest(client, scene);
}

enum outcome
client_go_on(struct client *client, struct scene *scene)
{
    if (client->watched == EPOLLOUT)
        return send_rest(client, scene);
    return receive_some(client, scene);
}
