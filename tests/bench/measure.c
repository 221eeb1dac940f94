/* measure.c: run a command and say what it cost.
   measure COMMAND [ARGUMENT]...
   prints on standard error, when the command has ended:
   measured WALL_SECONDS CPU_SECONDS PEAK_RSS_KIB VOLUNTARY_SWITCHES STATUS */

#include <err.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static double
seconds(const struct timeval *time)
{
    return time->tv_sec + time->tv_usec / 1e6;
}

int
main(int argc, char **argv)
{
    if (argc < 2)
        errx(2, "usage: measure COMMAND [ARGUMENT]...");
    double start = now();
    pid_t pid = fork();
    if (pid == -1)
        err(1, "fork");
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        warn("%s", argv[1]);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (wait4(pid, &status, 0, &usage) == -1)
        err(1, "wait4");
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fprintf(stderr, "measured %.4f %.4f %ld %ld %d\n", now() - start,
            seconds(&usage.ru_utime) + seconds(&usage.ru_stime),
            usage.ru_maxrss, usage.ru_nvcsw, code);
    return code;
}
