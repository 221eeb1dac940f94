#ifndef SUBJECT_H
#define SUBJECT_H

#include <stddef.h>

/* What is tried: sources of a stage, and cases in which their threads meet.
   Each program has one subject. */

enum { BOUND = 2 }; /* on preemptions, where there are too many schedules */

struct scenario {
    const char *name; /* one word */
    const char *text; /* what happens in it */
    void (*main)(void);
    int spurious; /* how often a thread may wake up for no reason */
    int bound;    /* on preemptions: BOUND, or -1: none */
};

extern const struct scenario subject_scenarios[];
extern const int subject_count;

/* Say what the queue holds: at most size bytes. */
void subject_view(char *text, size_t size);

#endif
