/* handover_cost.c: what it costs to give an item of work to somebody.
   handover_cost WAY CORES COUNT
   prints the nanoseconds that one item takes. The ways:
     fork        make a process for it, and wait for its end
     thread      make a thread for it, and wait for its end
     fdpass      to another process: pass a descriptor through a Unix socket
     queue       to another thread: a list under a mutex, a condition variable
     pipe        to another thread: wake it by a byte in a pipe
     eventfd     to another thread: wake it by adding to an eventfd
     socketpair  to another thread: wake it by a byte in a Unix socket
   With two sides an item goes there and back COUNT times; each of the ways counts
   as one.  CORES is 1 (both sides on the same one) or 2 (each on its own). */

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lane.h"

enum { THERE, BACK };

static struct lane lanes[2];
static long count;
static int cores;

static double
now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

/* Let this thread run on the core of its side only. */
static void
settle(int side)
{
    cpu_set_t allowed;
    cpu_set_t own;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == -1)
        err(1, "sched_getaffinity");
    int skip = cores == 2 ? side : 0;
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &allowed) || skip-- > 0)
            continue;
        CPU_ZERO(&own);
        CPU_SET(i, &own);
        if (sched_setaffinity(0, sizeof own, &own) == -1)
            err(1, "sched_setaffinity");
        return;
    }
    errx(1, "there is only one core");
}

static void *
other_side(void *argument)
{
    const struct way *way = argument;
    settle(BACK);
    for (long i = 0; i < count; i++) {
        way->take(&lanes[THERE]);
        way->give(&lanes[BACK]);
    }
    return NULL;
}

/* Returns the nanoseconds of one item in one direction. */
static double
go_there_and_back(const struct way *way)
{
    double begun = now_ns();
    for (long i = 0; i < count; i++) {
        way->give(&lanes[THERE]);
        way->take(&lanes[BACK]);
    }
    return (now_ns() - begun) / count / 2;
}

static double
with_two_sides(const struct way *way)
{
    pthread_t thread;
    pid_t pid = -1;
    way->open(&lanes[THERE]);
    way->open(&lanes[BACK]);
    if (way->process) {
        pid = fork();
        if (pid == -1)
            err(1, "fork");
        if (pid == 0) {
            other_side((void *)way);
            _exit(0);
        }
    } else {
        errno = pthread_create(&thread, NULL, other_side, (void *)way);
        if (errno != 0)
            err(1, "pthread_create");
    }
    settle(THERE);
    double ns = go_there_and_back(way);
    if (way->process)
        waitpid(pid, NULL, 0);
    else
        pthread_join(thread, NULL);
    return ns;
}

/* ---- A process or a thread for each item --------------------------------- */

static double
with_processes(void)
{
    double begun = now_ns();
    for (long i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid == -1)
            err(1, "fork");
        if (pid == 0)
            _exit(0);
        if (waitpid(pid, NULL, 0) == -1)
            err(1, "waitpid");
    }
    return (now_ns() - begun) / count;
}

static void *
do_nothing(void *argument)
{
    return argument;
}

static double
with_threads(void)
{
    double begun = now_ns();
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        errno = pthread_create(&thread, NULL, do_nothing, NULL);
        if (errno == 0)
            errno = pthread_join(thread, NULL);
        if (errno != 0)
            err(1, "pthread_create or pthread_join");
    }
    return (now_ns() - begun) / count;
}

static double
cost_of(const char *name)
{
    const struct way *way = lane_way(name);
    if (way != NULL)
        return with_two_sides(way);
    if (cores == 1)
        settle(THERE); /* the new ones inherit that */
    if (strcmp(name, "fork") == 0)
        return with_processes();
    if (strcmp(name, "thread") == 0)
        return with_threads();
    errx(2, "there is no way '%s'", name);
}

int
main(int argc, char **argv)
{
    if (argc == 4) {
        cores = atoi(argv[2]);
        count = atol(argv[3]);
    }
    if (cores < 1 || cores > 2 || count < 1)
        errx(2, "usage: handover_cost WAY 1|2 COUNT");
    printf("%.1f\n", cost_of(argv[1]));
    return fflush(stdout) == EOF;
}
