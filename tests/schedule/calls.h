#ifndef CALLS_H
#define CALLS_H

#include "engine.h"

/* What threads do with each other: create, join, cancel.  The functions stand
   for those of pthreads(7), see shim.h. */

/* A handler of pthread_cleanup_push(3), in the frame that pushed it. */
struct cleanup {
    void (*routine)(void *argument);
    void *argument;
    struct cleanup *next;
};

/* Tell whether the thread ends at its next cancellation point. */
bool calls_is_cancelled(const struct thread *thread);

/* This is a cancellation point: the thread that calls ends here if it is
   cancelled, its handlers called. */
void calls_end_if_cancelled(struct place place);

int calls_create(unsigned long *thread, void *(*run)(void *), void *argument);
int calls_name(unsigned long thread, const char *name);
int calls_join(unsigned long thread, void **result, struct place place);
int calls_cancel(unsigned long thread, struct place place);
int calls_set_cancel_state(int state, int *before);
void calls_test_cancel(struct place place);
unsigned long calls_self(void);
_Noreturn void calls_exit(void *result);
void calls_push(struct cleanup *cleanup);
void calls_pop(struct cleanup *cleanup, int execute);

/* Let others go first.  What is about to be done is told as text. */
void calls_step(const char *text);

#endif
