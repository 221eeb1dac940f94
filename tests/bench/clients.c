/* clients.c: one client after another, each with a connection of its own.
   clients PORT FILE COUNT
   asks COUNT times for the small FILE and prints the microseconds that one
   client took, from connect(2) to the end of the file. */

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REPLY_MAX = 64 * 1024 };

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* Ask, and read until the server has closed: it does once we send no more. */
static void
be_client(const struct sockaddr_in *server, const char *request, size_t length)
{
    char reply[REPLY_MAX];
    size_t total = 0;
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1 ||
        connect(fd, (const struct sockaddr *)server, sizeof *server) == -1)
        err(1, "connect");
    if (send(fd, request, length, 0) != (ssize_t)length ||
        shutdown(fd, SHUT_WR) == -1)
        err(1, "send");
    while ((n = recv(fd, reply + total, sizeof reply - total, 0)) > 0)
        total += n;
    if (n == -1)
        err(1, "recv");
    if (total < 5 || reply[4] != '+')
        errx(1, "the server does not send the file");
    close(fd);
}

int
main(int argc, char **argv)
{
    if (argc != 4)
        errx(2, "usage: clients PORT FILE COUNT");
    struct sockaddr_in server = {
        .sin_family = AF_INET,
        .sin_port = htons(atoi(argv[1])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    char request[4 + 255];
    size_t length = strlen(argv[2]);
    uint32_t header = htonl(length);
    if (length > 255)
        errx(2, "%s: too long", argv[2]);
    memcpy(request, &header, 4);
    memcpy(request + 4, argv[2], length);

    int count = atoi(argv[3]);
    double start = now();
    for (int i = 0; i < count; i++)
        be_client(&server, request, 4 + length);
    printf("%.1f\n", (now() - start) / count * 1e6);
}
