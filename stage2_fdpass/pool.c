/* pool.c: a pool of worker processes, from the parent's side.
   Each worker is joined to its parent by a channel, a pair of connected Unix
   sockets.  A client's socket travels down the channel; two reports come back:
   that the worker has it, and that the worker is free again.  Until the first
   one the parent keeps its own copy of the socket, so a client whose worker
   dies is handed to the next.  A channel that reads as ended means that the
   worker is gone and is to be replaced. */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fdpass.h"
#include "io.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "pool.h"
#include "worker.h"

enum {
    PAUSE_MIN_MS = 250,
    PAUSE_MAX_MS = 8000,
};

/* A worker that dies younger than this is ill, and not replaced at once. */
static const double youth_seconds = 1.0;

enum worker_state {
    WORKER_FREE,   /* waits for a client */
    WORKER_CHOSEN, /* client_fd is to be sent to it */
    WORKER_SENT,   /* client_fd is under way */
    WORKER_BUSY,   /* it has the client, and we no longer have */
};

struct worker {
    enum worker_state state;
    pid_t pid;      /* 0: none at the moment */
    int channel_fd; /* our end; -1 without a worker */
    int client_fd;  /* ours while CHOSEN or SENT, else -1 */
    double started; /* clock_now() */
};

static bool
is_young(const struct worker *worker)
{
    return clock_now() - worker->started < youth_seconds;
}

/* Try again later what has failed, and the more so the more often it fails. */
static void
retry_later(struct pool *pool)
{
    if (pool->timer_on)
        return;
    pool->pause_ms *= 2;
    if (pool->pause_ms < PAUSE_MIN_MS)
        pool->pause_ms = PAUSE_MIN_MS;
    if (pool->pause_ms > PAUSE_MAX_MS)
        pool->pause_ms = PAUSE_MAX_MS;
    struct itimerspec pause = {
        .it_value.tv_sec = pool->pause_ms / 1000,
        .it_value.tv_nsec = pool->pause_ms % 1000 * 1000000L,
    };
    if (timerfd_settime(pool->timer_fd, 0, &pause, NULL) == -1)
        log_event("timerfd_settime: %s", strerror(errno));
    else
        pool->timer_on = true;
}

/* Have the epoll set report when fd is readable. */
static int
watch(const struct pool *pool, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(pool->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Start a worker for an empty entry of the table.  Returns 0, -1 with errno. */
static int
worker_start(struct pool *pool, struct worker *worker)
{
    int channel[2]; /* ours, the worker's */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) == -1)
        return -1;
    pid_t pid = watch(pool, channel[0]) == -1 ? -1 : fork();
    switch (pid) {
    case -1: {
        int saved_errno = errno;
        close(channel[0]);
        close(channel[1]);
        errno = saved_errno;
        return -1;
    }
    case 0:
        worker_main(channel[1]);
    default:
        close(channel[1]); /* the worker's: else it never reads as ended */
        worker->pid = pid;
        worker->channel_fd = channel[0];
        worker->started = clock_now();
        log_event("worker %d started", pid);
        return 0;
    }
}

/* Send the chosen client to its worker. */
static void
worker_hand_over(struct pool *pool, struct worker *worker)
{
    char name[NET_NAME_SIZE];
    net_peer_name(worker->client_fd, name);
    if (fdpass_send(worker->channel_fd, ORDER_SERVE, worker->client_fd) == -1) {
        log_event("worker %d: %s", worker->pid, strerror(errno));
        retry_later(pool);
        return;
    }
    worker->state = WORKER_SENT;
    log_event("client %s is fd %d here: handed to worker %d", name,
              worker->client_fd, worker->pid);
}

/* Fill an empty entry of the table and go on with what its last worker left. */
static void
worker_replace(struct pool *pool, struct worker *worker)
{
    if (worker_start(pool, worker) == -1) {
        log_event("no new worker: %s", strerror(errno));
        retry_later(pool);
    } else if (worker->state == WORKER_CHOSEN) {
        worker_hand_over(pool, worker);
    }
}

