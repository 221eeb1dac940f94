/* evil_end.c: the steps that end a connection, prepare one, wait, or tell. */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "evil_steps.h"

static void
play_halfclose(struct peer *peer, const struct step *step)
{
    (void)step;
    peer_need_connection(peer);
    if (shutdown(peer->fd, SHUT_WR) == -1)
        peer_fail(peer, "shutdown: %s", strerror(errno));
}

static void
play_close(struct peer *peer, const struct step *step)
{
    (void)step;
    peer_need_connection(peer);
    peer_hang_up(peer);
}

static void
play_rst(struct peer *peer, const struct step *step)
{
    (void)step;
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    peer_need_connection(peer);
    if (setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once))
        peer_fail(peer, "SO_LINGER: %s", strerror(errno));
    peer_hang_up(peer);
}

/* Have as many descriptors as we may. */
static void
raise_fd_limit(const struct peer *peer)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        peer_fail(peer, "getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        peer_fail(peer, "setrlimit: %s", strerror(errno));
}

static void
play_crowd(struct peer *peer, const struct step *step)
{
    struct sockaddr_in server;
    socklen_t length = sizeof server;
    peer_need_connection(peer);
    raise_fd_limit(peer);
    if (getpeername(peer->fd, (struct sockaddr *)&server, &length) == -1)
        peer_fail(peer, "getpeername: %s", strerror(errno));
    for (uint64_t i = 0; i < step->number; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd == -1 ||
            connect(fd, (const struct sockaddr *)&server, length) == -1)
            peer_fail(peer, "connection %ju: %s", (uintmax_t)i,
                      strerror(errno));
    }
}

static void
play_hold(struct peer *peer, const struct step *step)
{
    (void)step;
    char dropped[BLOCK_SIZE];
    ssize_t n;
    do {
        if (!peer_wait(peer, STDIN_FILENO, POLLIN))
            peer_fail(peer,
                      "expected end of file on standard input, it did not "
                      "come in %g s",
                      peer->patience);
        n = read(STDIN_FILENO, dropped, sizeof dropped);
    } while (n > 0 || (n == -1 && errno == EINTR));
}

static void
play_pause(struct peer *peer, const struct step *step)
{
    (void)peer;
    double end = clock_now() + step->seconds;
    for (double left = step->seconds; left > 0; left = end - clock_now())
        poll(NULL, 0, left * 1000 + 1);
}

static void
play_deadline(struct peer *peer, const struct step *step)
{
    peer->patience = step->seconds * timeout_scale();
}

static void
play_say(struct peer *peer, const struct step *step)
{
    (void)peer;
    fwrite(step->text, 1, step->length, stdout);
    putchar('\n');
}

static void
play_from(struct peer *peer, const struct step *step)
{
    peer->own.s_addr = (in_addr_t)step->number;
}

static void
play_rcvbuf(struct peer *peer, const struct step *step)
{
    peer->receive_buffer = step->number;
}

const struct kind socket_kinds[] = {
    {.name = "from", .argument = ADDRESS, .place = FIRST, .play = play_from},
    {.name = "rcvbuf",
     .argument = NUMBER,
     .number_max = INT_MAX,
     .place = FIRST,
     .play = play_rcvbuf},
    {0},
};

const struct kind end_kinds[] = {
    {.name = "halfclose", .play = play_halfclose},
    {.name = "close", .play = play_close},
    {.name = "rst", .play = play_rst},
    {.name = "crowd",
     .argument = NUMBER,
     .number_max = 100000,
     .play = play_crowd},
    {.name = "hold", .play = play_hold},
    {.name = "pause", .argument = SECONDS, .play = play_pause},
    {.name = "deadline",
     .argument = SECONDS,
     .place = ANYWHERE,
     .play = play_deadline},
    {.name = "say", .argument = TEXT, .play = play_say},
    {0},
};
