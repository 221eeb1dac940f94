/* report.c: what the load generator says. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "report.h"

static const char *const names[OUTCOMES] = {
    [OUTCOME_REFUSED] = "refused", [OUTCOME_RESET] = "reset",
    [OUTCOME_CLOSED] = "closed",   [OUTCOME_TIMEOUT] = "timeout",
    [OUTCOME_DENIED] = "denied",   [OUTCOME_WRONG] = "wrong",
    [OUTCOME_LOST] = "lost",       [OUTCOME_OTHER] = "other",
};

static const struct {
    const char *name;
    double part;
} percentiles[] = {
    {"p50", 0.5},
    {"p90", 0.9},
    {"p99", 0.99},
    {"max", 1},
};

enum { PERCENTILES = sizeof percentiles / sizeof percentiles[0] };

void
report_merge(struct tally *sum, const struct tally *part)
{
    if (sum->started_ns == 0 || part->started_ns < sum->started_ns)
        sum->started_ns = part->started_ns;
    if (part->ended_ns > sum->ended_ns)
        sum->ended_ns = part->ended_ns;
    for (int i = 0; i < OUTCOMES; i++)
        sum->outcomes[i] += part->outcomes[i];
    sum->bytes += part->bytes;
    if (part->error != 0)
        sum->error = part->error;
    histogram_merge(&sum->latency, &part->latency);
}

uint64_t
report_failures(const struct tally *tally)
{
    uint64_t failures = 0;
    for (int i = OUTCOME_DONE + 1; i < OUTCOMES; i++)
        failures += tally->outcomes[i];
    return failures;
}

/* CPU time that the generator itself took. */
static double
own_cpu(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
print_to_read(const struct tally *tally, double seconds, double rate)
{
    printf("%" PRIu64 " requests in %.3f s: %.0f a second, %.2f MB/s; latency",
           tally->outcomes[OUTCOME_DONE], seconds, rate,
           seconds > 0 ? tally->bytes / seconds / 1e6 : 0);
    for (int i = 0; i < PERCENTILES; i++)
        printf(" %s %.3f", percentiles[i].name,
               histogram_percentile(&tally->latency, percentiles[i].part) /
                   1e6);
    printf(" ms; %" PRIu64 " failures", report_failures(tally));
    const char *separator = ": ";
    for (int i = OUTCOME_DONE + 1; i < OUTCOMES; i++) {
        if (tally->outcomes[i] == 0)
            continue;
        printf("%s%" PRIu64 " %s", separator, tally->outcomes[i], names[i]);
        separator = ", ";
    }
    if (tally->outcomes[OUTCOME_OTHER] > 0)
        printf(" (%s)", strerror(tally->error));
    printf("\n");
}

int
report_print(const struct tally *tally)
{
    double seconds = (tally->ended_ns - tally->started_ns) / 1e9;
    double rate = seconds > 0 ? tally->outcomes[OUTCOME_DONE] / seconds : 0;
    print_to_read(tally, seconds, rate);
    printf("requests=%" PRIu64 " seconds=%.6f rate=%.2f bytes=%" PRIu64
           " cpu=%.4f",
           tally->outcomes[OUTCOME_DONE], seconds, rate, tally->bytes,
           own_cpu(RUSAGE_SELF) + own_cpu(RUSAGE_CHILDREN));
    for (int i = 0; i < PERCENTILES; i++)
        printf(" %s_us=%.1f", percentiles[i].name,
               histogram_percentile(&tally->latency, percentiles[i].part) /
                   1e3);
    for (int i = OUTCOME_DONE + 1; i < OUTCOMES; i++)
        printf(" %s=%" PRIu64, names[i], tally->outcomes[i]);
    printf("\n");
    return fflush(stdout) == EOF ? -1 : 0;
}