/* The channel has ended, and so has the worker: reap it, find another. */
static void
worker_lost(struct pool *pool, struct worker *worker)
{
    /* Out of the epoll set first: close(2) does that only when no process has a
       copy left, and a sibling may just be starting (epoll(7), Q6). */
    epoll_ctl(pool->epoll_fd, EPOLL_CTL_DEL, worker->channel_fd, NULL);
    close(worker->channel_fd);
    worker->channel_fd = -1;
    int status;
    if (waitpid(worker->pid, &status, 0) == worker->pid)
        log_process_end("worker", worker->pid, status);
    worker->pid = 0;
    /* A client that it had taken is lost with it; one that it had not is ours
       still. */
    if (worker->state == WORKER_BUSY)
        worker->state = WORKER_FREE;
    if (worker->state == WORKER_SENT)
        worker->state = WORKER_CHOSEN;

    if (is_young(worker)) {
        retry_later(pool);
    } else {
        pool->pause_ms = 0;
        worker_replace(pool, worker);
    }
}

static void
worker_report(struct pool *pool, struct worker *worker, char report)
{
    if (report == REPORT_TAKEN && worker->state == WORKER_SENT) {
        close(worker->client_fd); /* the worker's now: else the client would */
        worker->client_fd = -1; /* not see the end when the worker closes it */
        worker->state = WORKER_BUSY;
    } else if (report == REPORT_FREE && worker->state == WORKER_BUSY) {
        worker->state = WORKER_FREE;
        if (!is_young(worker))
            pool->pause_ms = 0; /* it is well */
        log_event("worker %d is free", worker->pid);
    }
}

/* Read what a worker says through its channel. */
static void
worker_collect(struct pool *pool, struct worker *worker)
{
    char reports[2];
    ssize_t n = read_some(worker->channel_fd, reports, sizeof reports);
    if (n <= 0) {
        worker_lost(pool, worker);
        return;
    }
    for (ssize_t i = 0; i < n; i++)
        worker_report(pool, worker, reports[i]);
}

/* The timer rang: do what had failed. */
static void
retry(struct pool *pool)
{
    uint64_t rings;
    read_some(pool->timer_fd, &rings, sizeof rings);
    pool->timer_on = false;
    for (int i = 0; i < pool->size; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->pid == 0)
            worker_replace(pool, worker);
        else if (worker->state == WORKER_CHOSEN)
            worker_hand_over(pool, worker);
    }
}

int
pool_start(struct pool *pool, const struct options *options, int epoll_fd)
{
    *pool = (struct pool){.epoll_fd = epoll_fd, .size = options->workers};
    pool->workers = calloc(pool->size, sizeof *pool->workers);
    if (pool->workers == NULL)
        return -1;
    pool->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (pool->timer_fd == -1 || watch(pool, pool->timer_fd) == -1)
        return -1;
    for (int i = 0; i < pool->size; i++) {
        pool->workers[i] = (struct worker){.channel_fd = -1, .client_fd = -1};
        if (worker_start(pool, &pool->workers[i]) == -1)
            return -1;
    }
    return 0;
}

/* Find a worker that can take a client; NULL if all are busy or gone. */
static struct worker *
find_free(const struct pool *pool)
{
    for (int i = 0; i < pool->size; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->pid != 0 && worker->state == WORKER_FREE)
            return worker;
    }
    return NULL;
}

bool
pool_has_room(const struct pool *pool)
{
    return find_free(pool) != NULL;
}

void
pool_submit(struct pool *pool, int client_fd)
{
    struct worker *worker = find_free(pool);
    worker->state = WORKER_CHOSEN;
    worker->client_fd = client_fd;
    worker_hand_over(pool, worker);
}

void
pool_collect(struct pool *pool, int ready_fd)
{
    if (ready_fd == pool->timer_fd) {
        retry(pool);
        return;
    }
    for (int i = 0; i < pool->size; i++) {
        if (pool->workers[i].channel_fd == ready_fd) {
            worker_collect(pool, &pool->workers[i]);
            return;
        }
    }
}
