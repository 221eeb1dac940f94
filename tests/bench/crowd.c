/* crowd.c: many clients in one thread.
   A closed loop: a client asks again when it has its answer, so a slow server
   is asked less.  An open loop (a rate is given): requests are due at fixed
   times, whatever the server does.  One that finds no client free waits, and
   the wait counts; to leave it out is known as coordinated omission. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "crowd.h"
#include "dial.h"

enum {
    EVENTS_MAX = 64,
    LOOK_ROUND_MS = 100, /* how often to look for requests that take too long */
    FAILURES_MAX = 1000,
};

static const int64_t second_ns = 1000000000;

/* A request that is under way. */
struct errand {
    bool under_way;
    int64_t due_ns;
};

struct crowd {
    const struct plan *plan;
    struct tally *tally;
    struct scene scene;
    int timer_fd;
    struct client *clients; /* the silent ones come last */
    struct errand *errands; /* of each that is not silent */
    uint32_t *free;         /* a stack of those that have none */
    int free_count;
    uint64_t begun;
    uint64_t limit; /* how many are to be begun */
    double rate;
    int64_t stop_ns;
    uint64_t failures;
};

static int64_t
clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * second_ns + now.tv_nsec;
}

static void
count(struct crowd *crowd, enum outcome outcome)
{
    crowd->tally->outcomes[outcome]++;
    if (outcome != OUTCOME_DONE)
        crowd->failures++;
}

static void
end_request(struct crowd *crowd, uint32_t i, enum outcome outcome)
{
    int64_t now_ns = clock_ns();
    count(crowd, outcome);
    if (outcome == OUTCOME_DONE)
        histogram_add(&crowd->tally->latency,
                      now_ns - crowd->errands[i].due_ns);
    if (outcome != OUTCOME_DONE || !crowd->plan->keep)
        client_close(&crowd->clients[i]);
    crowd->errands[i].under_way = false;
    crowd->free[crowd->free_count++] = i;
    crowd->tally->ended_ns = now_ns;
}

static bool
may_begin(const struct crowd *crowd, int64_t now_ns)
{
    return crowd->begun < crowd->limit && now_ns < crowd->stop_ns &&
           crowd->failures < FAILURES_MAX;
}

/* When the next request is due. */
static int64_t
next_due(const struct crowd *crowd, int64_t now_ns)
{
    if (crowd->rate == 0)
        return now_ns;
    return crowd->tally->started_ns + crowd->begun / crowd->rate * second_ns;
}

/* Begin what is due, as far as clients are free. */
static void
begin_requests(struct crowd *crowd)
{
    while (crowd->free_count > 0) {
        int64_t now_ns = clock_ns();
        int64_t due_ns = next_due(crowd, now_ns);
        if (due_ns > now_ns || !may_begin(crowd, now_ns))
            return;
        uint32_t i = crowd->free[--crowd->free_count];
        crowd->errands[i] = (struct errand){true, due_ns};
        crowd->begun++;
        enum outcome outcome = client_begin(&crowd->clients[i], &crowd->scene);
        if (outcome != OUTCOME_MORE)
            end_request(crowd, i, outcome);
    }
}

static void
give_up_late_requests(struct crowd *crowd)
{
    int64_t now_ns = clock_ns();
    for (int i = 0; i < crowd->plan->clients; i++)
        if (crowd->errands[i].under_way && now_ns - crowd->errands[i].due_ns >
                                               crowd->plan->timeout * second_ns)
            end_request(crowd, i, OUTCOME_TIMEOUT);
}

static void
on_client_ready(struct crowd *crowd, uint32_t i)
{
    uint32_t clients = crowd->plan->clients;
    if (i >= clients || !crowd->errands[i].under_way) {
        count(crowd, OUTCOME_LOST); /* the server has closed it, or talks */
        client_close(&crowd->clients[i]);
        return;
    }
    enum outcome outcome = client_go_on(&crowd->clients[i], &crowd->scene);
    if (outcome != OUTCOME_MORE)
        end_request(crowd, i, outcome);
}

static void
on_timer(struct crowd *crowd)
{
    uint64_t rings; /* next_due knows how many requests are due */
    if (read(crowd->timer_fd, &rings, sizeof rings) == -1)
        crowd->tally->error = errno;
}

/* Make requests until all that may be begun have ended.  Returns 0, -1 with
   errno. */
