/* specimen.c: small runs to draw, one of them right and each other one with a
   mistake: ./specimen right|zombie|kept|sibling|exec|number|spin */

#include <err.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *mistake;

static bool
makes(const char *name)
{
    return strcmp(mistake, name) == 0;
}

static int
check(int result, const char *what)
{
    if (result == -1)
        err(1, "%s", what);
    return result;
}

/* A connection to ourselves: the client's end and the server's. */
static void
connect_to_self(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int flags = SOCK_STREAM | (makes("exec") ? 0 : SOCK_CLOEXEC);
    int listen_fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(bind(listen_fd, (struct sockaddr *)&address, size), "bind");
    check(listen(listen_fd, 1), "listen");
    check(getsockname(listen_fd, (struct sockaddr *)&address, &size), "name");
    ends[0] = check(socket(AF_INET, flags, 0), "socket");
    check(connect(ends[0], (struct sockaddr *)&address, size), "connect");
    ends[1] =
        check(accept4(listen_fd, NULL, NULL, flags & SOCK_CLOEXEC), "accept4");
    close(listen_fd);
}

/* A child answers the client; both ends are made before the fork. */
static void
serve(int ends[2])
{
    char byte;
    check(write(ends[0], "?", 1), "write");
    pid_t pid = check(fork(), "fork");
    if (pid == 0) {
        close(ends[0]);
        check(read(ends[1], &byte, 1), "read");
        check(write(ends[1], "!", 1), "write");
        close(ends[1]);
        _exit(0);
    }
    if (!makes("kept"))
        close(ends[1]);
    check(read(ends[0], &byte, 1), "read");
    if (!makes("zombie"))
        check(waitpid(pid, NULL, 0), "waitpid");
    usleep(300 * 1000); /* else nobody could see what is left behind */
}

/* Two children, each with a channel of its own; ours are closed at the end. */
static void
keep_children(int foreign_fd)
{
    int channels[2][2];
    pid_t pids[2];
    char byte;
    for (int i = 0; i < 2; i++) {
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, channels[i]), "socketpair");
        pids[i] = check(fork(), "fork");
        if (pids[i] == 0) {
            close(foreign_fd);
            for (int j = 0; j <= i; j++)
                if (j == i || !makes("sibling"))
                    close(channels[j][0]);
            alarm(2); /* a mistake is not to keep us for ever */
            check(read(channels[i][1], &byte, 1), "read");
            _exit(0);
        }
        close(channels[i][1]);
    }
    close(channels[0][0]);
    close(channels[1][0]);
    for (int i = 0; i < 2; i++)
        check(waitpid(pids[i], NULL, 0), "waitpid");
}

/* Ready, and nobody reads it. */
static void
spin(int fd)
{
    int epoll_fd = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    struct epoll_event event = {.events = EPOLLOUT};
    check(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    for (int i = 0; i < 30; i++)
        check(epoll_wait(epoll_fd, &event, 1, -1), "epoll_wait");
    close(epoll_fd);
}

int
main(int argc, char **argv)
{
    int ends[2];
    if (argc != 2)
        errx(2, "usage: specimen MISTAKE");
    mistake = argv[1];
    connect_to_self(ends);
    if (makes("spin"))
        spin(ends[0]);
    serve(ends);
    keep_children(ends[0]);
    if (makes("number") && write(77, "?", 1) == -1)
        warn("write");
    pid_t pid = check(fork(), "fork");
    if (pid == 0) {
        execlp("true", "true", (char *)NULL);
        _exit(127);
    }
    check(waitpid(pid, NULL, 0), "waitpid");
    close(ends[0]);
}
