/* wire.c: a peer in memory, behind wrapped system calls. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum {
    IN_MAX = 3 << 19,       /* what a peer can send */
    OUT_MAX = 4 << 20,      /* what it takes before it is gone */
    CUTS_MAX = 10000,       /* after so many calls all is moved */
    PIECE_SIZE = 64 * 1024, /* on the way from or to another descriptor */
    CONVERSATIONS = 2,
};

struct wire wire;

static uint8_t in[IN_MAX];
static uint8_t outs[CONVERSATIONS][OUT_MAX];
static int turn;     /* which of them is in use */
static size_t in_at; /* what the peer has sent ends here */
static const uint8_t *cuts;
static size_t cuts_size;
static size_t calls;
static int wire_fd = -1;
static bool blocking;

ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __real_write(int fd, const void *buffer, size_t size);
ssize_t __real_recv(int fd, void *buffer, size_t size, int flags);
ssize_t __real_send(int fd, const void *buffer, size_t size, int flags);
ssize_t __real_sendfile(int out_fd, int in_fd, off_t *offset, size_t size);
ssize_t __real_splice(int in_fd, off_t *in_offset, int out_fd,
                      off_t *out_offset, size_t size, unsigned flags);
int __real_close(int fd);
int __real_getpeername(int fd, struct sockaddr *address, socklen_t *length);

void
wire_load(const uint8_t *data, size_t size, size_t most)
{
    const uint8_t *newline = size == 0 ? NULL : memchr(data, '\n', size);
    cuts = data;
    cuts_size = newline == NULL ? 0 : newline - data;
    const uint8_t *from = newline == NULL ? data : newline + 1;
    const uint8_t *end = data + size;
    if (most > IN_MAX)
        most = IN_MAX;
    size_t count = 0;
    while (from < end && count < most) {
        size_t times = 1;
        uint8_t byte = *from;
        if (byte == WIRE_REPEAT && end - from >= 3 && from[1] != '\n') {
            byte = from[1];
            times = from[2] * 1024;
            from += 2;
        }
        from++;
        if (times > most - count)
            times = most - count;
        memset(in + count, byte, times);
        count += times;
    }
    wire = (struct wire){.in = in, .in_size = count};
}

int
wire_connect(bool blocks)
{
    if (wire_fd == -1) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
            fuzz_fail("socketpair: %s", strerror(errno));
        wire_fd =
            pair[0]; /* with nobody at its other end, poll(2) never waits */
        __real_close(pair[1]);
    }
    turn = (turn + 1) % CONVERSATIONS;
    blocking = blocks;
    in_at = 0;
    calls = 0;
    wire.out = outs[turn];
    wire.out_size = 0;
    return wire_fd;
}

bool
wire_is_full(void)
{
    return wire.out_size == OUT_MAX;
}

unsigned
wire_choice(void)
{
    return cuts_size == 0 ? 0 : cuts[0];
}

/* How many bytes is this call to move, of so many?  -1 with errno: none. */
static ssize_t
cut(size_t size, bool blocks)
{
    if (cuts_size == 0 || calls >= CUTS_MAX || size == 0)
        return size;
    int letter = cuts[calls++ % cuts_size];
    size_t most = size;
    if (letter == '.' || (letter == '-' && !blocks)) {
        errno = letter == '.' ? EINTR : EAGAIN;
        return -1;
    }
    if (letter == '-')
        most = 1;
    else if (letter >= '1' && letter <= '9')
        most = letter - '0';
    else if (letter >= 'a' && letter <= 'z')
        most = (letter - 'a' + 1) * 16;
    return most < size ? most : size;
}

/* The peer sends. */
static ssize_t
take(void *buffer, size_t size, bool blocks)
{
    size_t left = wire.in_size - in_at;
    ssize_t n = cut(size < left ? size : left, blocks);
    if (n <= 0)
        return n;
    memcpy(buffer, in + in_at, n);
    in_at += n;
    return n;
}

