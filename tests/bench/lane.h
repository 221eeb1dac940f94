#ifndef LANE_H
#define LANE_H

#include <pthread.h>
#include <stdbool.h>

/* One direction in which items are handed over, one at a time. */

struct lane {
    int in_fd;
    int out_fd;
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    bool full; /* the mutex guards it: a queue with room for one */
};

/* A way to do it.  Each call ends the program if it fails. */
struct way {
    const char *name;
    bool process; /* the other side is a process, not a thread */
    void (*open)(struct lane *lane);
    void (*give)(struct lane *lane);
    void (*take)(struct lane *lane);
};

/* Returns NULL if there is none of that name. */
const struct way *lane_way(const char *name);

#endif
