/* receiver.c: a file's bytes on their way in. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io.h"
#include "pipe.h"
#include "receiver.h"
#include "train.h"

enum { BUFFER_SIZE = 64 * 1024 };

/* Move at most this many bytes from the server to the file.  Returns how many,
   0 if the server has closed, -1 with errno. */
static ssize_t
copy_in(struct receiver *receiver, size_t most)
{
    char buffer[BUFFER_SIZE];
    size_t size = most < sizeof buffer ? most : sizeof buffer;
    ssize_t n = read_some(receiver->server_fd, buffer, size);
    if (n > 0 && write_full(receiver->file_fd, buffer, n) == -1)
        return -1;
    return n;
}

/* The bytes go from the socket straight to the file's pages, which appear in
   our memory.  The disk space is claimed beforehand: a full disk is an error
   then, and not a SIGBUS at the first touch of a page that cannot be had. */
static ssize_t
mmap_in(struct receiver *receiver, size_t most)
{
    off_t offset = lseek(receiver->file_fd, 0, SEEK_CUR);
    if (offset == -1)
        return -1;
    size_t before =
        offset % sysconf(_SC_PAGESIZE); /* mmap(2) wants whole pages */
    errno = posix_fallocate(receiver->file_fd, offset, most);
    if (errno != 0)
        return -1;
    char *map = mmap(NULL, before + most, PROT_READ | PROT_WRITE, MAP_SHARED,
                     receiver->file_fd, offset - before);
    if (map == MAP_FAILED)
        return -1;
    ssize_t n = read_full(receiver->server_fd, map + before, most);
    int saved_errno = errno;
    munmap(map, before + most);
    errno = saved_errno;
    if (n > 0 && lseek(receiver->file_fd, n, SEEK_CUR) == -1)
        return -1;
    return n;
}

static int pipe_fds[2] = {-1, -1};

/* Move what the pipe holds to a file that cannot be spliced to. */
static int
copy_from_pipe(int file_fd, size_t size)
{
    char buffer[BUFFER_SIZE];
    while (size > 0) {
        size_t most = size < sizeof buffer ? size : sizeof buffer;
        ssize_t n = read_full(pipe_fds[0], buffer, most);
        if (n <= 0 || write_full(file_fd, buffer, n) == -1)
            return -1;
        size -= n;
    }
    return 0;
}

/* The bytes go by way of a pipe and never come to our memory. */
static ssize_t
splice_in(struct receiver *receiver, size_t most)
{
    if (pipe_open(pipe_fds) == -1)
        return -1;
    ssize_t n;
    do
        n = splice(receiver->server_fd, NULL, pipe_fds[1], NULL, most,
                   SPLICE_F_MOVE);
    while (io_interrupted(n));
    if (n <= 0)
        return n;
    int result = pipe_drain(pipe_fds, receiver->file_fd, n);
    if (result == -1 && errno == EINVAL)
        result = copy_from_pipe(receiver->file_fd, n);
    if (result == 0)
        return n;
    int saved_errno = errno;
    pipe_close(pipe_fds); /* what it still holds belongs to no other file */
    errno = saved_errno;
    return -1;
}

struct receiver_method {
    const char *name;
    ssize_t (*move)(struct receiver *receiver, size_t most);
};

static const struct receiver_method methods[] = {
    {"copy", copy_in},
    {"mmap", mmap_in},
    {"splice", splice_in},
};

enum { COPY, MMAP, SPLICE, METHODS };

static const struct receiver_method *chosen = &methods[SPLICE];

int
receiver_choose(const char *name)
{
    for (int i = 0; i < METHODS; i++) {
        if (strcmp(name, methods[i].name) == 0) {
            chosen = &methods[i];
            return 0;
        }
    }
    return -1;
}

/* Receive the cargo of one train. */
static int
receive_cargo(struct receiver *receiver, size_t length)
{
    while (length > 0) {
        size_t most = rate_allow(receiver->rate, length);
        ssize_t n = chosen->move(receiver, most);
        if (n == 0)
            errno = EPIPE;
        if (n <= 0)
            return -1;
        rate_count(receiver->rate, n);
        progress_add(receiver->progress, n);
        length -= n;
    }
    return 0;
}

int
receiver_receive(struct receiver *receiver)
{
    for (;;) {
        size_t length;
        int result = train_receive_length(receiver->server_fd, &length);
        if (result == 0)
            errno = EPIPE;
        if (result <= 0)
            return -1;
        uint64_t missing = receiver->progress->size - receiver->progress->done;
        if (length > missing || (length == 0 && missing > 0)) {
            errno = EPROTO;
            return -1;
        }
        if (length == 0)
            return 0;
        if (receive_cargo(receiver, length) == -1)
            return -1;
    }
}
