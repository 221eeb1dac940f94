/* workers_cases.c: cases in which an event loop and its threads meet in
   reactor/workers.c, and in the two queues between them. */

#include <stdio.h>

#include "io.h"
#include "reactor/workers.h"
#include "shim.h"
#include "subject.h"

/* What this file does is told in words. */
#undef HERE
#define HERE ((struct place){0})

enum { JOBS_MAX = 4 };

static struct workers workers;
static bool worked[JOBS_MAX + 1]; /* job 1, 2 ... was worked on */
static int collected;

ssize_t
read_some(int fd, void *buffer, size_t size)
{
    return read(fd, buffer, size);
}

static void
work(void *context, int job)
{
    (void)context;
    if (worked[job])
        engine_wrong("job %d is worked on twice", job);
    worked[job] = true;
    engine_tell(HERE, "works on job %d", job);
}

/* Collect what is done until so many have been collected. */
static void
collect(int count)
{
    int job;
    while (collected < count) {
        channel_await(workers.event_fd);
        workers_acknowledge(&workers);
        while (workers_collect(&workers, &job)) {
            engine_tell(HERE, "collects job %d", job);
            if (!worked[job])
                engine_wrong("job %d is collected and not done", job);
            collected++;
        }
    }
}

static void
run(int threads, int jobs)
{
    collected = 0;
    for (int i = 0; i <= JOBS_MAX; i++)
        worked[i] = false;
    if (workers_start(&workers, threads, jobs, work, NULL) == -1)
        engine_wrong("workers_start fails");
    for (int i = 1; i <= jobs; i++)
        workers_submit(&workers, i);
    collect(jobs);
    workers_stop(&workers);
}

static void
run_one(void)
{
    run(1, 2);
}

static void
run_two(void)
{
    run(2, 2);
}

const struct scenario subject_scenarios[] = {
    {"one", "one thread, two jobs", run_one, 0, BOUND},
    {"two", "two threads, two jobs", run_two, 0, BOUND},
};
const int subject_count = sizeof subject_scenarios / sizeof *subject_scenarios;

void
subject_view(char *text, size_t size)
{
    snprintf(text, size, "%d jobs, %d done", workers.jobs.count,
             workers.done.count);
}
