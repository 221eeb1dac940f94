/* pool.c: a pool of worker processes.
   Clients go to workers that are free.  A worker that dies is replaced; if it
   died young, or if anything else fails that may work later, the pool waits a
   little first, and longer every time. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "log.h"
#include "options.h"
#include "pool.h"
#include "worker.h"

/* Have the epoll set report when fd is readable.  Returns 0, -1 with errno. */
static int
watch(const struct pool *pool, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(pool->epoll_fd, EPOLL_CTL_ADD, fd, &event);
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

/* Start the process of an entry that has none, then send the client that was
   assigned to it, if there is one. */
static void
start_and_send(struct pool *pool, struct worker *worker)
{
    if (worker->pid == 0 && start_worker(pool, worker) == -1) {
        log_event("no new worker: %s", strerror(errno));
        retry_timer_start(&pool->retry);
    } else if (worker->state == WORKER_ASSIGNED && worker_send(worker) == -1) {
        log_event("worker %d: %s", worker->pid, strerror(errno));
        retry_timer_start(&pool->retry);
    }
}

/* A worker is gone: clean up and replace it. */
static void
on_worker_gone(struct pool *pool, struct worker *worker)
{
    /* close(2) takes an fd out of the epoll set only when no process has a copy
       of it left, and a sibling may just be starting (epoll(7), Q6). */
    epoll_ctl(pool->epoll_fd, EPOLL_CTL_DEL, worker->channel_fd, NULL);
    worker_reap(worker);
    if (worker_is_young(worker)) {
        retry_timer_start(&pool->retry);
    } else {
        retry_timer_reset(&pool->retry);
        start_and_send(pool, worker);
    }
}

static void
on_worker_readable(struct pool *pool, struct worker *worker)
{
    if (!worker_collect(worker))
        on_worker_gone(pool, worker);
    else if (!worker_is_young(worker))
        retry_timer_reset(&pool->retry); /* it is well */
}

static void
on_timer(struct pool *pool)
{
    retry_timer_stop(&pool->retry);
    for (int i = 0; i < pool->size; i++)
        start_and_send(pool, &pool->workers[i]);
}

int
pool_start(struct pool *pool, const struct options *options, int epoll_fd)
{
    *pool = (struct pool){.epoll_fd = epoll_fd, .size = options->workers};
    pool->workers = calloc(pool->size, sizeof *pool->workers);
    if (pool->workers == NULL)
        return -1;
    if (retry_timer_open(&pool->retry) == -1 ||
        watch(pool, pool->retry.fd) == -1)
        return -1;
    for (int i = 0; i < pool->size; i++) {
        worker_init(&pool->workers[i]);
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
    worker_assign(worker, client_fd);
    start_and_send(pool, worker);
}

/* Give a client whose worker is gone to any other that is free: starting a new
   one may take long. */
static void
reassign_clients(struct pool *pool)
{
    for (int i = 0; i < pool->size; i++) {
        struct worker *worker = &pool->workers[i];
        struct worker *other = find_free(pool);
        if (worker->pid != 0 || worker->state != WORKER_ASSIGNED ||
            other == NULL)
            continue;
        worker_assign(other, worker_take_back(worker));
        start_and_send(pool, other);
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
    else if (ready_fd == pool->retry.fd)
        on_timer(pool);
    reassign_clients(pool);
}
