/* fdpass.c: pass a descriptor to another process.
   A number alone would mean nothing there: the kernel has to enter the open
   file in the receiver's table.  It does so for "ancillary data" of the type
   SCM_RIGHTS, which travels beside the bytes of a message. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fdpass.h"

/* Room for the ancillary data, aligned as its header must be.  CMSG_SPACE
   rounds up, so a second descriptor may fit in as well. */
union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

int
fdpass_send(int channel_fd, char order, int fd)
{
    union control control = {0};
    struct iovec data = {.iov_base = &order, .iov_len = 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (fd != -1) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ssize_t n;
    do
        n = sendmsg(channel_fd, &message, MSG_NOSIGNAL);
    while (n == -1 && errno == EINTR);
    return n == -1 ? -1 : 0;
}

/* Take the first descriptor out of a message that came, -1 if there is none,
   and close all others.  Returns how many there were. */
static int
take_fd(struct msghdr *message, int *fd)
{
    int count = 0;
    *fd = -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    for (; header != NULL; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t size = header->cmsg_len - CMSG_LEN(0);
        for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
            int received;
            memcpy(&received, CMSG_DATA(header) + at, sizeof received);
            if (count++ == 0)
                *fd = received;
            else
                close(received);
        }
    }
    return count;
}

int
fdpass_receive(int channel_fd, char *order, int *fd)
{
    union control control;
    struct iovec data = {.iov_base = order, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t n;
    do
        n = recvmsg(channel_fd, &message, MSG_CMSG_CLOEXEC);
    while (n == -1 && errno == EINTR);
    if (n == -1)
        return -1;

    int count = take_fd(&message, fd);
    bool truncated = message.msg_flags & MSG_CTRUNC;
    if (count <= 1 && !truncated && (n == 1 || count == 0))
        return n; /* a byte, or the end of the channel */
    if (*fd != -1)
        close(*fd);
    *fd = -1;
    errno = truncated && count == 0 ? EMFILE : EPROTO;
    return -1;
}
