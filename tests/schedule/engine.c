/* engine.c: threads as coroutines.
   Each thread has a stack of its own (makecontext(3)) and runs until it calls
   engine_pause, which jumps back to whoever called engine_step.  The jumps are
   those of setjmp(3), since swapcontext(3) costs two system calls.  There is
   only one real thread, so nothing happens between two pauses but what this one
   does: what has no call in it is not divided, and data races are not seen. */

#include <err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <ucontext.h>

#include "channel.h"
#include "engine.h"
#include "memory.h"
#include "sync.h"

enum { STACK_SIZE = 64 * 1024 };

int engine_spurious_left;
void (*engine_listener)(const struct thread *thread, struct place place,
                        const char *text);

static struct thread threads[THREADS_MAX];
static ucontext_t contexts[THREADS_MAX];
static _Alignas(16) char stacks[THREADS_MAX][STACK_SIZE];
static jmp_buf turns[THREADS_MAX]; /* where each has paused */
static bool begun[THREADS_MAX];
static jmp_buf scheduler;
static int count;
static int running = -1; /* the thread that runs, -1: the scheduler */
static int chosen;       /* what engine_pause is to return */
static int steps;
static long steps_ever;
static int last;
static char verdict[VERDICT_SIZE];

struct thread *
engine_self(void)
{
    return &threads[running];
}

struct thread *
engine_find_thread(int number)
{
    return &threads[number];
}

const struct thread *
engine_thread(int number)
{
    return &threads[number];
}

int
engine_thread_count(void)
{
    return count;
}

static void
back_to_scheduler(void)
{
    if (_setjmp(turns[running]) == 0)
        _longjmp(scheduler, 1);
}

void
engine_mark(struct place place)
{
    if (engine_listener != NULL)
        engine_listener(engine_self(), place, "");
}

void
engine_tell(struct place place, const char *format, ...)
{
    char text[VERDICT_SIZE];
    va_list arguments;
    if (engine_listener == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    engine_listener(engine_self(), place, text);
}

void
engine_judge(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict, sizeof verdict, format, arguments);
    va_end(arguments);
}

void
engine_stop(void)
{
    for (;;)
        back_to_scheduler();
}

int
engine_last(void)
{
    return last;
}

void
engine_end(void *result)
{
    struct thread *self = engine_self();
    self->result = result;
    self->ended = true;
    const struct object *held = sync_held_by(self->number);
    if (held != NULL)
        engine_tell((struct place){0}, "ends, and takes %s to its grave",
                    held->name);
    else
        engine_tell((struct place){0}, "ends");
    for (;;)
        back_to_scheduler();
}

static void
run_thread(void)
{
    struct thread *self = engine_self();
    engine_end(self->run(self->argument));
}

int
engine_create(void *(*run)(void *), void *argument)
{
    int number = count++;
    if (number == THREADS_MAX)
        errx(2, "more than %d threads", THREADS_MAX);
    threads[number] = (struct thread){
        .number = number,
        .run = run,
        .argument = argument,
    };
    snprintf(threads[number].name, sizeof threads[number].name, "worker-%d",
             number);
    ucontext_t *context = &contexts[number];
    if (getcontext(context) == -1)
        err(2, "getcontext");
    context->uc_stack.ss_sp = stacks[number];
    context->uc_stack.ss_size = STACK_SIZE;
    context->uc_link = NULL; /* run_thread does not return */
    begun[number] = false;
    makecontext(context, run_thread, 0);
    return number;
}

int
engine_pause(struct wish wish)
{
    engine_self()->wish = wish;
    back_to_scheduler();
    return chosen;
}

/* Let a thread run to its next pause. */
static void
resume(int number)
{
    running = number;
    if (_setjmp(scheduler) == 0) {
        if (begun[number])
            _longjmp(turns[number], 1);
        begun[number] = true;
        setcontext(&contexts[number]);
    }
    running = -1;
}

/* The same, and then for each thread that it has made. */
static void
resume_all(int number)
{
    int before = count;
    resume(number);
    for (int i = before; i < count && verdict[0] == '\0'; i++)
        resume(i);
    if (verdict[0] == '\0' && !memory_is_sound())
        snprintf(verdict, sizeof verdict,
                 "%s writes outside of the memory that malloc gave",
                 threads[number].name);
}

static void *
run_main(void *argument)
{
    void (*const *main)(void) = argument;
    (*main)();
    return NULL;
}

void
engine_begin(void (*main)(void), int spurious)
{
    static void (*function)(void);
    function = main;
    count = 0;
    steps = 0;
    last = 0;
    verdict[0] = '\0';
    engine_spurious_left = spurious;
    channel_reset();
    memory_reset();
    sync_reset();
    engine_create(run_main, &function);
    snprintf(threads[0].name, sizeof threads[0].name, "main");
    resume_all(0);
}

void
engine_step(struct move move)
{
    steps_ever++;
    last = move.thread;
    chosen = move.choice;
    if (++steps > STEPS_MAX)
        snprintf(verdict, sizeof verdict,
                 "after %d steps it has not come to an end", STEPS_MAX);
    else
        resume_all(move.thread);
}

const char *
engine_verdict(void)
{
    return verdict[0] == '\0' ? NULL : verdict;
}

long
engine_steps_ever(void)
{
    return steps_ever;
}

void
engine_abandon(const char *what)
{
    if (running == -1)
        return;
    snprintf(verdict, sizeof verdict, "%s %s", threads[running].name, what);
    _longjmp(scheduler, 1);
}
