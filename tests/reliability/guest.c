/* guest.c: a client that never waits, honest or rude. */

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../bench/dial.h"
#include "guest.h"

enum {
    BLOCK_SIZE = 64 * 1024,
    LINE_MAX_SIZE = 400,
    REQUESTS_MAX = 4, /* of an honest guest on one connection */
    FLOOD_BLOCKS = 16,
};

enum says { NOTHING, HALF, ALL, GARBAGE };

struct manner {
    enum says says;
    size_t reads; /* so many bytes at most */
    bool resets;  /* at the end */
    int stay_ms;  /* at most */
};

static const struct manner manners[] = {
    {.says = NOTHING, .resets = true, .stay_ms = 1},
    {.says = HALF, .resets = true, .stay_ms = 50},
    {.says = ALL, .reads = 1000, .resets = true, .stay_ms = 50},
    {.says = NOTHING, .reads = 1, .stay_ms = 3000},
    {.says = HALF, .reads = 1, .stay_ms = 3000},
    {.says = ALL, .stay_ms = 3000},
    {.says = GARBAGE, .stay_ms = 500},
    {.says = GARBAGE, .reads = 1, .resets = true, .stay_ms = 500},
};

enum { MANNERS = sizeof manners / sizeof manners[0] };

int
random_below(int limit)
{
    return random() % limit;
}

static enum outcome
failure(struct house *house)
{
    switch (errno) {
    case EAGAIN:
        return OUTCOME_MORE;
    case ECONNREFUSED:
        return OUTCOME_REFUSED;
    case ECONNRESET:
    case EPIPE:
        return OUTCOME_RESET;
    case ETIMEDOUT:
        return OUTCOME_TIMEOUT;
    default:
        house->error = errno;
        return OUTCOME_OTHER;
    }
}

void
guest_init(struct guest *guest, uint32_t number)
{
    *guest = (struct guest){.number = number, .fd = -1};
}

void
guest_close(struct guest *guest)
{
    if (guest->fd != -1)
        close(guest->fd); /* the epoll set forgets it */
    guest->fd = -1;
}

static enum outcome
dial_server(struct guest *guest, struct house *house)
{
    static const int on = 1;
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLET,
        .data.u32 = guest->number,
    };
    guest->fd = dial(&house->server, &house->dialled);
    if (guest->fd == -1 ||
        setsockopt(guest->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1 ||
        epoll_ctl(house->epoll_fd, EPOLL_CTL_ADD, guest->fd, &event) == -1)
        return failure(house);
    return OUTCOME_MORE;
}

/* ---- Honest ones --------------------------------------------------------- */

static void
compose_line(struct request *request)
{
    request->length = 1 + random_below(LINE_MAX_SIZE);
    for (size_t i = 0; i < request->length - 1; i++)
        request->bytes[i] = ' ' + random_below('~' - ' ' + 1);
    request->bytes[request->length - 1] = '\n';
}

void
guest_ask(struct guest *guest, const struct house *house)
{
    struct request *request = &guest->request;
    request->protocol = house->protocol;
    if (house->files.count == 0) {
        compose_line(request);
    } else {
        const struct file *file =
            &house->files.list[random_below(house->files.count)];
        request->file = file->name;
        request->size = file->size;
        request->content = file->content;
        if (request_compose(request) == -1)
            abort(); /* the names were looked at when they were read */
    }
    guest->sent = 0;
    guest->answered = false;
    reply_start(&guest->reply, request);
}

enum outcome
guest_come(struct guest *guest, struct house *house)
{
    bool one = house->protocol == PROTOCOL_HTTP10;
    guest->manner = NULL;
    guest->requests = one ? 1 : 1 + random_below(REQUESTS_MAX);
    guest_ask(guest, house);
    return dial_server(guest, house);
}

static enum outcome
send_rest(struct guest *guest, struct house *house)
{
    const struct request *request = &guest->request;
    while (guest->sent < request->length) {
        ssize_t n = send(guest->fd, request->bytes + guest->sent,
                         request->length - guest->sent, MSG_NOSIGNAL);
        if (n == -1)
            return failure(house);
        guest->sent += n;
    }
    return OUTCOME_DONE;
}

enum outcome
guest_go_on(struct guest *guest, struct house *house)
{
    static char block[BLOCK_SIZE];
    enum outcome outcome = send_rest(guest, house);
    if (outcome != OUTCOME_DONE)
        return outcome;
    do {
        ssize_t n = recv(guest->fd, block, sizeof block, 0);
        if (n == -1)
            return failure(house);
        if (n == 0)
            return reply_end(&guest->reply, &guest->request);
        guest->answered = true;
        house->bytes += n;
        outcome = reply_take(&guest->reply, &guest->request, block, n);
    } while (outcome == OUTCOME_MORE);
    return outcome;
}

bool
guest_was_deceived(const struct guest *guest, enum outcome outcome)
{
    return outcome == OUTCOME_CLOSED && guest->reply.until_end;
}

/* ---- Rude ones ----------------------------------------------------------- */

enum outcome
guest_come_rudely(struct guest *guest, struct house *house, int *stay_ms)
{
    guest->manner = &manners[random_below(MANNERS)];
    *stay_ms = 1 + random_below(guest->manner->stay_ms);
    guest_ask(guest, house);
    if (guest->manner->says == NOTHING)
        guest->request.length = 0;
    if (guest->manner->says == HALF)
        guest->request.length /= 2;
    return dial_server(guest, house);
}

/* Send bytes that mean nothing for as long as they are taken, within reason. */
static enum outcome
flood(struct guest *guest, struct house *house)
{
    static char block[BLOCK_SIZE];
    for (int i = 0; i < FLOOD_BLOCKS; i++) {
        block[random_below(sizeof block)] = random_below(256);
        if (send(guest->fd, block, sizeof block, MSG_NOSIGNAL) == -1)
            return failure(house);
    }
    return OUTCOME_MORE;
}

enum outcome
guest_be_rude(struct guest *guest, struct house *house)
{
    enum outcome outcome = guest->manner->says == GARBAGE
                               ? flood(guest, house)
                               : send_rest(guest, house);
    if (outcome != OUTCOME_MORE && outcome != OUTCOME_DONE)
        return outcome;
    if (guest->manner->reads == 0)
        return OUTCOME_MORE;
    char bytes[1000];
    ssize_t n = recv(guest->fd, bytes, guest->manner->reads, 0);
    if (n == -1)
        return failure(house);
    return n == 0 ? OUTCOME_CLOSED : OUTCOME_MORE;
}

void
guest_leave_rudely(struct guest *guest)
{
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (guest->fd != -1 && guest->manner->resets)
        setsockopt(guest->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    guest_close(guest);
}
