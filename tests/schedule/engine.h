#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>

/* Threads that run one at a time, each until it is about to make a call that
   other threads can notice: to lock, to wait, to signal.  There it pauses, and
   whoever uses the engine chooses the thread that goes next.  The same choices
   give the same run, always. */

enum {
    THREADS_MAX = 8,
    MOVES_MAX = 16,
    STEPS_MAX = 600, /* a run that takes more turns in a circle */
    VERDICT_SIZE = 200,
};

/* Where something stands in a source.  file is NULL for what is no part of the
   sources that are tried. */
struct place {
    const char *file;
    int line;
};

struct object;
struct cleanup;
struct thread;

/* What a thread is about to do. */
struct wish {
    const char *held_up;   /* "sleeps at": what it does until it can */
    struct object *object; /* what this is about, or NULL */
    struct object *mutex;  /* has to be locked as well, or NULL */
    int partner;           /* the thread that it waits for */
    struct place place;
    bool (*can)(const struct thread *thread);    /* NULL: always */
    int (*choices)(const struct thread *thread); /* NULL: one */
};

struct thread {
    int number; /* 0 is main */
    char name[16];
    struct wish wish;
    bool ended;
    bool woken;     /* by a signal, from its sleep */
    bool asleep;    /* at a condition variable */
    bool cancelled; /* pthread_cancel was called */
    bool shielded;  /* it has switched cancellation off */
    struct cleanup *handlers;
    void *(*run)(void *);
    void *argument;
    void *result;
};

/* A thread goes on; if there are choices, with this one. */
struct move {
    int thread;
    int choice;
};

/* ---- For whoever chooses ---------------------------------------------------

   Begin a new run: main is the first thread, and creates the others.  It is
   allowed that threads wake up for no reason, so many times in all. */
void engine_begin(void (*main)(void), int spurious);

/* List what can happen next, the thread that went last first.  Returns how many
   moves there are; if none, the run is over. */
int engine_moves(struct move moves[MOVES_MAX]);

/* Make one of these moves. */
void engine_step(struct move move);

/* Tell whether the thread that went last could go on: to let another one go is
   then a preemption. */
bool engine_can_continue(int last);

/* Say what is wrong with the run, or NULL.  That nobody can go on is known only
   when there are no more moves. */
const char *engine_verdict(void);

/* The thread that went last. */
int engine_last(void);

/* Say in words where the thread is. */
void engine_describe(const struct thread *thread, char *text, size_t size);

int engine_thread_count(void);
const struct thread *engine_thread(int number);

/* How often threads may still wake up for no reason. */
extern int engine_spurious_left;

/* Tell whether the thread, if it goes on, wakes up for no reason. */
bool engine_is_idle_wake(const struct thread *thread);

/* Is called for all that happens, with the place where it does, if set. */
extern void (*engine_listener)(const struct thread *thread, struct place place,
                               const char *text);

/* Count the steps of all runs. */
long engine_steps_ever(void);

/* End the run, from a signal handler: the thread that runs has done this.
   Returns only if none runs. */
void engine_abandon(const char *what);

/* ---- For the calls that threads make ------------------------------------ */

struct thread *engine_self(void);
struct thread *engine_find_thread(int number);

/* Make a thread; it runs up to its first call.  Returns its number. */
int engine_create(void *(*run)(void *), void *argument);

/* Pause until chosen.  Returns the choice. */
int engine_pause(struct wish wish);

/* End the thread that calls. */
_Noreturn void engine_end(void *result);

/* Tell the listener that the call at this place is made. */
void engine_mark(struct place place);

/* The same, and what comes of it. */
__attribute__((format(printf, 2, 3))) void engine_tell(struct place place,
                                                       const char *format, ...);

/* Say what is wrong with the run. */
__attribute__((format(printf, 1, 2))) void engine_judge(const char *format,
                                                        ...);

/* The same, from a thread: nothing more happens in the run. */
#define engine_wrong(...) (engine_judge(__VA_ARGS__), engine_stop())
_Noreturn void engine_stop(void);

#endif