static int
run(struct crowd *crowd)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t looked_ns = clock_ns();
    for (;;) {
        begin_requests(crowd);
        if (crowd->free_count == crowd->plan->clients &&
            !may_begin(crowd, clock_ns()))
            return 0;
        int n = epoll_wait(crowd->scene.epoll_fd, events, EVENTS_MAX,
                           LOOK_ROUND_MS);
        if (n == -1 && errno != EINTR)
            return -1;
        for (int i = 0; i < n; i++) {
            if (events[i].data.u32 == UINT32_MAX)
                on_timer(crowd);
            else
                on_client_ready(crowd, events[i].data.u32);
        }
        if (clock_ns() - looked_ns >= LOOK_ROUND_MS * (second_ns / 1000)) {
            give_up_late_requests(crowd);
            looked_ns = clock_ns();
        }
    }
}

/* ---- Beginning and end --------------------------------------------------- */

/* Connect those that say nothing, one after another.  Returns 0, -1 with
   errno. */
static int
connect_silent(struct crowd *crowd)
{
    const struct plan *plan = crowd->plan;
    for (int i = 0; i < plan->silent; i++) {
        struct client *client = &crowd->clients[plan->clients + i];
        struct epoll_event event = {
            .events = EPOLLIN,
            .data.u32 = client->number,
        };
        client->fd = dial(&plan->server, &crowd->scene.dialled);
        if (client->fd == -1 || dial_wait(client->fd, plan->timeout) == -1 ||
            epoll_ctl(crowd->scene.epoll_fd, EPOLL_CTL_ADD, client->fd,
                      &event) == -1)
            return -1;
    }
    return 0;
}

/* A request on each connection that is to be kept. */
static int
warm_up(struct crowd *crowd)
{
    crowd->limit = crowd->plan->clients;
    crowd->stop_ns = INT64_MAX;
    if (run(crowd) == -1)
        return -1;
    crowd->tally->outcomes[OUTCOME_DONE] = 0;
    crowd->tally->latency = (struct histogram){.count = 0};
    crowd->scene.bytes = 0;
    crowd->begun = 0;
    return 0;
}

/* Let the time begin.  Returns 0, -1 with errno. */
static int
start(struct crowd *crowd)
{
    const struct plan *plan = crowd->plan;
    crowd->rate = plan->rate;
    crowd->limit = plan->requests > 0 ? plan->requests : UINT64_MAX;
    if (plan->requests == 0 && plan->rate > 0)
        crowd->limit = ceil(plan->rate * plan->seconds);
    crowd->tally->started_ns = clock_ns();
    crowd->tally->ended_ns = crowd->tally->started_ns;
    if (plan->requests == 0 && plan->rate == 0)
        crowd->stop_ns = crowd->tally->started_ns + plan->seconds * second_ns;
    else
        crowd->stop_ns = INT64_MAX;
    if (plan->rate == 0)
        return 0;
    int64_t interval_ns = second_ns / plan->rate;
    if (interval_ns < 1)
        interval_ns = 1;
    struct timespec interval = {interval_ns / second_ns,
                                interval_ns % second_ns};
    struct itimerspec times = {.it_interval = interval, .it_value = interval};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    crowd->timer_fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (crowd->timer_fd == -1 ||
        timerfd_settime(crowd->timer_fd, 0, &times, NULL) == -1)
        return -1;
    return epoll_ctl(crowd->scene.epoll_fd, EPOLL_CTL_ADD, crowd->timer_fd,
                     &event);
}

/* Returns 0, -1 with errno. */
static int
init(struct crowd *crowd, const struct plan *plan, struct tally *tally)
{
    int all = plan->clients + plan->silent;
    *tally = (struct tally){.bytes = 0};
    crowd->plan = plan;
    crowd->tally = tally;
    crowd->timer_fd = -1;
    crowd->scene.server = plan->server;
    crowd->scene.request = plan->request;
    crowd->scene.keep = plan->keep;
    crowd->scene.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    crowd->clients = calloc(all, sizeof *crowd->clients);
    crowd->errands = calloc(plan->clients, sizeof *crowd->errands);
    crowd->free = calloc(plan->clients, sizeof *crowd->free);
    if (crowd->scene.epoll_fd == -1 || crowd->clients == NULL ||
        crowd->errands == NULL || crowd->free == NULL)
        return -1;
    for (int i = 0; i < all; i++)
        client_init(&crowd->clients[i], i);
    for (int i = 0; i < plan->clients; i++)
        crowd->free[crowd->free_count++] = i;
    return 0;
}

int
crowd_run(const struct plan *plan, struct tally *tally)
{
    static struct crowd crowd; /* one a process; its fds end with it */
    int result = init(&crowd, plan, tally);
    if (result == 0)
        result = connect_silent(&crowd);
    if (result == 0 && plan->keep)
        result = warm_up(&crowd);
    if (result == 0)
        result = start(&crowd);
    if (result == 0)
        result = run(&crowd);
    tally->bytes = crowd.scene.bytes;
    if (crowd.scene.error != 0)
        tally->error = crowd.scene.error;
    return result;
}
