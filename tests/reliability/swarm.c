/* swarm.c: many clients in one thread, honest and rude, against one server.
   What the tests of reliability ask for: not how fast it is, but whether every
   byte is right and everybody is answered, or told that there is no answer.

   Run it:  swarm --help
   See also: guest.c for one client. */

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "guest.h"
#include "swarm_options.h"
#include "tally.h"

enum {
    EVENTS_MAX = 256,
    LOOK_ROUND_MS = 10, /* how often to look at everybody's time */
    REST_MS = 20,       /* after a failure */
};

/* A place in the swarm, taken by one guest after the other. */
struct place {
    struct guest guest;
    bool rude;
    int64_t until_ns; /* connected: may stay so long; else: rests so long */
    int64_t asked_ns;
};

struct swarm {
    struct swarm_options options;
    struct house house;
    struct place *places;
    int count;
    int64_t end_ns; /* of beginning connections */
    struct tally tally;
};

static volatile sig_atomic_t told_to_end;

static void
on_signal(int signal_number)
{
    (void)signal_number;
    told_to_end = 1;
}

static int64_t
clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t
after_ms(double ms)
{
    return clock_ns() + ms * 1e6;
}

/* No further connection is begun. */
static bool
is_ending(const struct swarm *swarm)
{
    const struct swarm_options *options = &swarm->options;
    return told_to_end || clock_ns() >= swarm->end_ns ||
           (options->connections > 0 &&
            swarm->tally.connections >= options->connections);
}

/* ---- Honest ones --------------------------------------------------------- */

static void
on_reply(struct swarm *swarm, struct place *place)
{
    int64_t now_ns = clock_ns();
    tally_count(&swarm->tally, &place->guest, OUTCOME_DONE);
    if (now_ns - place->asked_ns > swarm->tally.slowest_ns)
        swarm->tally.slowest_ns = now_ns - place->asked_ns;
    if (--place->guest.requests == 0 || is_ending(swarm)) {
        guest_close(&place->guest);
        place->until_ns = now_ns;
        return;
    }
    guest_ask(&place->guest, &swarm->house);
    place->asked_ns = now_ns;
    place->until_ns = after_ms(swarm->options.patience * 1000);
}

static void
on_failure(struct swarm *swarm, struct place *place, enum outcome outcome)
{
    tally_count(&swarm->tally, &place->guest, outcome);
    guest_close(&place->guest);
    place->until_ns = after_ms(REST_MS);
}

static void
go_on(struct swarm *swarm, struct place *place)
{
    while (place->guest.fd != -1) {
        enum outcome outcome = guest_go_on(&place->guest, &swarm->house);
        if (outcome == OUTCOME_MORE)
            return;
        if (outcome == OUTCOME_DONE)
            on_reply(swarm, place);
        else
            on_failure(swarm, place, outcome);
    }
}

static void
come(struct swarm *swarm, struct place *place)
{
    swarm->tally.connections++;
    place->asked_ns = clock_ns();
    place->until_ns = after_ms(swarm->options.patience * 1000);
    enum outcome outcome = guest_come(&place->guest, &swarm->house);
    if (outcome != OUTCOME_MORE)
        on_failure(swarm, place, outcome);
}

/* ---- Rude ones ----------------------------------------------------------- */

static void
leave_rudely(struct place *place)
{
    guest_leave_rudely(&place->guest);
    place->until_ns = after_ms(random_below(5 * REST_MS));
}

static void
be_rude(struct swarm *swarm, struct place *place)
{
    if (guest_be_rude(&place->guest, &swarm->house) != OUTCOME_MORE)
        leave_rudely(place);
}

static void
come_rudely(struct swarm *swarm, struct place *place)
{
    int stay_ms;
    swarm->tally.rude++;
    if (guest_come_rudely(&place->guest, &swarm->house, &stay_ms) ==
        OUTCOME_MORE)
        place->until_ns = after_ms(stay_ms);
    else
        leave_rudely(place);
}

/* ---- All ----------------------------------------------------------------- */

static void
look_at(struct swarm *swarm, struct place *place)
{
    bool connected = place->guest.fd != -1;
    bool due = clock_ns() >= place->until_ns;
    if (!connected && due && !is_ending(swarm))
        (place->rude ? come_rudely : come)(swarm, place);
    else if (connected && place->rude && (due || is_ending(swarm)))
        leave_rudely(place);
    else if (connected && place->rude)
        be_rude(swarm, place); /* the edge of a flood does not come again */
    else if (connected && due)
        on_failure(swarm, place, OUTCOME_TIMEOUT);
}

/* Look at everybody.  Returns how many are connected. */
static int
look_round(struct swarm *swarm)
{
    int connected = 0;
    for (int i = 0; i < swarm->count; i++) {
        look_at(swarm, &swarm->places[i]);
        connected += swarm->places[i].guest.fd != -1;
    }
    return connected;
}

static void
on_event(struct swarm *swarm, struct place *place)
{
    if (place->guest.fd == -1)
        return;
    if (place->rude) {
        be_rude(swarm, place);
        return;
    }
    go_on(swarm, place);
    if (place->guest.fd == -1 && clock_ns() >= place->until_ns &&
        !is_ending(swarm))
        come(swarm, place); /* at once: a server is to be kept busy */
}

static void
run(struct swarm *swarm)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t looked_ns = 0;
    for (;;) {
        if (clock_ns() - looked_ns >= LOOK_ROUND_MS * 1000000) {
            looked_ns = clock_ns();
            if (look_round(swarm) == 0 && is_ending(swarm))
                return;
        }
        int n = epoll_wait(swarm->house.epoll_fd, events, EVENTS_MAX,
                           LOOK_ROUND_MS);
        if (n == -1 && errno != EINTR)
            err(1, "epoll_wait");
        for (int i = 0; i < n; i++)
            on_event(swarm, &swarm->places[events[i].data.u32]);
    }
}

/* ---- Beginning and end --------------------------------------------------- */

static void
set_up(struct swarm *swarm)
{
    struct swarm_options *options = &swarm->options;
    struct sigaction action = {.sa_handler = on_signal};
    struct rlimit limit;
    if (sigaction(SIGTERM, &action, NULL) == -1 ||
        sigaction(SIGINT, &action, NULL) == -1)
        err(1, "sigaction");
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit); /* if not, dial says what is short */
    }
    srandom(options->seed);
    swarm->house.server = options->server;
    swarm->house.protocol = options->protocol;
    swarm->house.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (swarm->house.epoll_fd == -1)
        err(1, "epoll_create1");
    if (options->directory != NULL)
        files_read(&swarm->house.files, options->directory, options->protocol);
    swarm->end_ns =
        options->seconds > 0 ? after_ms(options->seconds * 1000) : INT64_MAX;
    swarm->count = options->clients + options->rude;
    swarm->places = calloc(swarm->count + 1, sizeof *swarm->places);
    if (swarm->places == NULL)
        err(1, "calloc");
    for (int i = 0; i < swarm->count; i++) {
        guest_init(&swarm->places[i].guest, i);
        swarm->places[i].rude = i >= options->clients;
    }
}

int
main(int argc, char **argv)
{
    static struct swarm swarm;
    swarm_options_parse(&swarm.options, argc, argv);
    set_up(&swarm);
    run(&swarm);
    uint64_t bad = tally_print(&swarm.tally, &swarm.house, swarm.options.every);
    return bad == 0 ? 0 : 1;
}
