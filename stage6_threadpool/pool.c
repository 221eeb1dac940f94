/* pool.c: a pool of worker threads.
   Threads share descriptors, so a client is handed over as a number in a queue.
   But they must guard what they share, and can be ended only where they agree
   to be: when one is cancelled, each handler it has pushed gives something
   back. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"
#include "fd_limit.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "pool.h"
#include "service.h"

struct worker {
    struct pool *pool;
    pthread_t thread;
    /* What follows is read and changed with the pool's mutex held. */
    int client_fd; /* -1: none */
    bool finished; /* with this client */
    bool cut;      /* from this client, by pool_cut */
};

enum {
    FDS_OF_SERVER = 16, /* 0 to 2, the listener, the epoll set ... */
    FDS_OF_WORKER = 4,  /* a client, a file, a pipe */
};

/* Shut the client's socket down under the thread that uses it: what the thread
   waits for has come to an end.  The mutex is held. */
static void
cut_client(struct worker *worker)
{
    worker->cut = true;
    shutdown(worker->client_fd, SHUT_RDWR);
}

static void
take_client(struct worker *worker, int client_fd)
{
    pthread_mutex_lock(&worker->pool->mutex);
    worker->client_fd = client_fd;
    worker->finished = false;
    worker->cut = false;
    if (worker->pool->cutting)
        cut_client(worker);
    pthread_mutex_unlock(&worker->pool->mutex);
}

static void
mark_finished(struct worker *worker)
{
    pthread_mutex_lock(&worker->pool->mutex);
    worker->finished = true;
    pthread_mutex_unlock(&worker->pool->mutex);
}

/* Part from the client.  A clean-up handler. */
static void
leave_client(void *argument)
{
    struct worker *worker = argument;
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->mutex);
    close(worker->client_fd);
    worker->client_fd = -1;
    if (worker->finished && !worker->cut)
        pool->served++;
    else
        pool->cut++;
    pthread_mutex_unlock(&pool->mutex);
}

/* The thread is about to end.  A clean-up handler. */
static void
leave_pool(void *argument)
{
    struct pool *pool = argument;
    pthread_mutex_lock(&pool->mutex);
    pool->running--;
    pthread_mutex_unlock(&pool->mutex);
    event_set(pool->event_fd);
}

/* A thread can be cancelled at any cancellation point (pthreads(7)), and write
   and close are such points.  So it allows that in two places only: while it
   waits for a client, and while it serves one. */
static void
allow_cancel(bool allowed)
{
    pthread_setcancelstate(
        allowed ? PTHREAD_CANCEL_ENABLE : PTHREAD_CANCEL_DISABLE, NULL);
}

static void
serve(struct worker *worker, int client_fd)
{
    char name[NET_NAME_SIZE];
    take_client(worker, client_fd);
    net_peer_name(client_fd, name);
    log_event("client %s is fd %d here", name, client_fd);
    pthread_cleanup_push(leave_client, worker);
    allow_cancel(true);
    serve_client(client_fd);
    allow_cancel(false);
    mark_finished(worker);
    pthread_cleanup_pop(1);
}

/* Wait for the next client.  Returns false if none will come. */
static bool
next_client(struct pool *pool, int *client_fd)
{
    bool was_full;
    allow_cancel(true);
    bool found = queue_pop(&pool->queue, client_fd, &was_full);
    allow_cancel(false);
    if (found && was_full)
        event_set(pool->event_fd); /* there is room again */
    return found;
}

/* What a worker does all its life. */
static void *
worker_main(void *argument)
{
    struct worker *worker = argument;
    int client_fd;
    allow_cancel(false);
    pthread_cleanup_push(leave_pool, worker->pool);
    while (next_client(worker->pool, &client_fd))
        serve(worker, client_fd);
    pthread_cleanup_pop(1);
    return NULL;
}

