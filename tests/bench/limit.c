/* limit.c: servers that do next to nothing: no server can be faster.
   limit accept           accept, close, over and over
   limit sendfile FILE    accept, send FILE, close, over and over
   They print "listening on 127.0.0.1:PORT". */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int
listen_somewhere(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1 || bind(fd, (struct sockaddr *)&address, size) == -1 ||
        listen(fd, SOMAXCONN) == -1 ||
        getsockname(fd, (struct sockaddr *)&address, &size) == -1)
        err(1, "listen");
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    if (fflush(stdout) == EOF)
        err(1, "standard output");
    return fd;
}

static void
send_file(int client_fd, int file_fd)
{
    struct stat status;
    if (fstat(file_fd, &status) == -1)
        err(1, "fstat");
    off_t offset = 0;
    while (offset < status.st_size)
        if (sendfile(client_fd, file_fd, &offset, status.st_size - offset) < 1)
            break; /* the client has gone */
}

int
main(int argc, char **argv)
{
    int file_fd = -1;
    if (argc == 3 && strcmp(argv[1], "sendfile") == 0)
        file_fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    else if (argc != 2 || strcmp(argv[1], "accept") != 0)
        errx(2, "usage: limit accept | limit sendfile FILE");
    if (argc == 3 && file_fd == -1)
        err(1, "%s", argv[2]);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        err(1, "SIGPIPE");
    int listen_fd = listen_somewhere();
    for (;;) {
        int client_fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (client_fd == -1)
            err(1, "accept");
        if (file_fd != -1)
            send_file(client_fd, file_fd);
        close(client_fd);
    }
}
