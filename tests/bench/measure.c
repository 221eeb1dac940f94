/* measure.c: run a command and say what it and all its descendants cost.
   measure FILE COMMAND [ARGUMENT]...
   TERM and INT are passed on to the command.  When it and all that it started have
   ended, one line is written to FILE:
     wall=SECONDS cpu=SECONDS voluntary=N involuntary=N maxrss=KIB
     rss=KIB pss=KIB fds=N processes=N status=N
   CPU time and context switches are those of all processes, maxrss is the peak
   of the largest.  The rest are the largest sums seen, by a look four times a
   second: pss counts a page that n processes share as 1/n in each (proc(5)).
   The status is also that of measure itself. */

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 250, PATH_SIZE = 64 };

/* What can be seen from outside, of one process or of several. */
struct sight {
    long rss;
    long pss;
    long fds;
    long processes;
};

/* What the kernel reports when a process has ended. */
struct cost {
    double cpu;
    long voluntary;
    long involuntary;
    long maxrss;
};

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* A process can end while we look at it: then nothing is found, or less. */

/* The size of the folder is their number, from Linux 6.2 on (proc(5)). */
static long
count_fds(pid_t pid)
{
    char path[PATH_SIZE];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    if (stat(path, &status) == 0 && status.st_size > 0)
        return status.st_size;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return 0;
    long count = -2; /* . and .. */
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void
look_at_memory(struct sight *sight, pid_t pid)
{
    char path[PATH_SIZE];
    char line[256];
    long kib;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "Rss: %ld kB", &kib) == 1)
            sight->rss += kib;
        else if (sscanf(line, "Pss: %ld kB", &kib) == 1)
            sight->pss += kib;
    }
    fclose(file);
}

/* Look at all descendants of a process. */
static void
look_at_children(struct sight *sight, pid_t pid)
{
    char path[PATH_SIZE];
    pid_t child;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    while (fscanf(file, "%d", &child) == 1) {
        sight->processes++;
        sight->fds += count_fds(child);
        look_at_memory(sight, child);
        look_at_children(sight, child);
    }
    fclose(file);
}

static long
larger(long a, long b)
{
    return a > b ? a : b;
}

static void
look(struct sight *most)
{
    struct sight sight = {0};
    look_at_children(&sight, getpid());
    most->rss = larger(most->rss, sight.rss);
    most->pss = larger(most->pss, sight.pss);
    most->fds = larger(most->fds, sight.fds);
    most->processes = larger(most->processes, sight.processes);
}

static double
seconds(const struct timeval *time)
{
    return time->tv_sec + time->tv_usec / 1e6;
}

/* Reap what has ended.  Returns false when there is nothing left to wait for;
   *status becomes the command's. */
static bool
reap(struct cost *cost, pid_t command, int *status)
{
    struct rusage usage; /* what it has waited for is included */
    int how;
    pid_t pid;
    while ((pid = wait4(-1, &how, WNOHANG, &usage)) > 0) {
        cost->cpu += seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
        cost->voluntary += usage.ru_nvcsw;
        cost->involuntary += usage.ru_nivcsw;
        cost->maxrss = larger(cost->maxrss, usage.ru_maxrss);
        if (pid == command)
            *status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    }
    return pid == 0;
}

static pid_t
start(char **command, const sigset_t *mask)
{
    pid_t pid = fork();
    if (pid == -1)
        err(1, "fork");
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        execvp(command[0], command);
        warn("%s", command[0]);
        _exit(127);
    }
    return pid;
}

int
main(int argc, char **argv)
{
    if (argc < 3)
        errx(2, "usage: measure FILE COMMAND [ARGUMENT]...");
    sigset_t signals, mask;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, &mask) == -1 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1) == -1) /* orphans come to us */
        err(1, "cannot begin");

    struct sight most = {0};
    struct cost cost = {0};
    int status = 0;
    double begun = now();
    pid_t command = start(argv + 2, &mask);
    static const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    do {
        int signal_number = sigtimedwait(&signals, NULL, &pause);
        if (signal_number == -1 && errno == EAGAIN)
            look(&most);
        else if (signal_number == SIGTERM || signal_number == SIGINT)
            kill(command, SIGTERM);
    } while (reap(&cost, command, &status));

    FILE *file = fopen(argv[1], "we");
    if (file == NULL ||
        fprintf(file,
                "wall=%.4f cpu=%.4f voluntary=%ld involuntary=%ld maxrss=%ld "
                "rss=%ld pss=%ld fds=%ld processes=%ld status=%d\n",
                now() - begun, cost.cpu, cost.voluntary, cost.involuntary,
                cost.maxrss, most.rss, most.pss, most.fds, most.processes,
                status) < 0 ||
        fclose(file) == EOF)
        err(1, "%s", argv[1]);
    return status;
}