/* Start a thread for an entry.  Returns 0, -1 with errno. */
static int
worker_start(struct pool *pool, int number)
{
    struct worker *worker = &pool->workers[number];
    *worker = (struct worker){.pool = pool, .client_fd = -1};
    errno = pthread_create(&worker->thread, NULL, worker_main, worker);
    if (errno != 0)
        return -1;
    char name[32]; /* 15 bytes at most are allowed (pthread_setname_np(3)) */
    snprintf(name, sizeof name, "worker-%d", number + 1);
    pthread_setname_np(worker->thread, name);
    log_event("%s started", name);
    return 0;
}

/* Start all threads.  They inherit a signal mask that leaves every signal to
   the main thread.  Returns 0, -1 with errno. */
static int
start_workers(struct pool *pool)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = 0;
    for (int i = 0; i < pool->size && result == 0; i++)
        result = worker_start(pool, i);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

int
pool_start(struct pool *pool, const struct options *options, int epoll_fd)
{
    *pool = (struct pool){
        .exit = options->exit,
        .size = options->workers,
        .running = options->workers,
    };
    int others = FDS_OF_SERVER + options->workers * FDS_OF_WORKER;
    int queue_size = fd_limit_beside(others, options->queue);
    pthread_mutex_init(&pool->mutex, NULL);
    pool->workers = calloc(pool->size, sizeof *pool->workers);
    pool->event_fd = event_open();
    pool->stop_fd = event_open();
    struct epoll_event event = {.events = EPOLLIN, .data.fd = pool->event_fd};
    if (pool->workers == NULL || pool->event_fd == -1 || pool->stop_fd == -1 ||
        queue_init(&pool->queue, queue_size) == -1 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pool->event_fd, &event) == -1)
        return -1;
    service_set_stop_fd(pool->stop_fd);
    return start_workers(pool);
}

bool
pool_has_room(struct pool *pool)
{
    return !queue_is_full(&pool->queue);
}

bool
pool_can_queue(struct pool *pool)
{
    return pool->exit != POOL_CANCEL && pool_has_room(pool);
}

void
pool_submit(struct pool *pool, int client_fd)
{
    char name[NET_NAME_SIZE];
    net_peer_name(client_fd, name);
    log_event("client %s is fd %d here: queued", name, client_fd);
    queue_push(&pool->queue, client_fd);
}

void
pool_on_ready(struct pool *pool, int ready_fd)
{
    if (ready_fd == pool->event_fd)
        event_clear(pool->event_fd);
}

void
pool_refuse(struct pool *pool, int client_fd)
{
    char name[NET_NAME_SIZE];
    net_peer_name(client_fd, name);
    log_event("client %s: cut, there is no room for it", name);
    close(client_fd);
    pthread_mutex_lock(&pool->mutex);
    pool->cut++;
    pthread_mutex_unlock(&pool->mutex);
}

void
pool_cut(struct pool *pool)
{
    int client_fd;
    while (queue_drain(&pool->queue, &client_fd))
        pool_refuse(pool, client_fd);
    pthread_mutex_lock(&pool->mutex);
    pool->cutting = true;
    for (int i = 0; i < pool->size; i++)
        if (pool->workers[i].client_fd != -1)
            cut_client(&pool->workers[i]);
    pthread_mutex_unlock(&pool->mutex);
}

void
pool_stop(struct pool *pool)
{
    queue_close(&pool->queue);
    event_set(pool->stop_fd);
    if (pool->exit == POOL_DRAIN)
        return;
    for (int i = 0; i < pool->size; i++)
        pthread_cancel(pool->workers[i].thread);
    /* sendfile(2) is no cancellation point: what it waits for has to end. */
    pool_cut(pool);
}

bool
pool_has_ended(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    bool ended = pool->running == 0;
    pthread_mutex_unlock(&pool->mutex);
    return ended;
}

void
pool_count(struct pool *pool, long *served, long *cut)
{
    pthread_mutex_lock(&pool->mutex);
    *served = pool->served;
    *cut = pool->cut;
    pthread_mutex_unlock(&pool->mutex);
}

void
pool_release(struct pool *pool)
{
    for (int i = 0; i < pool->size; i++)
        pthread_join(pool->workers[i].thread, NULL);
    close(pool->event_fd);
    close(pool->stop_fd);
    queue_release(&pool->queue);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
}
