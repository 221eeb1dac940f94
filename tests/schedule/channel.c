/* channel.c: descriptors, as far as threads tell each other something by
   them. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>

#include "calls.h"
#include "channel.h"
#include "engine.h"
#include "sync.h"

enum { FDS_MAX = 32, FIRST_FD = 3, BYTES_MAX = 512 };

enum kind { CLIENT, COUNTER, READ_END, WRITE_END };

static struct descriptor {
    enum kind kind;
    bool open;
    bool nonblocking;
    uint64_t counter; /* of an eventfd */
    int other;        /* the other end of a pipe */
    char bytes[BYTES_MAX];
    size_t count; /* of the bytes in the pipe, kept at the end that reads */
} fds[FDS_MAX];
static int count = FIRST_FD;

void
channel_reset(void)
{
    count = FIRST_FD;
}

static int
open_descriptor(enum kind kind, int flags)
{
    if (count == FDS_MAX)
        errx(2, "more than %d descriptors", FDS_MAX - FIRST_FD);
    fds[count] = (struct descriptor){
        .kind = kind,
        .open = true,
        .nonblocking = flags & O_NONBLOCK,
    };
    return count++;
}

int
channel_open_client(void)
{
    return open_descriptor(CLIENT, 0);
}

bool
channel_is_open(int fd)
{
    return fd >= FIRST_FD && fd < count && fds[fd].open;
}

int
channel_pipe(int ends[2], int flags)
{
    ends[0] = open_descriptor(READ_END, flags);
    ends[1] = open_descriptor(WRITE_END, flags);
    fds[ends[0]].other = ends[1];
    fds[ends[1]].other = ends[0];
    return 0;
}

int
channel_eventfd(unsigned value, int flags)
{
    int fd = open_descriptor(COUNTER, flags & EFD_NONBLOCK ? O_NONBLOCK : 0);
    fds[fd].counter = value;
    return fd;
}

/* The descriptor, if it is open and one of these two. */
static struct descriptor *
get(int fd, enum kind one, enum kind other, const char *verb)
{
    if (!channel_is_open(fd))
        engine_wrong("%s %s fd %d, which is not open", engine_self()->name,
                     verb, fd);
    if (fds[fd].kind != one && fds[fd].kind != other)
        engine_wrong("%s %s fd %d, which is not made for that",
                     engine_self()->name, verb, fd);
    return &fds[fd];
}

static bool
has_something(int fd)
{
    const struct descriptor *descriptor = &fds[fd];
    if (descriptor->kind == COUNTER)
        return descriptor->counter > 0;
    return descriptor->count > 0 || !fds[descriptor->other].open;
}

static bool
is_readable(const struct thread *thread)
{
    return has_something(thread->wish.partner) || calls_is_cancelled(thread);
}

void
channel_await(int fd)
{
    engine_pause((struct wish){
        .held_up = "waits for an event", .partner = fd, .can = is_readable});
    engine_tell((struct place){0}, "sees an event");
}

/* Take bytes out of a pipe. */
static ssize_t
read_pipe(struct descriptor *pipe, void *buffer, size_t size)
{
    size_t n = size < pipe->count ? size : pipe->count;
    memcpy(buffer, pipe->bytes, n);
    pipe->count -= n;
    memmove(pipe->bytes, pipe->bytes + n, pipe->count);
    return (ssize_t)n;
}

ssize_t
channel_read(int fd, void *buffer, size_t size, struct place place)
{
    struct descriptor *descriptor = get(fd, COUNTER, READ_END, "reads");
    engine_pause((struct wish){
        .held_up = "waits for something to read",
        .partner = fd,
        .can = descriptor->nonblocking ? NULL : is_readable,
        .place = place,
    });
    calls_end_if_cancelled(place);
    get(fd, COUNTER, READ_END, "reads");
    if (!has_something(fd)) {
        engine_tell(place, "there is nothing");
        errno = EAGAIN;
        return -1;
    }
    engine_mark(place);
    if (descriptor->kind == READ_END)
        return read_pipe(descriptor, buffer, size);
    memcpy(buffer, &descriptor->counter, sizeof descriptor->counter);
    descriptor->counter = 0;
    return sizeof descriptor->counter;
}

ssize_t
channel_write(int fd, const void *buffer, size_t size, struct place place)
{
    engine_pause((struct wish){.place = place});
    calls_end_if_cancelled(place);
    struct descriptor *descriptor = get(fd, COUNTER, WRITE_END, "writes to");
    engine_mark(place);
    if (descriptor->kind == COUNTER) {
        uint64_t more;
        memcpy(&more, buffer, sizeof more);
        descriptor->counter += more;
        return sizeof more;
    }
    struct descriptor *pipe = &fds[descriptor->other];
    if (!pipe->open)
        engine_wrong("%s writes to a pipe that nobody can read (SIGPIPE)",
                     engine_self()->name);
    if (size > BYTES_MAX - pipe->count) {
        errno = EAGAIN;
        return -1;
    }
    memcpy(pipe->bytes + pipe->count, buffer, size);
    pipe->count += size;
    return (ssize_t)size;
}

int
channel_close(int fd, struct place place)
{
    engine_pause((struct wish){.place = place});
    calls_end_if_cancelled(place);
    if (!channel_is_open(fd))
        engine_wrong("%s closes fd %d, which is not open", engine_self()->name,
                     fd);
    engine_mark(place);
    fds[fd].open = false;
    return 0;
}

int
channel_shutdown(int fd, struct place place)
{
    engine_mark(place);
    if (!channel_is_open(fd))
        engine_wrong("%s shuts fd %d down, which is not open",
                     engine_self()->name, fd);
    return 0;
}
