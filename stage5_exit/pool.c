/* pool.c: a pool of worker processes.
   Clients go to workers that are free.  A worker that dies is replaced; if it
   died young, or if anything else fails that may work later, the pool waits a
   little first, and longer every time. */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "io.h"
#include "log.h"
#include "options.h"
#include "pool.h"
#include "worker.h"

enum {
    PAUSE_MIN_MS = 250,
    PAUSE_MAX_MS = 8000,
};

/* Have the epoll set report when fd is readable.  Returns 0, -1 with errno. */
static int
watch(const struct pool *pool, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(pool->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Set the timer, unless it is running. */
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

/* Start a process for an entry that has none.  Returns 0, -1 with errno. */
static int
start_worker(struct pool *pool, struct worker *worker)
{
    if (worker_start(worker) == -1)
        return -1;
    if (watch(pool, worker->channel_fd) == 0)
        return 0;
    int saved_errno = errno;
    worker_reap(worker); /* it ends when its channel is closed */
    errno = saved_errno;
    return -1;
}

static bool
someone_waits(const struct pool *pool)
{
    return pool->waiting_first < pool->waiting_end;
}

/* Tell whether an entry without a process needs one. */
static bool
is_needed(const struct pool *pool, const struct worker *worker)
{
    if (!pool->stopping)
        return true;
    return !pool->cutting &&
           (worker->state == WORKER_ASSIGNED || someone_waits(pool));
}

/* Start the process of an entry that has none, then send the client that was
   assigned to it, if there is one. */
static void
start_and_send(struct pool *pool, struct worker *worker)
{
    if (worker->pid == 0 && !is_needed(pool, worker))
        return;
    if (worker->pid == 0 && start_worker(pool, worker) == -1) {
        log_event("no new worker: %s", strerror(errno));
        retry_later(pool);
    } else if (worker->state == WORKER_ASSIGNED && worker_send(worker) == -1) {
        log_event("worker %d: %s", worker->pid, strerror(errno));
        retry_later(pool);
    }
}

/* A worker is gone: clear up and find another. */
static void
on_worker_gone(struct pool *pool, struct worker *worker)
{
    /* close(2) takes an fd out of the epoll set only when no process has a copy
       of it left, and a sibling may just be starting (epoll(7), Q6). */
    epoll_ctl(pool->epoll_fd, EPOLL_CTL_DEL, worker->channel_fd, NULL);
    worker_reap(worker);
    if (worker_is_young(worker)) {
        retry_later(pool);
    } else {
        pool->pause_ms = 0;
        start_and_send(pool, worker);
    }
}

static void
on_worker_readable(struct pool *pool, struct worker *worker)
{
    if (!worker_collect(worker))
        on_worker_gone(pool, worker);
    else if (!worker_is_young(worker))
        pool->pause_ms = 0; /* it is well */
}

static void
on_timer(struct pool *pool)
{
    uint64_t rings;
    read_some(pool->timer_fd, &rings, sizeof rings);
    pool->timer_on = false;
    for (int i = 0; i < pool->size; i++)
        start_and_send(pool, &pool->workers[i]);
}

int
pool_start(struct pool *pool, const struct options *options, int epoll_fd)
{
    *pool = (struct pool){
        .epoll_fd = epoll_fd,
        .size = options->workers,
        .exit = options->exit,
    };
    pool->workers = calloc(pool->size, sizeof *pool->workers);
    if (pool->workers == NULL)
        return -1;
    pool->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (pool->timer_fd == -1 || watch(pool, pool->timer_fd) == -1)
        return -1;
    for (int i = 0; i < pool->size; i++) {
        worker_init(&pool->workers[i], pool->exit);
        if (start_worker(pool, &pool->workers[i]) == -1)
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
        if (worker->pid != 0 && worker->state == WORKER_FREE &&
            !worker->dismissed)
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
    if (worker == NULL) {
        pool->waiting[pool->waiting_end++] = client_fd;
        return;
    }
    worker_assign(worker, client_fd);
    start_and_send(pool, worker);
}

/* While the pool is stopping: serve those who wait, then tell the workers to
   end, a worker who is just getting a client not before it has it. */
static void
go_on_stopping(struct pool *pool)
{
    while (someone_waits(pool) && pool_has_room(pool))
        pool_submit(pool, pool->waiting[pool->waiting_first++]);
    for (int i = 0; i < pool->size && !someone_waits(pool); i++) {
        struct worker *worker = &pool->workers[i];
        bool settled = pool->cutting || worker->state == WORKER_FREE ||
                       worker->state == WORKER_BUSY;
        if (worker->pid != 0 && !worker->dismissed && settled)
            worker_dismiss(worker);
        if (worker->pid == 0 && pool->cutting)
            worker_drop_client(worker);
    }
}

/* Find the worker whose channel this is; NULL if it is none. */
static struct worker *
find_by_channel(const struct pool *pool, int channel_fd)
{
    for (int i = 0; i < pool->size; i++)
        if (pool->workers[i].channel_fd == channel_fd)
            return &pool->workers[i];
    return NULL;
}

void
pool_on_ready(struct pool *pool, int ready_fd)
{
    struct worker *worker = find_by_channel(pool, ready_fd);
    if (worker != NULL)
        on_worker_readable(pool, worker);
    else if (ready_fd == pool->timer_fd)
        on_timer(pool);
    if (pool->stopping)
        go_on_stopping(pool);
}

bool
pool_can_queue(const struct pool *pool)
{
    return pool->exit != POOL_KILL && pool->waiting_end < POOL_WAITING_MAX;
}

void
pool_stop(struct pool *pool)
{
    pool->stopping = true;
    pool->cutting = pool->exit == POOL_KILL;
    go_on_stopping(pool);
}

void
pool_cut(struct pool *pool)
{
    pool->cutting = true;
    while (someone_waits(pool)) {
        close(pool->waiting[pool->waiting_first++]);
        pool->cut++;
    }
    for (int i = 0; i < pool->size; i++) {
        struct worker *worker = &pool->workers[i];
        worker_drop_client(worker);
        if (worker->pid != 0)
            worker_kill(worker);
    }
}

bool
pool_has_ended(const struct pool *pool)
{
    for (int i = 0; i < pool->size; i++) {
        const struct worker *worker = &pool->workers[i];
        if (worker->pid != 0 || worker->state != WORKER_FREE)
            return false;
    }
    return !someone_waits(pool);
}

void
pool_count(const struct pool *pool, long *served, long *cut)
{
    *served = 0;
    *cut = pool->cut;
    for (int i = 0; i < pool->size; i++) {
        *served += pool->workers[i].served;
        *cut += pool->workers[i].cut;
    }
}

void
pool_release(struct pool *pool)
{
    close(pool->timer_fd);
    free(pool->workers);
}
