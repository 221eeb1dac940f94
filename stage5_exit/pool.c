/* pool.c: a pool of worker processes.
   Clients go to workers that are free.  A worker that dies is replaced; if it
   died young, or if anything else fails that may work later, the pool waits a
   little first, and longer every time. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "log.h"
#include "net.h"
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
    bool dismissed = worker->dismissed;
    worker_reap(worker);
    if (worker_is_young(worker) && !dismissed) {
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
    *pool = (struct pool){
        .epoll_fd = epoll_fd,
        .size = options->workers,
        .exit = options->exit,
    };
    pool->workers = calloc(pool->size, sizeof *pool->workers);
    if (pool->workers == NULL)
        return -1;
    if (retry_timer_open(&pool->retry) == -1 ||
        watch(pool, pool->retry.fd) == -1)
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

/* Tell whether it is time to tell a worker to end.  An order (drain) arrives
   behind the client that is under way; a signal (mask) ends a worker between
   two clients, so it has to wait until nobody else does. */
static bool
may_dismiss(const struct pool *pool, const struct worker *worker)
{
    if (worker->pid == 0 || worker->dismissed)
        return false;
    if (pool->cutting)
        return true;
    if (worker->state == WORKER_FREE)
        return !someone_waits(pool);
    if (pool->exit == POOL_DRAIN)
        return worker->state != WORKER_ASSIGNED;
    return worker->state == WORKER_BUSY && !someone_waits(pool);
}

/* While the pool is stopping: serve those who wait, and tell the workers to
   end. */
static void
go_on_stopping(struct pool *pool)
{
    while (someone_waits(pool) && pool_has_room(pool))
        pool_submit(pool, pool->waiting[pool->waiting_first++]);
    for (int i = 0; i < pool->size; i++) {
        struct worker *worker = &pool->workers[i];
        if (may_dismiss(pool, worker) && worker_dismiss(worker) == -1) {
            log_event("worker %d: %s", worker->pid, strerror(errno));
            retry_timer_start(&pool->retry);
        }
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
    else if (ready_fd == pool->retry.fd)
        on_timer(pool);
    reassign_clients(pool);
    if (pool->stopping)
        go_on_stopping(pool);
}

bool
pool_can_queue(const struct pool *pool)
{
    return pool->exit != POOL_KILL && pool->waiting_end < POOL_WAITING_MAX;
}

void
pool_refuse(struct pool *pool, int client_fd)
{
    char name[NET_NAME_SIZE];
    net_peer_name(client_fd, name);
    log_event("client %s: cut, there is no room for it", name);
    close(client_fd);
    pool->cut++;
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
    close(pool->retry.fd);
    free(pool->workers);
}
