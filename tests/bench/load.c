/* load.c: a load generator.
   Makes requests of a server, as many clients at once or so many a second,
   checks each answer byte for byte or by its length, and says how many there
   were in a second, how long they took and what failed.

   Run it:  load --help
   See also: crowd.c for the clients; reply.c for what an answer has to be. */

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_options.h"
#include "report.h"

/* Each client needs a descriptor: allow as many as we may. */
static void
raise_fd_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "setrlimit");
}

/* The share of one process in a number: what is left over goes to the first. */
static uint64_t
share(uint64_t number, int process, int processes)
{
    return number / processes + ((uint64_t)process < number % processes);
}

static struct plan
share_of(const struct load_options *options, int process)
{
    struct plan plan = options->plan;
    plan.clients = share(plan.clients, process, options->processes);
    plan.silent = share(plan.silent, process, options->processes);
    plan.requests = share(plan.requests, process, options->processes);
    plan.rate /= options->processes;
    return plan;
}

static void
work(const struct load_options *options, int process, struct tally *tally)
{
    struct plan plan = share_of(options, process);
    if (options->plan.requests > 0 && plan.requests == 0)
        return; /* there are fewer than processes */
    if (crowd_run(&plan, tally) == -1)
        err(1, "cannot begin");
}

/* Start the processes and wait for them.  Each has its own tally in memory that
   all of them share. */
static void
share_work(const struct load_options *options, struct tally *tallies)
{
    for (int i = 0; i < options->processes; i++) {
        switch (fork()) {
        case -1:
            err(1, "fork");
        case 0:
            work(options, i, &tallies[i]);
            _exit(0);
        }
    }
    int status;
    int failed = 0;
    while (wait(&status) != -1 || errno == EINTR)
        if (status != 0)
            failed = 1;
    if (failed)
        exit(1); /* the process has said why */
}

int
main(int argc, char **argv)
{
    struct load_options options;
    static struct tally sum;
    load_options_parse(&options, argc, argv);
    raise_fd_limit();
    struct tally *tallies =
        mmap(NULL, options.processes * sizeof *tallies, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tallies == MAP_FAILED)
        err(1, "mmap");
    if (options.processes == 1)
        work(&options, 0, tallies);
    else
        share_work(&options, tallies);
    for (int i = 0; i < options.processes; i++)
        if (tallies[i].started_ns > 0)
            report_merge(&sum, &tallies[i]);
    if (report_print(&sum) == -1)
        err(1, "standard output");
    return report_failures(&sum) == 0 ? 0 : 1;
}
