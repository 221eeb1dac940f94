/* handover.c: one descriptor, handed from one process to another.
   A child opens a file, reads the start of it and passes it to its parent, who
   reads on.  The number differs, the open file is the same: the two share the
   place up to which it has been read.

   Run it:  ./handover [FILE]
   See also: fdpass.c; server.c, which passes sockets this way. */

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdpass.h"

enum { READ_SIZE = 8 };

/* Read a little from the file and tell about it. */
static void
read_on(const char *who, int file_fd)
{
    char bytes[READ_SIZE];
    long offset = lseek(file_fd, 0, SEEK_CUR);
    ssize_t n = read(file_fd, bytes, sizeof bytes);
    if (n == -1)
        err(1, "read");
    printf("%s %d: fd %d, offset %ld, read %zd bytes\n", who, getpid(), file_fd,
           offset, n);
    if (fflush(stdout) == EOF)
        err(1, "standard output");
}

/* Open the file, read, pass it on; read again after the parent has. */
static void
child(int channel_fd, const char *path)
{
    int file_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file_fd == -1)
        err(1, "open %s", path);
    read_on("child ", file_fd);
    if (fdpass_send(channel_fd, 'f', file_fd) == -1)
        err(1, "sendmsg");
    char order;
    int none;
    if (fdpass_receive(channel_fd, &order, &none) != 1)
        errx(1, "the parent is gone");
    read_on("child ", file_fd);
}

int
main(int argc, char **argv)
{
    int channel[2]; /* the parent's, the child's */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) == -1)
        err(1, "socketpair");
    pid_t pid = fork();
    switch (pid) {
    case -1:
        err(1, "fork");
    case 0:
        close(channel[0]); /* the parent's end */
        child(channel[1], argc > 1 ? argv[1] : "Makefile");
        _exit(0);
    }
    close(channel[1]); /* the child's end */

    char order;
    int file_fd;
    int result = fdpass_receive(channel[0], &order, &file_fd);
    if (result == -1)
        err(1, "recvmsg");
    if (result == 1) {
        read_on("parent", file_fd);
        if (fdpass_send(channel[0], 'g', -1) == -1)
            err(1, "sendmsg");
    }
    int status;
    if (waitpid(pid, &status, 0) == -1)
        err(1, "waitpid");
    return result == 1 && status == 0 ? 0 : 1;
}
