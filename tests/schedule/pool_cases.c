/* pool_cases.c: cases in which an event loop and its threads meet in pool.c.
   What a client wants, and what is logged, is left out. */

#include <stdio.h>

#include "fd_limit.h"
#include "io.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "pool.h"
#include "service.h"
#include "shim.h"
#include "subject.h"

/* What this file does is told in words. */
#undef HERE
#define HERE ((struct place){0})

static struct pool pool;
static int submitted;

ssize_t
read_some(int fd, void *buffer, size_t size)
{
    return read(fd, buffer, size);
}

void
log_event(const char *format, ...)
{
    (void)format;
}

int
fd_limit_beside(int others, int wanted)
{
    (void)others;
    return wanted;
}

void
service_set_stop_fd(int stop_fd)
{
    (void)stop_fd;
}

void
net_peer_name(int socket_fd, char *name)
{
    (void)socket_fd;
    name[0] = '\0';
}

/* Serving takes a moment, and can be cancelled at its beginning and its end. */
void
serve_client(int client_fd)
{
    pthread_testcancel();
    if (!channel_is_open(client_fd))
        engine_wrong("%s serves fd %d, which is not open", engine_self()->name,
                     client_fd);
    calls_step("serves the client");
    pthread_testcancel();
}

static void
await_event(void)
{
    channel_await(pool.event_fd);
    pool_on_ready(&pool, pool.event_fd);
}

static void
submit(void)
{
    while (!pool_has_room(&pool))
        await_event();
    int client_fd = channel_open_client();
    engine_tell(HERE, "submits client %d, fd %d", ++submitted, client_fd);
    pool_submit(&pool, client_fd);
}

/* Stop the pool, and see that every client is accounted for. */
static void
stop(int first_fd)
{
    long served;
    long cut;
    engine_tell(HERE, "stops the pool");
    pool_stop(&pool);
    while (!pool_has_ended(&pool))
        await_event();
    pool_count(&pool, &served, &cut);
    if (served + cut != submitted)
        engine_wrong("of %d clients, %ld were served and %ld cut", submitted,
                     served, cut);
    if (pool.exit == POOL_DRAIN && cut > 0)
        engine_wrong("a drain has cut %ld clients", cut);
    for (int fd = first_fd; fd < first_fd + submitted; fd++)
        if (channel_is_open(fd))
            engine_wrong("the client with fd %d was never closed", fd);
    pool_release(&pool);
}

/* One event loop, from the first client to the last. */
static void
run(enum pool_exit how, int threads, int clients)
{
    const struct options options = {
        .workers = threads, .queue = 1, .exit = how};
    submitted = 0;
    if (pool_start(&pool, &options, -1) == -1)
        engine_wrong("pool_start fails");
    int first_fd = pool.stop_fd + 1;
    for (int i = 0; i < clients; i++)
        submit();
    stop(first_fd);
}

static void
run_drain(void)
{
    run(POOL_DRAIN, 1, 2);
}

static void
run_cancel(void)
{
    run(POOL_CANCEL, 1, 2);
}

static void
run_drain_two(void)
{
    run(POOL_DRAIN, 2, 2);
}

static void
run_cancel_two(void)
{
    run(POOL_CANCEL, 2, 2);
}

const struct scenario subject_scenarios[] = {
    {"drain", "drain, one worker, two clients", run_drain, 0, BOUND},
    {"cancel", "cancel, one worker, two clients", run_cancel, 0, BOUND},
    {"drain2", "drain, two workers, two clients", run_drain_two, 0, BOUND},
    {"cancel2", "cancel, two workers, two clients", run_cancel_two, 0, BOUND},
};
const int subject_count = sizeof subject_scenarios / sizeof *subject_scenarios;

void
subject_view(char *text, size_t size)
{
    snprintf(text, size, "%d queued, %d running", pool.queue.count,
             pool.running);
}
