#ifndef EXPLORE_H
#define EXPLORE_H

#include "engine.h"
#include "subject.h"

/* A run that can be repeated. */
struct schedule {
    struct move moves[STEPS_MAX + 1];
    int length;
    int switches; /* from one thread to another */
    char verdict[VERDICT_SIZE];
};

struct outcome {
    long schedules;
    long wrong;
    bool stopped;             /* before all were tried: too many */
    struct schedule shortest; /* of the wrong ones */
};

/* Try every schedule of a case that has at most bound preemptions (-1: every
   one there is), but no more of them than limit. */
void explore(const struct scenario *scenario, int bound, long limit,
             struct outcome *outcome);

#endif
