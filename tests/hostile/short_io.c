/* short_io.c: a library that makes every read and write a short one.
   The kernel may always move fewer bytes than a call asks for, but on a quiet
   machine it hardly ever does.  Preload this, and it does so every time:

     LD_PRELOAD=build/short_io.so SHORT_IO=7 ./client

   SHORT_IO        at most so many bytes a call (7)
   SHORT_IO_PROOF  each process whose first call is cut short adds a line
                   "PID PROGRAM" to this file: proof that the library was there

   Cut are calls on stream sockets, pipes and regular files.  Left alone are
   standard error (a line of a log is one write) and what the kernel itself
   never cuts: datagrams, eventfds, timers. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LIMIT_DEFAULT = 7 };

static size_t limit = LIMIT_DEFAULT;
static atomic_int proved_pid; /* the process that has given its proof */

/* The functions that ours stand in front of. */
static __typeof__(&read) real_read;
static __typeof__(&write) real_write;
static __typeof__(&readv) real_readv;
static __typeof__(&writev) real_writev;
static __typeof__(&send) real_send;
static __typeof__(&recv) real_recv;
static __typeof__(&sendto) real_sendto;
static __typeof__(&recvfrom) real_recvfrom;
static __typeof__(&sendmsg) real_sendmsg;
static __typeof__(&recvmsg) real_recvmsg;
static __typeof__(&sendfile) real_sendfile;
static __typeof__(&sendfile64) real_sendfile64;
static __typeof__(&splice) real_splice;

#define FIND(name) real_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void
set_up(void)
{
    FIND(read);
    FIND(write);
    FIND(readv);
    FIND(writev);
    FIND(send);
    FIND(recv);
    FIND(sendto);
    FIND(recvfrom);
    FIND(sendmsg);
    FIND(recvmsg);
    FIND(sendfile);
    FIND(sendfile64);
    FIND(splice);
    const char *text = getenv("SHORT_IO");
    if (text != NULL && atol(text) > 0)
        limit = atol(text);
}

/* Put a line into the proof file, once in the life of a process. */
static void
prove(void)
{
    pid_t pid = getpid(); /* a forked child is another process */
    const char *path = getenv("SHORT_IO_PROOF");
    if (path == NULL || atomic_exchange(&proved_pid, pid) == pid)
        return;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd == -1)
        return;
    char line[256];
    int length = snprintf(line, sizeof line, "%d %s\n", pid,
                          program_invocation_short_name);
    if (real_write(fd, line, length) == -1) {
        /* Then there is no proof, and the test that looks for it fails. */
    }
    close(fd);
}

static bool
may_be_short(int fd)
{
    struct stat status;
    if (fd == STDERR_FILENO || fstat(fd, &status) == -1)
        return false;
    if (S_ISSOCK(status.st_mode)) {
        int type;
        socklen_t size = sizeof type;
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
               type == SOCK_STREAM;
    }
    return S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode);
}

/* How many of size bytes a call on this fd may move. */
static size_t
cut(int fd, size_t size)
{
    int saved_errno = errno;
    if (size > limit && may_be_short(fd)) {
        prove();
        size = limit;
    }
    errno = saved_errno;
    return size;
}

/* The part of a vector that a call may use: all of it, or only the start of its
   first piece, which goes to *piece. */
static const struct iovec *
cut_vector(int fd, const struct iovec *vector, size_t *count,
           struct iovec *piece)
{
    size_t size = 0;
    for (size_t i = 0; i < *count; i++)
        size += vector[i].iov_len;
    if (cut(fd, size) == size)
        return vector;
    while (vector->iov_len == 0)
        vector++;
    *piece = *vector;
    if (piece->iov_len > limit)
        piece->iov_len = limit;
    *count = 1;
    return piece;
}

ssize_t
read(int fd, void *buffer, size_t size)
{
    return real_read(fd, buffer, cut(fd, size));
}

ssize_t
write(int fd, const void *buffer, size_t size)
{
    return real_write(fd, buffer, cut(fd, size));
}

ssize_t
readv(int fd, const struct iovec *vector, int count)
{
    struct iovec piece;
    size_t pieces = count;
    vector = cut_vector(fd, vector, &pieces, &piece);
    return real_readv(fd, vector, pieces);
}

ssize_t
writev(int fd, const struct iovec *vector, int count)
{
    struct iovec piece;
    size_t pieces = count;
    vector = cut_vector(fd, vector, &pieces, &piece);
    return real_writev(fd, vector, pieces);
}

ssize_t
send(int fd, const void *buffer, size_t size, int flags)
{
    return real_send(fd, buffer, cut(fd, size), flags);
}

ssize_t
recv(int fd, void *buffer, size_t size, int flags)
{
    return real_recv(fd, buffer, cut(fd, size), flags);
}

ssize_t
sendto(int fd, const void *buffer, size_t size, int flags,
       const struct sockaddr *address, socklen_t length)
{
    return real_sendto(fd, buffer, cut(fd, size), flags, address, length);
}

ssize_t
recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
         socklen_t *length)
{
    return real_recvfrom(fd, buffer, cut(fd, size), flags, address, length);
}

/* In messages only the bytes are cut, not what travels beside them. */
ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct iovec piece;
    struct msghdr shorter = *message;
    shorter.msg_iov = (struct iovec *)cut_vector(fd, message->msg_iov,
                                                 &shorter.msg_iovlen, &piece);
    return real_sendmsg(fd, &shorter, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
    struct iovec piece;
    struct iovec *vector = message->msg_iov;
    size_t count = message->msg_iovlen;
    message->msg_iov =
        (struct iovec *)cut_vector(fd, vector, &message->msg_iovlen, &piece);
    ssize_t n = real_recvmsg(fd, message, flags);
    message->msg_iov = vector;
    message->msg_iovlen = count;
    return n;
}

ssize_t
sendfile(int out_fd, int in_fd, off_t *offset, size_t size)
{
    return real_sendfile(out_fd, in_fd, offset, cut(out_fd, size));
}

/* What sendfile is called in programs built with _FILE_OFFSET_BITS=64. */
ssize_t
sendfile64(int out_fd, int in_fd, off64_t *offset, size_t size)
{
    return real_sendfile64(out_fd, in_fd, offset, cut(out_fd, size));
}

static bool
is_pipe(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* From a pipe comes less at a time than went in: else whoever splices to a pipe
   and on from there would get it all at once, and never a short result. */
ssize_t
splice(int in_fd, off64_t *in_offset, int out_fd, off64_t *out_offset,
       size_t size, unsigned flags)
{
    size = cut(in_fd, size);
    if (size > 1 && is_pipe(in_fd))
        size /= 2;
    return real_splice(in_fd, in_offset, out_fd, out_offset, size, flags);
}
