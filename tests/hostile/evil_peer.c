/* evil_peer.c: the peer itself: its deadline, its complaint, and the bytes that
   it sends and receives. */

#include "evil_peer.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

double
clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

double
timeout_scale(void)
{
    const char *text = getenv("TIMEOUT_SCALE");
    double factor = text == NULL ? 1 : atof(text);
    return factor > 0 ? factor : 1;
}

void
peer_begin(struct peer *peer, const char *what)
{
    peer->doing = what;
    peer->deadline = clock_now() + peer->patience;
}

void
peer_fail(const struct peer *peer, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "evil: step '%s': ", peer->doing);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(FAILURE);
}

const char *
show_bytes(char *shown, const char *bytes, size_t length)
{
    const size_t room = SHOWN_SIZE - sizeof "\\xNN...";
    size_t end = 0;
    size_t i;
    for (i = 0; i < length && end < room; i++) {
        unsigned char byte = bytes[i];
        bool plain = byte >= ' ' && byte <= '~' && byte != '\\';
        end += sprintf(shown + end, plain ? "%c" : "\\x%02x", byte);
    }
    strcpy(shown + end, i < length ? "..." : "");
    return shown;
}

bool
peer_wait(const struct peer *peer, int fd, short events)
{
    struct pollfd ready = {.fd = fd, .events = events};
    for (;;) {
        double left = peer->deadline - clock_now();
        int n = poll(&ready, 1, left > 0 ? left * 1000 + 1 : 0);
        if (n != -1)
            return n > 0;
        if (errno != EINTR)
            peer_fail(peer, "poll: %s", strerror(errno));
    }
}

void
peer_need_connection(const struct peer *peer)
{
    if (peer->fd == -1)
        peer_fail(peer, "expected a connection, but it is closed");
}

size_t
peer_send_most(const struct peer *peer, const void *bytes, size_t size)
{
    size_t sent = 0;
    peer_need_connection(peer);
    while (sent < size) {
        if (!peer_wait(peer, peer->fd, POLLOUT)) {
            errno = ETIMEDOUT;
            return sent;
        }
        ssize_t n = send(peer->fd, (const char *)bytes + sent, size - sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0)
            sent += n;
        else if (errno != EAGAIN && errno != EINTR)
            return sent;
    }
    return sent;
}

void
peer_send(const struct peer *peer, const void *bytes, size_t size)
{
    size_t sent = peer_send_most(peer, bytes, size);
    if (sent < size)
        peer_fail(peer, "expected to send %zu bytes, sent %zu: %s", size, sent,
                  strerror(errno));
}

ssize_t
peer_receive(const struct peer *peer, void *buffer, size_t size)
{
    ssize_t n;
    peer_need_connection(peer);
    do {
        if (!peer_wait(peer, peer->fd, POLLIN)) {
            errno = ETIMEDOUT;
            return -1;
        }
        n = recv(peer->fd, buffer, size, MSG_DONTWAIT);
    } while (n == -1 && (errno == EAGAIN || errno == EINTR));
    return n;
}

const char *
peer_end_text(ssize_t n)
{
    if (n == 0)
        return "end of file";
    return errno == ETIMEDOUT ? "nothing more in time" : strerror(errno);
}

void
peer_hang_up(struct peer *peer)
{
    if (peer->fd != -1)
        close(peer->fd);
    peer->fd = -1;
}
