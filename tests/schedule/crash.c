/* crash.c: threads that crash or never come back.
   A signal handler leaves them where they are (sigaltstack(2)): their stack may
   be of no use any more. */

#include <err.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include <unistd.h>

#include "crash.h"
#include "engine.h"

static void
on_crash(int number)
{
    engine_abandon(number == SIGABRT ? "calls abort" : "crashes");
    _exit(128 + number); /* it was no thread, it was us */
}

static void
on_tick(int number)
{
    (void)number;
    static long steps_before = -1;
    long steps = engine_steps_ever();
    if (steps == steps_before)
        engine_abandon("turns in a circle and makes no call");
    steps_before = steps;
}

static void
handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler,
                               .sa_flags =
                                   SA_ONSTACK | SA_NODEFER | SA_RESTART};
    if (sigaction(number, &action, NULL) == -1)
        err(2, "sigaction");
}

void
crash_catch(void)
{
    static char stack[64 * 1024];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    const struct itimerval second = {{.tv_sec = 1}, {.tv_sec = 1}};
    if (sigaltstack(&alternate, NULL) == -1)
        err(2, "sigaltstack");
    handle(SIGSEGV, on_crash);
    handle(SIGBUS, on_crash);
    handle(SIGFPE, on_crash);
    handle(SIGILL, on_crash);
    handle(SIGABRT, on_crash);
    handle(SIGVTALRM, on_tick);
    if (setitimer(ITIMER_VIRTUAL, &second, NULL) == -1)
        err(2, "setitimer");
}
