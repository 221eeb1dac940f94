/* reply.c: trains on their way out, on a socket that does not block. */

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "reply.h"

enum { BUFFER_SIZE = 64 * 1024 };

static bool copy_all;

void
reply_choose(bool copying)
{
    copy_all = copying;
}

void
reply_init(struct reply *reply)
{
    *reply = (struct reply){.file.fd = -1};
}

static void
put(struct reply *reply, const void *bytes, size_t length)
{
    memcpy(reply->bytes + reply->count, bytes, length);
    reply->count += length;
}

/* Put a train's length; its cargo is to follow. */
static void
put_length(struct reply *reply, size_t length)
{
    uint32_t header = htonl(length);
    put(reply, &header, sizeof header);
}

void
reply_refuse(struct reply *reply, const char *message)
{
    reply_init(reply);
    put_length(reply, 1 + strlen(message));
    put(reply, "-", 1);
    put(reply, message, strlen(message));
}

/* Go on to the next train of the file: the empty one if nothing is left. */
static void
begin_train(struct reply *reply)
{
    reply->cargo = reply->left < TRAIN_MAX ? reply->left : TRAIN_MAX;
    reply->left -= reply->cargo;
    put_length(reply, reply->cargo);
    if (reply->cargo == 0)
        reply_close(reply);
}

void
reply_file(struct reply *reply, const char *name,
           const struct served_file *file)
{
    uint64_t wire_size = htobe64(file->size);
    reply_init(reply);
    put_length(reply, 1 + strlen(name));
    put(reply, "+", 1);
    put(reply, name, strlen(name));
    put_length(reply, sizeof wire_size);
    put(reply, &wire_size, sizeof wire_size);
    reply->is_file = true;
    reply->file = *file;
    reply->left = file->size;
    reply->copying = copy_all;
    begin_train(reply);
}

/* Send the bytes that go before the cargo.  Returns how many, -1 with errno. */
static ssize_t
send_bytes(struct reply *reply, int socket_fd)
{
    int more = reply->file.fd == -1 ? 0 : MSG_MORE;
    ssize_t n = send(socket_fd, reply->bytes + reply->sent,
                     reply->count - reply->sent, more | MSG_NOSIGNAL);
    if (n == -1)
        return -1;
    reply->sent += n;
    if (reply->sent == reply->count)
        reply->sent = reply->count = 0;
    return n;
}

/* Read some cargo and send what the socket takes of it; the rest will be read
   again.  Returns how many bytes were sent, 0 at end of file, -1 with errno. */
static ssize_t
copy_cargo(const struct reply *reply, int socket_fd)
{
    char buffer[BUFFER_SIZE];
    size_t size = reply->cargo < sizeof buffer ? reply->cargo : sizeof buffer;
    ssize_t n = pread(reply->file.fd, buffer, size, reply->offset);
    return n <= 0 ? n : send(socket_fd, buffer, n, MSG_MORE | MSG_NOSIGNAL);
}

/* Send some cargo.  Returns how many bytes, -1 with errno. */
static ssize_t
send_cargo(struct reply *reply, int socket_fd)
{
    off_t offset = reply->offset;
    ssize_t n = reply->copying ? copy_cargo(reply, socket_fd)
                               : sendfile(socket_fd, reply->file.fd, &offset,
                                          reply->cargo);
    if (n == 0)
        errno = ENODATA;
    if (n <= 0)
        return -1;
    reply->offset += n;
    reply->cargo -= n;
    return n;
}

/* sendfile(2) may not be for this kind of file: then copy from now on.  Returns
   false if that is not why we have failed. */
static bool
change_to_copy(struct reply *reply)
{
    if (reply->count > 0 || reply->copying ||
        (errno != EINVAL && errno != ENOSYS))
        return false;
    log_event("sendfile: %s; copying instead", strerror(errno));
    reply->copying = true;
    return true;
}

enum reply_result
reply_send(struct reply *reply, int socket_fd)
{
    while (reply->count > 0 || reply->cargo > 0) {
        ssize_t n = reply->count > 0 ? send_bytes(reply, socket_fd)
                                     : send_cargo(reply, socket_fd);
        if (n == -1 && errno == EAGAIN)
            return REPLY_UNSENT;
        if (n == -1 && errno != EINTR && !change_to_copy(reply))
            return REPLY_FAILED;
        if (reply->count > 0 || reply->cargo > 0 || reply->file.fd == -1)
            continue;
        if (reply->left == 0 && served_file_check(&reply->file) == -1)
            return REPLY_FAILED;
        begin_train(reply);
        if (reply->cargo > 0)
            return REPLY_UNSENT;
    }
    return REPLY_SENT;
}

void
reply_close(struct reply *reply)
{
    served_file_close(&reply->file);
}
