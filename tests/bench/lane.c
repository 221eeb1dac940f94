/* lane.c: the ways to give an item to somebody who waits for it. */

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lane.h"

static void
check(bool good, const char *what)
{
    if (!good)
        err(1, "%s", what);
}

static void
check_code(int code, const char *what)
{
    errno = code;
    check(code == 0, what);
}

static void
open_pipe(struct lane *lane)
{
    int fds[2];
    check(pipe(fds) == 0, "pipe");
    lane->out_fd = fds[0];
    lane->in_fd = fds[1];
}

static void
open_socketpair(struct lane *lane)
{
    int fds[2];
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0, "socketpair");
    lane->out_fd = fds[0];
    lane->in_fd = fds[1];
}

static void
give_byte(struct lane *lane)
{
    check(write(lane->in_fd, "x", 1) == 1, "write");
}

static void
take_byte(struct lane *lane)
{
    char byte;
    check(read(lane->out_fd, &byte, 1) == 1, "read");
}

static void
open_eventfd(struct lane *lane)
{
    lane->in_fd = eventfd(0, 0);
    lane->out_fd = lane->in_fd;
    check(lane->in_fd != -1, "eventfd");
}

static void
give_event(struct lane *lane)
{
    const uint64_t one = 1;
    check(write(lane->in_fd, &one, sizeof one) == sizeof one, "write");
}

static void
take_event(struct lane *lane)
{
    uint64_t events;
    check(read(lane->out_fd, &events, sizeof events) == sizeof events, "read");
}

static void
open_queue(struct lane *lane)
{
    check_code(pthread_mutex_init(&lane->mutex, NULL), "pthread_mutex_init");
    check_code(pthread_cond_init(&lane->filled, NULL), "pthread_cond_init");
}

static void
give_queue(struct lane *lane)
{
    check_code(pthread_mutex_lock(&lane->mutex), "pthread_mutex_lock");
    lane->full = true;
    check_code(pthread_cond_signal(&lane->filled), "pthread_cond_signal");
    check_code(pthread_mutex_unlock(&lane->mutex), "pthread_mutex_unlock");
}

static void
take_queue(struct lane *lane)
{
    check_code(pthread_mutex_lock(&lane->mutex), "pthread_mutex_lock");
    while (!lane->full)
        check_code(pthread_cond_wait(&lane->filled, &lane->mutex),
                   "pthread_cond_wait");
    lane->full = false;
    check_code(pthread_mutex_unlock(&lane->mutex), "pthread_mutex_unlock");
}

/* Room for one descriptor, aligned as the kernel wants it (cmsg(3)). */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

/* What is passed is standard input: any descriptor will do. */
static void
give_fd(struct lane *lane)
{
    union control control = {.bytes = {0}};
    struct iovec byte = {.iov_base = "x", .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &byte,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    const int fd = STDIN_FILENO;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    check(sendmsg(lane->in_fd, &message, 0) == 1, "sendmsg");
}

static void
take_fd(struct lane *lane)
{
    union control control;
    char byte;
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    check(recvmsg(lane->out_fd, &message, MSG_CMSG_CLOEXEC) == 1, "recvmsg");
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_len != CMSG_LEN(sizeof(int)))
        errx(1, "no descriptor came");
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    close(fd);
}

static const struct way ways[] = {
    {"fdpass", true, open_socketpair, give_fd, take_fd},
    {"queue", false, open_queue, give_queue, take_queue},
    {"pipe", false, open_pipe, give_byte, take_byte},
    {"eventfd", false, open_eventfd, give_event, take_event},
    {"socketpair", false, open_socketpair, give_byte, take_byte},
};

const struct way *
lane_way(const char *name)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(ways[i].name, name) == 0)
            return &ways[i];
    return NULL;
}
