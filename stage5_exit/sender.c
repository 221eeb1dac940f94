/* sender.c: a file's bytes on their way out. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "log.h"
#include "pipe.h"
#include "sender.h"
#include "train.h"

enum { BUFFER_SIZE = 64 * 1024 };

/* Move at most this many bytes from the file to the client.  Returns how many,
   0 at end of file, -1 with errno.  MSG_MORE: a train follows in any case. */
static ssize_t
copy_out(struct sender *sender, size_t most)
{
    char buffer[BUFFER_SIZE];
    size_t size = most < sizeof buffer ? most : sizeof buffer;
    ssize_t n = read_some(sender->file.fd, buffer, size);
    if (n > 0 && send_full(sender->client_fd, buffer, n, MSG_MORE) == -1)
        return -1;
    return n;
}

static void
unmap(struct sender *sender)
{
    if (sender->map != NULL)
        munmap(sender->map, sender->map_size);
    sender->map = NULL;
}

/* The file's pages appear in our memory instead of a buffer that read(2) fills:
   one copy less.  A train is mapped and sent whole, so the offset is a multiple
   of TRAIN_MAX, as mmap(2) wants one of the page size. */
static ssize_t
mmap_out(struct sender *sender, size_t most)
{
    off_t offset = lseek(sender->file.fd, 0, SEEK_CUR);
    if (offset == -1)
        return -1;
    void *map =
        mmap(NULL, most, PROT_READ, MAP_SHARED, sender->file.fd, offset);
    if (map == MAP_FAILED)
        return -1;
    sender->map = map;
    sender->map_size = most;
    int result = send_full(sender->client_fd, map, most, MSG_MORE);
    unmap(sender);
    /* A page behind the file's new end makes send(2) fail with EFAULT; only our
       own access would be a SIGBUS. */
    if (result == -1)
        return errno == EFAULT ? 0 : -1;
    return lseek(sender->file.fd, most, SEEK_CUR) == -1 ? -1 : (ssize_t)most;
}

/* The kernel passes the file's pages to the socket; none comes to us. */
static ssize_t
sendfile_out(struct sender *sender, size_t most)
{
    ssize_t n;
    do
        n = sendfile(sender->client_fd, sender->file.fd, NULL, most);
    while (io_interrupted(n));
    return n;
}

/* The same in two steps, by way of a pipe. */
static ssize_t
splice_out(struct sender *sender, size_t most)
{
    if (pipe_open(sender->pipe_fds) == -1)
        return -1;
    ssize_t n;
    do
        n = splice(sender->file.fd, NULL, sender->pipe_fds[1], NULL, most,
                   SPLICE_F_MOVE);
    while (io_interrupted(n));
    if (n > 0 && pipe_drain(sender->pipe_fds, sender->client_fd, n) == -1) {
        if (errno == EINVAL)
            errno = EIO; /* too late to copy: the bytes have left the file */
        return -1;
    }
    return n;
}

struct sender_method {
    const char *name;
    ssize_t (*move)(struct sender *sender, size_t most);
};

static const struct sender_method methods[] = {
    {"copy", copy_out},
    {"mmap", mmap_out},
    {"sendfile", sendfile_out},
    {"splice", splice_out},
};

enum { COPY, MMAP, SENDFILE, SPLICE, METHODS };

static const struct sender_method *chosen = &methods[SENDFILE];

int
sender_choose(const char *name)
{
    for (int i = 0; i < METHODS; i++) {
        if (strcmp(name, methods[i].name) == 0) {
            chosen = &methods[i];
            return 0;
        }
    }
    return -1;
}

/* Move bytes by the sender's method; if that is not for this kind of file, go
   on by copying. */
static ssize_t
move(struct sender *sender, size_t most)
{
    ssize_t n = sender->method->move(sender, most);
    if (n != -1 || (errno != EINVAL && errno != ENODEV && errno != ENOSYS) ||
        sender->method == &methods[COPY])
        return n;
    log_event("%s: %s; copying instead", sender->method->name, strerror(errno));
    sender->method = &methods[COPY];
    return sender->method->move(sender, most);
}

/* Send the cargo of one train. */
static int
send_cargo(struct sender *sender, size_t length)
{
    while (length > 0) {
        ssize_t n = move(sender, length);
        if (n == 0)
            errno = ENODATA;
        if (n <= 0)
            return -1;
        length -= n;
    }
    return 0;
}

void
sender_init(struct sender *sender, int client_fd)
{
    *sender = (struct sender){
        .client_fd = client_fd,
        .file.fd = -1,
        .pipe_fds = {-1, -1},
    };
}

int
sender_send(struct sender *sender)
{
    sender->method = chosen;
    uint64_t left = sender->file.size;
    while (left > 0) {
        size_t length = left < TRAIN_MAX ? left : TRAIN_MAX;
        if (train_announce(sender->client_fd, length) == -1 ||
            send_cargo(sender, length) == -1)
            return -1;
        left -= length;
    }
    /* Of a file that was written to, half old and half new may have gone out:
       then what says that all is well must not follow. */
    if (served_file_check(&sender->file) == -1)
        return -1;
    return train_send(sender->client_fd, NULL, 0, 0);
}

void
sender_close(struct sender *sender)
{
    int saved_errno = errno;
    served_file_close(&sender->file);
    pipe_close(sender->pipe_fds); /* the next file gets a clean one */
    unmap(sender);
    errno = saved_errno;
}
