/* exchange.c: the traffic between a client and a program.
   Five things can happen at any time, in any order: the client sends or
   takes bytes; the program reads, writes, complains or ends.  Who waits for
   one of them alone may wait for ever: a program that has filled the pipe of
   its standard error writes nothing else until that is read.  So one poll(2)
   waits for all.  There is a buffer for each direction, and while it is full
   nothing more is read: however much goes through, the memory stays the
   same. */

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "body.h"
#include "clock.h"
#include "complaints.h"
#include "exchange.h"
#include "io.h"
#include "log.h"
#include "program.h"
#include "reply.h"
#include "request.h"

/* What is watched, in the order of the table for poll. */
enum { CLIENT, END, INPUT, OUTPUT, ERRORS, WATCHED };

/* A client that has ended its side may be gone, or wait for the reply: so long
   it may wait.  A program whose output has ended may tidy up for so long. */
static const double grace_seconds = 1.0;

struct exchange {
    int client_fd;
    struct program *program;
    struct body body;
    struct reply reply;
    struct complaints complaints;
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
wants_client(const struct exchange *exchange)
{
    return body_wants_client(&exchange->body) ||
           reply_wants_client(&exchange->reply);
}

/* Fill the table for poll.  An fd of -1 is passed over.  What is not wanted now
   is left out: an error of it would be reported again and again. */
static void
choose_watched(const struct exchange *exchange, struct pollfd *watched)
{
    const struct program *program = exchange->program;
    short client = exchange->client_ended == INFINITY ? POLLRDHUP : 0;
    if (body_wants_client(&exchange->body))
        client |= POLLIN;
    if (reply_wants_client(&exchange->reply))
        client |= POLLOUT;
    bool input = body_wants_program(&exchange->body);
    bool output = reply_wants_program(&exchange->reply);
    int end_fd = program->has_ended ? -1 : program->end_fd;
    watched[CLIENT] = (struct pollfd){exchange->client_fd, client, 0};
    watched[END] = (struct pollfd){end_fd, POLLIN, 0};
    watched[INPUT] =
        (struct pollfd){input ? program->input_fd : -1, POLLOUT, 0};
    watched[OUTPUT] =
        (struct pollfd){output ? program->output_fd : -1, POLLIN, 0};
    watched[ERRORS] = (struct pollfd){program->error_fd, POLLIN, 0};
}

static int
on_client(struct exchange *exchange, short events)
{
    int status = 0;
    if (events & (POLLERR | POLLHUP))
        return -1; /* a reset */
    if (events & (POLLIN | POLLOUT))
        exchange->client_moved = clock_now();
    if (events & POLLRDHUP ||
        (events & POLLOUT && exchange->client_ended != INFINITY))
        exchange->client_ended = clock_now();
    if (events & POLLIN)
        status = body_receive(&exchange->body);
    if (status == 0 && events & POLLOUT)
        status = reply_send(&exchange->reply);
    return status;
}

/* Do what poll says is possible.  Of a program that has ended, look into the
   pipes in any case.  Returns as exchange_run; 0: go on. */
static int
react(struct exchange *exchange, const struct pollfd *watched)
{
    struct program *program = exchange->program;
    int status = on_client(exchange, watched[CLIENT].revents);
    if (status != 0)
        return status;
    if (watched[INPUT].revents != 0)
        body_write(&exchange->body);
    if (watched[END].revents != 0)
        program_collect(program);
    if (watched[ERRORS].revents != 0 ||
        (program->has_ended && program->error_fd != -1))
        complaints_read(&exchange->complaints);
    if (watched[OUTPUT].revents != 0 ||
        (program->has_ended && reply_wants_program(&exchange->reply)))
        status = reply_read(&exchange->reply);
    if (program->output_fd == -1 && exchange->output_ended == INFINITY)
        exchange->output_ended = clock_now();
    return status;
}

/* All has been sent, and the program has ended, or has had time to. */
static bool
is_complete(const struct exchange *exchange)
{
    const struct program *program = exchange->program;
    if (!reply_is_sent(&exchange->reply))
        return false;
    return (program->has_ended && program->error_fd == -1) ||
           clock_now() >= exchange->output_ended + grace_seconds;
}

/* Look whether somebody's time is over.  Returns as exchange_run; 0: go on, and
   wait for *left seconds at most. */
static int
check_time(struct exchange *exchange, double *left)
{
    const struct program *program = exchange->program;
    double now = clock_now();
    if (!wants_client(exchange))
        exchange->client_moved = now;
    double silent = exchange->client_moved + exchange->silence;
    double gone = exchange->client_ended + grace_seconds;
    if (reply_is_sent(&exchange->reply))
        gone = INFINITY;
    if (now >= gone)
        return -1;
    if (now >= silent)
        return 408;
    if (now >= exchange->limit) {
        log_event("program %d takes too long", program->pid);
        return 504;
    }
    double next = earlier(earlier(gone, silent), exchange->limit);
    *left = earlier(next, exchange->output_ended + grace_seconds) - now;
    if (program->has_ended &&
        (program->error_fd != -1 || reply_wants_program(&exchange->reply)))
        *left = 0;
    return 0;
}

/* One turn of the loop.  Returns as exchange_run; 0: go on. */
static int
step(struct exchange *exchange)
{
    double left;
    int status = check_time(exchange, &left);
    if (status != 0)
        return status;
    struct pollfd watched[WATCHED];
    choose_watched(exchange, watched);
    int milliseconds = 0;
    if (left == INFINITY)
        milliseconds = -1;
    else if (left > 0)
        milliseconds = earlier(left, 3600) * 1000 + 1;
    bool client_waited = !wants_client(exchange);
    if (poll(watched, WATCHED, milliseconds) == -1)
        return errno == EINTR ? 0 : 500;
    if (client_waited)
        exchange->client_moved = clock_now();
    return react(exchange, watched);
}

/* How long the client may be silent: the socket knows it (net.h). */
static double
silence_of(int client_fd)
{
    struct timeval timeout = {.tv_sec = 0};
    socklen_t size = sizeof timeout;
    getsockopt(client_fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &size);
    double seconds = timeout.tv_sec + timeout.tv_usec / 1e6;
    return seconds > 0 ? seconds : INFINITY;
}

int
exchange_run(const struct request *request, int client_fd,
             struct program *program, double timeout, int *reply_status)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct exchange exchange;
    body_begin(&exchange.body, request, client_fd, program);
    reply_begin(&exchange.reply, client_fd, program, !request_is_head(request));
    complaints_begin(&exchange.complaints, program);
    exchange.client_fd = client_fd;
    exchange.program = program;
    exchange.silence = silence_of(client_fd);
    exchange.limit = clock_now() + timeout;
    exchange.client_ended = INFINITY;
    exchange.output_ended = INFINITY;

    int status = 0;
    if (request->wants_continue && body_wants_client(&exchange.body))
        status = send_full(client_fd, go_on, sizeof go_on - 1, 0);
    exchange.client_moved = clock_now();
    while (status == 0 && !is_complete(&exchange))
        status = step(&exchange);
    complaints_end(&exchange.complaints);
    *reply_status = exchange.reply.status;
    if (exchange.reply.begun && (status != 0 || program->has_crashed))
        return -1; /* what the client has is not all */
    return status;
}
