/* queue_cases.c: cases in which threads meet in a stage's queue.c.
   main puts items into the queue and closes it, workers take them out.
   Whatever comes out is compared with what was put in. */

#include <stdio.h>

#include "queue.h"
#include "shim.h"
#include "subject.h"

/* What this file does is told in words. */
#undef HERE
#define HERE ((struct place){0})

enum { WORKERS_MAX = 3, ITEMS_MAX = 8 };

static struct queue queue;
static int pushed;               /* items 1, 2 ... were put in */
static int taker[ITEMS_MAX + 1]; /* of each item: a thread's number, or -1 */
static int latest[THREADS_MAX];  /* that this thread has taken */
static int room_fd;              /* an eventfd: there is room again */
static pthread_t workers[WORKERS_MAX];
static int worker_count;
static bool careful; /* others may go between any two of main's calls */

static void
open_queue(int size, bool is_careful)
{
    careful = is_careful;
    pushed = 0;
    worker_count = 0;
    for (int i = 0; i <= ITEMS_MAX; i++)
        taker[i] = -1;
    for (int i = 0; i < THREADS_MAX; i++)
        latest[i] = 0;
    room_fd = eventfd(0, EFD_NONBLOCK);
    if (queue_init(&queue, size) == -1)
        engine_wrong("queue_init fails");
}

/* The thread that runs has got this item. */
static void
take(int item)
{
    int self = engine_self()->number;
    if (item < 1 || item > pushed)
        engine_wrong("%d comes out, and was never put in%s", item,
                     memory_origin(item));
    if (taker[item] != -1)
        engine_wrong("item %d comes out twice", item);
    if (item < latest[self])
        engine_wrong("item %d comes out after item %d", item, latest[self]);
    engine_tell(HERE, "has taken item %d", item);
    taker[item] = self;
    latest[self] = item;
}

/* What a worker does all its life. */
static void *
work(void *unused)
{
    (void)unused;
    const uint64_t one = 1;
    int item;
    bool was_full;
    while (queue_pop(&queue, &item, &was_full)) {
        take(item);
        if (was_full)
            write(room_fd, &one, sizeof one);
    }
    engine_tell(HERE, "learns that no more will come");
    return NULL;
}

/* Say what main is about to do.  That others go first makes a difference only
   if the queue is changed without its mutex, and there are many more schedules:
   small cases are enough for that. */
static void
announce(const char *text)
{
    if (careful)
        calls_step(text);
    else
        engine_tell(HERE, "%s", text);
}

static void
start(int count)
{
    for (worker_count = 0; worker_count < count; worker_count++)
        pthread_create(&workers[worker_count], NULL, work, NULL);
}

static void
push(void)
{
    char text[32];
    snprintf(text, sizeof text, "puts item %d in", pushed + 1);
    announce(text);
    pushed++;
    if (!queue_push(&queue, pushed))
        engine_wrong("queue_push refuses item %d, though there is room",
                     pushed);
}

/* Wait until there is room, as the event loop of the pool does. */
static void
await_room(void)
{
    uint64_t events;
    while (queue_is_full(&queue)) {
        channel_await(room_fd);
        read(room_fd, &events, sizeof events);
    }
}

static void
check_all_taken(void)
{
    for (int i = 1; i <= pushed; i++)
        if (taker[i] == -1)
            engine_wrong("item %d is lost: it never came out", i);
}

/* Close the queue and wait for the workers. */
static void
finish(void)
{
    announce("closes the queue");
    queue_close(&queue);
    for (int i = 0; i < worker_count; i++)
        pthread_join(workers[i], NULL);
    check_all_taken();
    queue_release(&queue);
}

static void
run_idle(void)
{
    open_queue(2, true);
    start(2);
    finish();
}

static bool
is_taken(const struct thread *thread)
{
    (void)thread;
    return taker[pushed] != -1;
}

/* What is put in is taken soon, and not only when the queue is closed. */
static void
run_served(void)
{
    open_queue(2, true);
    start(1);
    push();
    engine_pause((struct wish){.held_up = "waits until the item is taken",
                               .can = is_taken});
    finish();
}

static void
run_one(void)
{
    open_queue(2, true);
    start(1);
    push();
    push();
    finish();
}

static void
run_refused(void)
{
    open_queue(1, true);
    push();
    announce("tries to put another one in");
    if (queue_push(&queue, ITEMS_MAX))
        engine_wrong("queue_push takes more than there is room for");
    start(1);
    finish();
}

static void
run_two(void)
{
    open_queue(2, false);
    start(2);
    push();
    push();
    finish();
}

static void
run_crowd(void)
{
    open_queue(3, false);
    start(3);
    push();
    push();
    finish();
}

static void
run_full(void)
{
    open_queue(2, false);
    start(1);
    for (int i = 0; i < 4; i++) {
        await_room();
        push();
    }
    finish();
}

static void
run_cancel(void)
{
    open_queue(2, false);
    start(2);
    push();
    pthread_cancel(workers[0]);
    push();
    finish();
}

static void
run_drain(void)
{
    int item;
    open_queue(2, true);
    start(1);
    push();
    push();
    announce("takes back what is left");
    while (queue_drain(&queue, &item))
        take(item);
    finish();
}

const struct scenario subject_scenarios[] = {
    {"idle", "two workers, nothing to do", run_idle, 1, -1},
    {"served", "one worker, one item", run_served, 1, -1},
    {"one", "one worker, two items", run_one, 1, -1},
    {"refused", "two items, room for one", run_refused, 1, -1},
    {"two", "two workers, two items", run_two, 1, -1},
    {"full", "four items, room for two", run_full, 0, -1},
    {"cancel", "one of two workers is cancelled", run_cancel, 1, -1},
    {"drain", "main takes back what is left", run_drain, 1, -1},
    {"crowd", "three workers, two items", run_crowd, 0, BOUND},
};
const int subject_count = sizeof subject_scenarios / sizeof *subject_scenarios;

#ifdef OTHER_QUEUE
void
subject_view(char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (int i = 1; i <= pushed && length < size; i++)
        if (taker[i] == -1)
            length += snprintf(text + length, size - length, "%d ", i);
}
#else
void
subject_view(char *text, size_t size)
{
    int length = snprintf(text, size, "[");
    for (int i = 0; i < queue.count && i < queue.size; i++)
        length += snprintf(text + length, size - length, " %d",
                           queue.fds[(queue.first + i) % queue.size]);
    snprintf(text + length, size - length, " ] %d of %d, %s", queue.count,
             queue.size, queue.closed ? "closed" : "open");
}
#endif
