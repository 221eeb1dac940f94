/* service.c: send files.
   The client asks for files by name, one after another; each name and each
   answer is a train or several:
     request   name
     refusal   "-" message
     file      "+" name, size (8 bytes, big-endian), data ..., an empty train
   Only regular files of the current folder are served. */

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "file_name.h"
#include "log.h"
#include "net.h"
#include "sender.h"
#include "service.h"
#include "train.h"

enum { MESSAGE_SIZE = 512 };

static int service_stop_fd = -1;

/* One client, and the file that it is being sent. */
struct client {
    int fd;
    char name[NET_NAME_SIZE];
    struct sender sender;
};

/* The calls below return 1 if the conversation goes on, -1 with errno if it
   cannot. */

/* Send a refusal.  subject is what was asked for, or what else is wrong. */
static int
refuse(const struct client *client, const char *subject, const char *reason)
{
    char message[MESSAGE_SIZE];
    int length = snprintf(message, sizeof message, "-%s: %s", subject, reason);
    log_event("client %s: refused %s: %s", client->name, subject, reason);
    return train_send(client->fd, message, length, 0) == -1 ? -1 : 1;
}

/* Send the file that is open.  All but the last of its trains may wait for the
   next one: a small file leaves in one packet. */
static int
send_file(struct client *client, const char *name)
{
    char greeting[1 + NAME_MAX + 1];
    uint64_t size = client->sender.file.size;
    uint64_t wire_size = htobe64(size);
    int length = snprintf(greeting, sizeof greeting, "+%s", name);
    if (train_send(client->fd, greeting, length, MSG_MORE) == -1 ||
        train_send(client->fd, &wire_size, sizeof wire_size, MSG_MORE) == -1 ||
        sender_send(&client->sender) == -1)
        return -1;
    log_event("client %s: sent %s, %ju bytes", client->name, name,
              (uintmax_t)size);
    return 1;
}

/* Answer the request for name, of that length. */
static int
answer(struct client *client, const char *name, size_t length)
{
    if (!file_name_is_plain(name, length))
        return refuse(client, name, "not a plain file name");
    const char *reason = served_file_open(&client->sender.file, name);
    int result =
        reason == NULL ? send_file(client, name) : refuse(client, name, reason);
    sender_close(&client->sender);
    return result;
}

/* Answer one request.  Returns 1, 0 if the client has no more, -1 with errno if
   the conversation cannot go on. */
static int
serve_request(struct client *client)
{
    char name[NAME_MAX + 1];
    size_t length;
    int result = train_receive(client->fd, name, NAME_MAX, &length);
    if (result == 1) {
        name[length] = '\0';
        return answer(client, name, length);
    }
    if (result == -1 && errno == ENOBUFS)
        return refuse(client, "name", "longer than 255 bytes");
    if (result == -1 && errno == EMSGSIZE) {
        refuse(client, "train", "longer than 1048576 bytes");
        errno = EMSGSIZE;
    }
    return result;
}

/* Wait for the next request of a client that has had an answer.  Returns 1, 0
   if it is to have no other, -1 with errno. */
static int
await_request(const struct client *client)
{
    struct pollfd watched[] = {
        {.fd = client->fd, .events = POLLIN},
        {.fd = service_stop_fd, .events = POLLIN}, /* -1 is passed over */
    };
    double seconds = net_timeout(client->fd);
    int n;
    do
        n = poll(watched, 2, seconds == INFINITY ? -1 : seconds * 1000 + 1);
    while (n == -1 && errno == EINTR);
    if (n == 0)
        errno = ETIMEDOUT;
    if (n <= 0)
        return -1;
    /* POLLHUP: whoever could have told us to stop is gone. */
    return watched[1].revents == POLLIN ? 0 : 1;
}

void
service_set_stop_fd(int stop_fd)
{
    service_stop_fd = stop_fd;
}

void
serve_client(int client_fd)
{
    struct client client = {.fd = client_fd};
    net_peer_name(client_fd, client.name);
    sender_init(&client.sender, client_fd);
    int result;
    do
        result = serve_request(&client);
    while (result == 1 && (result = await_request(&client)) == 1);
    const char *why = result == 0 ? "done" : served_file_error(errno);
    log_event("client %s: %s", client.name, why);
    net_finish(client_fd);
}