/* The peer receives; when it has had too much, it is gone. */
static ssize_t
give(const void *buffer, size_t size, bool blocks)
{
    if (wire_is_full()) {
        errno = EPIPE;
        return -1;
    }
    size_t room = OUT_MAX - wire.out_size;
    ssize_t n = cut(size < room ? size : room, blocks);
    if (n <= 0)
        return n;
    memcpy(outs[turn] + wire.out_size, buffer, n);
    wire.out_size += n;
    return n;
}

ssize_t
__wrap_read(int fd, void *buffer, size_t size)
{
    if (fd == -1 || fd != wire_fd)
        return __real_read(fd, buffer, size);
    return take(buffer, size, blocking);
}

ssize_t
__wrap_recv(int fd, void *buffer, size_t size, int flags)
{
    if (fd != wire_fd)
        return __real_recv(fd, buffer, size, flags);
    return take(buffer, size, blocking && !(flags & MSG_DONTWAIT));
}

ssize_t
__wrap_send(int fd, const void *buffer, size_t size, int flags)
{
    if (fd != wire_fd)
        return __real_send(fd, buffer, size, flags);
    if (!(flags & MSG_NOSIGNAL))
        fuzz_fail("send without MSG_NOSIGNAL: a peer that is gone would end "
                  "the program");
    return give(buffer, size, blocking && !(flags & MSG_DONTWAIT));
}

/* What goes to standard error is a log: whole lines that no peer can forge. */
ssize_t
__wrap_write(int fd, const void *buffer, size_t size)
{
    const char *line = buffer;
    if (fd != STDERR_FILENO && (fd == -1 || fd != wire_fd))
        return __real_write(fd, buffer, size);
    if (fd == wire_fd)
        return give(buffer, size, blocking);
    for (size_t i = 0; i < size; i++)
        if ((line[i] < ' ' || line[i] > '~') != (i + 1 == size))
            fuzz_fail("a line of the log has byte %#x at %zu of %zu",
                      (unsigned char)line[i], i, size);
    return size;
}

ssize_t
__wrap_sendfile(int out_fd, int in_fd, off_t *offset, size_t size)
{
    char piece[PIECE_SIZE];
    if (out_fd != wire_fd)
        return __real_sendfile(out_fd, in_fd, offset, size);
    off_t from = offset != NULL ? *offset : lseek(in_fd, 0, SEEK_CUR);
    ssize_t n =
        pread(in_fd, piece, size < sizeof piece ? size : sizeof piece, from);
    if (n > 0)
        n = give(piece, n, blocking);
    if (n > 0 && offset != NULL)
        *offset += n;
    else if (n > 0)
        lseek(in_fd, n, SEEK_CUR);
    return n;
}

/* The pipe is as good as empty before, and as good as whole afterwards. */
ssize_t
__wrap_splice(int in_fd, off_t *in_offset, int out_fd, off_t *out_offset,
              size_t size, unsigned flags)
{
    char piece[PIECE_SIZE];
    if (in_fd != wire_fd && out_fd != wire_fd)
        return __real_splice(in_fd, in_offset, out_fd, out_offset, size, flags);
    if (size > sizeof piece)
        size = sizeof piece;
    if (in_fd == wire_fd) {
        ssize_t n = take(piece, size, blocking);
        return n > 0 ? __real_write(out_fd, piece, n) : n;
    }
    ssize_t n = wire_is_full() ? 0 : cut(size, blocking);
    if (n > 0)
        n = __real_read(in_fd, piece, n);
    if (n <= 0)
        return wire_is_full() ? give(piece, 1, true) : n;
    size_t room = OUT_MAX - wire.out_size;
    size_t taken = (size_t)n < room ? (size_t)n : room;
    memcpy(outs[turn] + wire.out_size, piece, taken);
    wire.out_size += taken;
    return n;
}

/* Some close what they have been given; here it is needed again. */
int
__wrap_close(int fd)
{
    return fd != -1 && fd == wire_fd ? 0 : __real_close(fd);
}

/* There is nothing to tell of it. */
int
__wrap_getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
    if (fd != wire_fd)
        return __real_getpeername(fd, address, length);
    errno = ENOTCONN;
    return -1;
}

int
__wrap_fsync(int fd)
{
    (void)fd; /* nothing here has to survive a loss of power */
    return 0;
}
