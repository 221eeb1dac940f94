/* relay.c: the traffic between a client and a program.
   Five things can happen at any time, in any order: the client sends or
   takes bytes; the program reads, writes, reports an error or ends.  Who waits
   for one of them alone may wait for ever: a program that has filled the pipe
   of its standard error writes nothing else until that is read.  So one
   poll(2) waits for all.  There is a buffer for each direction, and while it
   is full nothing more is read: however much goes through, the memory stays
   the same. */

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/time.h>

#include "body.h"
#include "clock.h"
#include "io.h"
#include "log.h"
#include "output.h"
#include "program.h"
#include "relay.h"
#include "request.h"
#include "stderr_log.h"

/* What is watched, in the order of the table for poll. */
enum { CLIENT, END, INPUT, OUTPUT, ERRORS, WATCHED };

/* A client that has ended its side may be gone, or wait for the reply: so long
   it may wait.  A program whose output has ended may tidy up for so long. */
static const double grace_seconds = 1.0;

struct relay {
    int client_fd;
    struct program *program;
    struct body body;
    struct output output;
    struct stderr_log stderr_log;
    double silence;      /* how many seconds the client may make us wait */
    double limit;        /* clock_now() when the program's time is over */
    double client_moved; /* clock_now() when we last did not wait for it */
    double client_ended; /* when it ended its side, or took something after */
    double output_ended; /* INFINITY: not yet */
};

static double
earlier(double a, double b)
{
    return a < b ? a : b;
}

/* Is it the client's turn? */
static bool
wants_client(const struct relay *relay)
{
    return body_wants_client(&relay->body) ||
           output_wants_client(&relay->output);
}

/* Fill the table for poll.  An fd of -1 is passed over.  What is not wanted now
   is left out: an error of it would be reported again and again. */
static void
choose_watched(const struct relay *relay, struct pollfd *watched)
{
    const struct program *program = relay->program;
    short client = relay->client_ended == INFINITY ? POLLRDHUP : 0;
    if (body_wants_client(&relay->body))
        client |= POLLIN;
    if (output_wants_client(&relay->output))
        client |= POLLOUT;
    bool input = body_wants_program(&relay->body);
    bool output = output_wants_program(&relay->output);
    int end_fd = program->has_ended ? -1 : program->end_fd;
    watched[CLIENT] = (struct pollfd){relay->client_fd, client, 0};
    watched[END] = (struct pollfd){end_fd, POLLIN, 0};
    watched[INPUT] =
        (struct pollfd){input ? program->input_fd : -1, POLLOUT, 0};
    watched[OUTPUT] =
        (struct pollfd){output ? program->output_fd : -1, POLLIN, 0};
    watched[ERRORS] = (struct pollfd){program->error_fd, POLLIN, 0};
}

static int
on_client(struct relay *relay, short events)
{
    int status = 0;
    if (events & (POLLERR | POLLHUP))
        return -1; /* a reset */
    if (events & (POLLIN | POLLOUT))
        relay->client_moved = clock_now();
    if (events & POLLRDHUP ||
        (events & POLLOUT && relay->client_ended != INFINITY))
        relay->client_ended = clock_now();
    if (events & POLLIN)
        status = body_receive(&relay->body);
    if (status == 0 && events & POLLOUT)
        status = output_send(&relay->output);
    return status;
}

/* Do what poll says is possible.  Of a program that has ended, look into the
   pipes in any case.  Returns as relay_run; 0: go on. */
static int
react(struct relay *relay, const struct pollfd *watched)
{
    struct program *program = relay->program;
    int status = on_client(relay, watched[CLIENT].revents);
    if (status != 0)
        return status;
    if (watched[INPUT].revents != 0)
        body_write(&relay->body);
    if (watched[END].revents != 0)
        program_collect(program);
    if (watched[ERRORS].revents != 0 ||
        (program->has_ended && program->error_fd != -1))
        stderr_log_read(&relay->stderr_log);
    if (watched[OUTPUT].revents != 0 ||
        (program->has_ended && output_wants_program(&relay->output)))
        status = output_read(&relay->output);
    if (program->output_fd == -1 && relay->output_ended == INFINITY)
        relay->output_ended = clock_now();
    return status;
}

/* All has been sent, and the program has ended, or has had time to. */
static bool
is_complete(const struct relay *relay)
{
    const struct program *program = relay->program;
    if (!output_is_sent(&relay->output))
        return false;
    return (program->has_ended && program->error_fd == -1) ||
           clock_now() >= relay->output_ended + grace_seconds;
}

/* Check whether a time limit has passed.  Returns as relay_run; 0: go on, and
   wait for *left seconds at most. */
static int
check_time(struct relay *relay, double *left)
{
    const struct program *program = relay->program;
    double now = clock_now();
    if (!wants_client(relay))
        relay->client_moved = now;
    double silent = relay->client_moved + relay->silence;
    double gone = relay->client_ended + grace_seconds;
    if (output_is_sent(&relay->output))
        gone = INFINITY;
    if (now >= gone)
        return -1;
    if (now >= silent)
        return 408;
    if (now >= relay->limit) {
        log_event("program %d takes too long", program->pid);
        return 504;
    }
    double next = earlier(earlier(gone, silent), relay->limit);
    *left = earlier(next, relay->output_ended + grace_seconds) - now;
    if (program->has_ended &&
        (program->error_fd != -1 || output_wants_program(&relay->output)))
        *left = 0;
    return 0;
}

/* One turn of the loop.  Returns as relay_run; 0: go on. */
static int
step(struct relay *relay)
{
    double left;
    int status = check_time(relay, &left);
    if (status != 0)
        return status;
    struct pollfd watched[WATCHED];
    choose_watched(relay, watched);
    int milliseconds = 0;
    if (left == INFINITY)
        milliseconds = -1;
    else if (left > 0)
        milliseconds = earlier(left, 3600) * 1000 + 1;
    bool client_waited = !wants_client(relay);
    if (poll(watched, WATCHED, milliseconds) == -1)
        return errno == EINTR ? 0 : 500;
    if (client_waited)
        relay->client_moved = clock_now();
    return react(relay, watched);
}

/* A time-out in seconds; 0 stands for "never". */
static double
seconds(const struct timeval *timeout)
{
    double value = timeout->tv_sec + timeout->tv_usec / 1e6;
    return value > 0 ? value : INFINITY;
}

int
relay_run(const struct request *request, int client_fd, struct program *program,
          const struct timeval *timeout, int *reply_status)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct relay relay;
    body_begin(&relay.body, request, client_fd, program);
    output_begin(&relay.output, client_fd, program, !request_is_head(request));
    stderr_log_begin(&relay.stderr_log, program);
    relay.client_fd = client_fd;
    relay.program = program;
    relay.silence = request->silence;
    relay.limit = clock_now() + seconds(timeout);
    relay.client_ended = INFINITY;
    relay.output_ended = INFINITY;

    int status = 0;
    if (request->wants_continue && body_wants_client(&relay.body))
        status = send_full(client_fd, go_on, sizeof go_on - 1, 0);
    relay.client_moved = clock_now();
    while (status == 0 && !is_complete(&relay))
        status = step(&relay);
    stderr_log_end(&relay.stderr_log);
    *reply_status = relay.output.status;
    if (relay.output.begun && (status != 0 || program->has_crashed))
        return -1; /* what the client has is not all */
    return status;
}
