/* queue_check.c: does the queue keep its promises?
   Built together with a stage's queue.c.

   queue_check CHECK    order, crowd, close, cancel, race or spurious

   Says what is wrong and ends with status 1, or says nothing.  If the queue is
   wrong a check may hang: the caller limits its time (timeout(1)). */

#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>

#include "queue.h"
#include "queue_check_threads.h"

enum {
    CROWD = 4,
    EACH = 5000, /* descriptors that each of the crowd pushes */
    ROUNDS = 300,
};

static void
push(int fd)
{
    if (!queue_push(&queue, fd))
        errx(1, "there was room, but %d could not be pushed", fd);
}

static void
pop(int expected, bool expected_full)
{
    int fd;
    bool was_full;
    if (!queue_pop(&queue, &fd, &was_full))
        errx(1, "%d should have been popped, not nothing", expected);
    if (fd != expected)
        errx(1, "%d should have been popped, not %d", expected, fd);
    if (was_full != expected_full)
        errx(1, "at %d the queue was %sfull, it says otherwise", fd,
             expected_full ? "" : "not ");
}

/* What came first goes first, however often the ring goes round; and what does
   not fit is refused. */
static void
check_order(void)
{
    open_queue();
    for (int round = 0; round < ROUNDS; round++) {
        int base = round * SIZE;
        for (int i = 0; i < SIZE; i++) {
            if (queue_is_full(&queue))
                errx(1, "with %d of %d it says that it is full", i, SIZE);
            push(base + i);
        }
        if (!queue_is_full(&queue) || queue_push(&queue, -1))
            errx(1, "it does not say that it is full");
        for (int i = 0; i < SIZE; i++)
            pop(base + i, i == 0);
        push(-2); /* so that the next round begins at another place */
        pop(-2, false);
    }
    queue_release(&queue);
}

static void *
push_many(void *argument)
{
    int first = *(int *)argument * EACH;
    for (int i = 0; i < EACH; i++)
        while (!queue_push(&queue, first + i))
            sched_yield();
    return NULL;
}

struct eater {
    pthread_t thread;
    int count;
    int last[CROWD]; /* descriptor of each pusher */
    bool disordered;
};

static void *
pop_many(void *argument)
{
    struct eater *eater = argument;
    int fd;
    bool was_full;
    for (int i = 0; i < CROWD; i++)
        eater->last[i] = -1;
    while (queue_pop(&queue, &fd, &was_full)) {
        int *last = &eater->last[fd / EACH];
        if (fd <= *last)
            eater->disordered = true;
        *last = fd;
        eater->count++;
    }
    return NULL;
}

/* Many push and many pop: each descriptor is popped once, and those of one
   pusher in their order. */
static void
check_crowd(void)
{
    pthread_t pushers[CROWD];
    int numbers[CROWD];
    struct eater eaters[CROWD] = {0};
    int count = 0;
    open_queue();
    for (int i = 0; i < CROWD; i++) {
        numbers[i] = i;
        start(&eaters[i].thread, pop_many, &eaters[i]);
        start(&pushers[i], push_many, &numbers[i]);
    }
    for (int i = 0; i < CROWD; i++)
        join(pushers[i]);
    queue_close(&queue);
    for (int i = 0; i < CROWD; i++) {
        join(eaters[i].thread);
        count += eaters[i].count;
        if (eaters[i].disordered)
            errx(1, "a later one came before an earlier one, or twice");
    }
    if (count != CROWD * EACH)
        errx(1, "%d were pushed, %d popped", CROWD * EACH, count);
    queue_release(&queue);
}

/* After it is closed, what is left is popped still, and then nobody waits:
   neither who waited already nor who comes now. */
