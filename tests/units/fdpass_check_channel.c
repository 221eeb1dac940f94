/* fdpass_check_channel.c: the channel of the checks, what they send and receive
   over it, and the calls of sendmsg and recvmsg (ld --wrap) that can be made to
   fail, or to forge what the kernel never sends. */

#include "fdpass_check_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdpass.h"

int ours;
int theirs;
int some_file;

int interruptions;
const struct cmsghdr *forged;

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);

static bool
is_interrupted(void)
{
    if (interruptions == 0)
        return false;
    interruptions--;
    errno = EINTR;
    return true;
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return is_interrupted() ? -1 : __real_sendmsg(fd, message, flags);
}

ssize_t
__wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
    if (is_interrupted())
        return -1;
    void *control = message->msg_control;
    size_t room = message->msg_controllen;
    ssize_t n = __real_recvmsg(fd, message, flags);
    if (n > 0 && forged != NULL && room >= forged->cmsg_len) {
        memcpy(control, forged, forged->cmsg_len);
        message->msg_control = control;
        message->msg_controllen = forged->cmsg_len;
    }
    return n;
}

void
expect(bool as_expected, const char *format, ...)
{
    va_list arguments;
    if (as_expected)
        return;
    int saved_errno = errno;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, " (errno: %s)\n", strerror(saved_errno));
    exit(1);
}

int
count_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < FDS_MAX; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

void
expect_fds(int expected)
{
    int count = count_fds();
    expect(count == expected,
           "expected that as many descriptors are open as before, %d, not %d",
           expected, count);
}

void
open_channel(int type)
{
    int channel[2];
    expect(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, channel) == 0,
           "socketpair");
    ours = channel[0];
    theirs = channel[1];
}

void
close_channel(void)
{
    close(ours);
    close(theirs);
}

int
open_file(void)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    expect(fd != -1, "open");
    return fd;
}

ino_t
file_number(int fd)
{
    struct stat status;
    expect(fstat(fd, &status) == 0,
           "expected that descriptor %d, which came, is open", fd);
    return status.st_ino;
}

int
make_file(void)
{
    int fd = memfd_create("fdpass_check", MFD_CLOEXEC);
    expect(fd != -1, "memfd_create");
    return fd;
}

void
send_order(char order, int fd)
{
    expect(fdpass_send(theirs, order, fd) == 0,
           "expected that fdpass_send returns 0");
}

int
receive_order(char expected)
{
    char order = '?';
    int fd = -2;
    int result = fdpass_receive(ours, &order, &fd);
    expect(result == 1, "expected that fdpass_receive returns 1, not %d",
           result);
    expect(order == expected, "expected order %d, got %d", expected, order);
    expect(fd >= -1, "expected that fdpass_receive sets *fd");
    return fd;
}

void
expect_nothing_left(void)
{
    char byte;
    expect(recv(ours, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN,
           "expected that no more has been sent");
}

void
expect_refusal(int error)
{
    char order;
    int fd = -2;
    int before = count_fds();
    errno = 0;
    int result = fdpass_receive(ours, &order, &fd);
    expect(result == -1,
           "expected that fdpass_receive returns -1, not %d (descriptor %d)",
           result, fd);
    expect(errno == error, "expected the error '%s'", strerror(error));
    expect(fd == -1, "expected that *fd is -1, not %d", fd);
    expect_fds(before);
}

void
send_fds(int fd, int count, size_t size)
{
    union {
        char bytes[CMSG_SPACE(FDS_IN_MESSAGE_MAX * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec data = {.iov_base = "x", .iov_len = size};
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(count * sizeof fd),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof fd);
    for (int i = 0; i < count; i++)
        memcpy(CMSG_DATA(header) + i * sizeof fd, &fd, sizeof fd);
    expect(__real_sendmsg(theirs, &message, 0) == (ssize_t)size, "sendmsg");
}

struct rlimit
limit_fds(int room)
{
    struct rlimit before;
    expect(getrlimit(RLIMIT_NOFILE, &before) == 0, "getrlimit");
    int first_free = dup(some_file);
    close(first_free);
    struct rlimit limit = before;
    limit.rlim_cur = first_free + room;
    expect(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    return before;
}