static void
check_close(void)
{
    struct popper poppers[CROWD];
    for (int round = 0; round < ROUNDS; round++) {
        open_queue();
        for (int i = 0; i < CROWD; i++)
            start_popper(&poppers[i]);
        if (round == 0) /* in other rounds they may be just about to wait */
            for (int i = 0; i < CROWD; i++)
                await_sleep(&poppers[i]);
        queue_close(&queue);
        for (int i = 0; i < CROWD; i++) {
            join(poppers[i].thread);
            if (poppers[i].found)
                errx(1, "something was popped that was never pushed");
        }
        queue_release(&queue);
    }

    open_queue();
    push(1);
    push(2);
    queue_close(&queue);
    pop(1, false);
    pop(2, false);
    int fd;
    bool was_full;
    if (queue_pop(&queue, &fd, &was_full) || queue_drain(&queue, &fd))
        errx(1, "something was popped that was never pushed");
    queue_release(&queue);
}

/* A thread that is cancelled while it waits leaves the queue to the others. */
static void
check_cancel(void)
{
    struct popper poppers[CROWD];
    open_queue();
    for (int i = 0; i < CROWD; i++)
        start_popper(&poppers[i]);
    for (int i = 0; i < CROWD; i++)
        await_sleep(&poppers[i]);
    for (int i = 0; i < CROWD - 1; i++) {
        pthread_cancel(poppers[i].thread);
        if (!join(poppers[i].thread))
            errx(1, "a thread that waited was not cancelled");
        need_free_mutex("a cancel");
    }
    push(7);
    join(poppers[CROWD - 1].thread);
    if (!poppers[CROWD - 1].found || poppers[CROWD - 1].fd != 7)
        errx(1, "who was not cancelled did not get what was pushed");

    for (int i = 0; i < CROWD; i++)
        start_popper(&poppers[i]);
    for (int i = 0; i < CROWD; i++) /* all at once, perhaps before they wait */
        pthread_cancel(poppers[i].thread);
    for (int i = 0; i < CROWD; i++)
        if (!join(poppers[i].thread))
            errx(1, "a thread that was about to wait was not cancelled");
    need_free_mutex("cancels");
    queue_release(&queue);
}

/* Something is pushed while one of two is cancelled: the other one gets it, if
   it is not popped yet. */
static void
check_race(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct popper one;
        struct popper other;
        open_queue();
        start_popper(&one);
        start_popper(&other);
        if (round % 2 == 0) {
            await_sleep(&one);
            await_sleep(&other);
        }
        if (round % 3 == 0)
            pthread_cancel(one.thread);
        push(round);
        if (round % 3 != 0)
            pthread_cancel(one.thread);
        bool taken = !join(one.thread);
        if (taken && (!one.found || one.fd != round))
            errx(1, "it popped something else than %d", round);
        if (taken)
            queue_close(&queue);
        join(other.thread);
        if (other.found == taken || (other.found && other.fd != round))
            errx(1, "%d was lost, or popped twice", round);
        need_free_mutex("a cancel");
        queue_release(&queue);
    }
}

/* A wait may end for no reason (pthread_cond_wait(3)): then it goes on. */
static void
check_spurious(void)
{
    struct popper popper;
    open_queue();
    start_popper(&popper);
    await_sleep(&popper);
    for (int i = 0; i < 20; i++) {
#ifndef OTHER_QUEUE /* it has nothing of this name */
        pthread_cond_broadcast(&queue.changed);
#endif
        poll(NULL, 0, 1);
    }
    if (popper.returned)
        errx(1, "it came back with nothing, though the queue was not closed");
    push(3);
    join(popper.thread);
    if (!popper.found || popper.fd != 3)
        errx(1, "what was pushed was not popped");
    queue_release(&queue);
}

static const struct {
    const char *name;
    void (*run)(void);
} checks[] = {
    {"order", check_order}, {"crowd", check_crowd},
    {"close", check_close}, {"cancel", check_cancel},
    {"race", check_race},   {"spurious", check_spurious},
};

int
main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (strcmp(name, checks[i].name) == 0) {
            checks[i].run();
            return 0;
        }
    }
    errx(2, "no such check: '%s'", name);
}
