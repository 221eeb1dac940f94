/* worker.c: a worker process, from within and from its parent's side. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fdpass.h"
#include "io.h"
#include "log.h"
#include "net.h"
#include "service.h"
#include "signal_pipe.h"
#include "worker.h"

/* What goes through the channel, a byte each. */
enum {
    ORDER_SERVE = 's',  /* to the worker, with a client's socket */
    ORDER_EXIT = 'x',   /* to the worker: end */
    REPORT_TAKEN = 't', /* to the parent: I have the client */
    REPORT_FREE = 'f',  /* to the parent: the client is served */
};

static const double youth_seconds = 1.0;

/* Leave the parent's signals to the parent: none of its handlers is to run here
   (it would write into the parent's pipe), and Ctrl-C in a terminal, which goes
   to a whole process group, is not to come here at all. */
static int
leave_signals(void)
{
    signal_pipe_close(SIG_DFL);
    sigset_t signals = signal_pipe_signals();
    if (sigprocmask(SIG_UNBLOCK, &signals, NULL) == -1)
        return -1;
    return setpgid(0, 0);
}

/* Close every descriptor but the standard ones and keep_fd: the listener, the
   epoll set, and the parent's ends of all channels.  A worker that held another
   one's channel open would keep it from ever reading as ended. */
static void
close_inherited(int keep_fd)
{
    if (close_range(STDERR_FILENO + 1, keep_fd - 1, 0) == -1)
        for (int fd = STDERR_FILENO + 1; fd < keep_fd; fd++)
            close(fd);      /* a filter forbids close_range(2) */
    closefrom(keep_fd + 1); /* this does without it */
}

/* Report to the parent.  Returns false if a report that it waits for cannot be
   sent: then this worker is of no further use.  After EPIPE nobody waits. */
static bool
report(int channel_fd, char what)
{
    if (send_full(channel_fd, &what, 1, 0) == 0 || errno == EPIPE)
        return true;
    log_event("no report sent: %s", strerror(errno));
    return false;
}

/* Take a client that has come through the channel, serve it, report.  Returns
   false if the worker has to end; a client that it could not report to have is
   still the parent's. */
static bool
serve_order(int channel_fd, int client_fd)
{
    char name[NET_NAME_SIZE];
    net_peer_name(client_fd, name);
    log_event("client %s is fd %d here", name, client_fd);
    bool taken = report(channel_fd, REPORT_TAKEN);
    if (taken)
        serve_client(client_fd);
    close(client_fd);
    return taken && report(channel_fd, REPORT_FREE);
}

/* Have SIGTERM come only while the worker waits for an order.  Returns the
   signal mask to wait with. */
static sigset_t
hold_term_signal(void)
{
    sigset_t term_signal;
    sigset_t waiting_mask;
    sigemptyset(&term_signal);
    sigaddset(&term_signal, SIGTERM);
    sigprocmask(SIG_BLOCK, &term_signal, &waiting_mask);
    return waiting_mask;
}

/* Wait for an order, with the given signal mask, and receive it; results as of
   fdpass_receive. */
static int
receive_order(int channel_fd, const sigset_t *waiting_mask, char *order,
              int *client_fd)
{
    struct pollfd channel = {.fd = channel_fd, .events = POLLIN};
    while (ppoll(&channel, 1, NULL, waiting_mask) == -1)
        if (errno != EINTR)
            return -1;
    return fdpass_receive(channel_fd, order, client_fd);
}

/* What a worker does all its life: serve clients until it is told to end, or
   the channel ends because the parent is gone. */
__attribute__((noreturn)) static void
worker_main(int channel_fd, enum pool_exit how)
{
    char order;
    int client_fd;
    int result;
    sigset_t waiting_mask;
    if (leave_signals() == -1) {
        log_event("worker: %s", strerror(errno));
        _exit(1);
    }
    close_inherited(channel_fd);
    sigprocmask(SIG_SETMASK, NULL, &waiting_mask);
    if (how == POOL_MASK)
        waiting_mask = hold_term_signal();
    if (how == POOL_DRAIN)
        service_set_stop_fd(channel_fd); /* during a client: ORDER_EXIT */
    while ((result = receive_order(channel_fd, &waiting_mask, &order,
                                   &client_fd)) == 1 &&
           order == ORDER_SERVE)
        if (!serve_order(channel_fd, client_fd))
            _exit(1);
    if (result == -1)
        log_event("no client received: %s", strerror(errno));
    close(channel_fd);
    _exit(result == -1 ? 1 : 0); /* exit would flush the parent's buffers */
}

void
worker_init(struct worker *worker, enum pool_exit how)
{
    *worker = (struct worker){
        .channel_fd = -1,
        .client_fd = -1,
        .exit = how,
    };
}

/* Fork a process that no signal reaches before leave_signals. */
static pid_t
fork_quietly(void)
{
    sigset_t signals = signal_pipe_signals();
    sigset_t before;
    sigprocmask(SIG_BLOCK, &signals, &before);
    pid_t pid = fork();
    if (pid != 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

int
worker_start(struct worker *worker)
{
    int channel[2]; /* ours, the worker's */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) == -1)
        return -1;
    pid_t pid = fork_quietly();
    switch (pid) {
    case -1: {
        int saved_errno = errno;
        close(channel[0]);
        close(channel[1]);
        errno = saved_errno;
        return -1;
    }
    case 0:
        worker_main(channel[1], worker->exit);
    default:
        close(channel[1]); /* the worker's: else ours never reads as ended */
        worker->pid = pid;
        worker->channel_fd = channel[0];
        worker->started = clock_now();
        log_event("worker %d started", pid);
        return 0;
    }
}

void
worker_assign(struct worker *worker, int client_fd)
{
    worker->state = WORKER_ASSIGNED;
    worker->client_fd = client_fd;
}

int
worker_take_back(struct worker *worker)
{
    int client_fd = worker->client_fd;
    worker->state = WORKER_FREE;
    worker->client_fd = -1;
    return client_fd;
}

int
worker_send(struct worker *worker)
{
    char name[NET_NAME_SIZE];
    net_peer_name(worker->client_fd, name);
    if (fdpass_send(worker->channel_fd, ORDER_SERVE, worker->client_fd) == -1)
        return -1;
    worker->state = WORKER_SENT;
    log_event("client %s is fd %d here: handed to worker %d", name,
              worker->client_fd, worker->pid);
    return 0;
}

static void
on_report(struct worker *worker, char report)
{
    if (report == REPORT_TAKEN && worker->state == WORKER_SENT) {
        close(worker->client_fd); /* the worker's: a copy would outlive it */
        worker->client_fd = -1;
        worker->state = WORKER_BUSY;
    } else if (report == REPORT_FREE && worker->state == WORKER_BUSY) {
        worker->state = WORKER_FREE;
        worker->served++;
        log_event("worker %d is free", worker->pid);
    }
}

bool
worker_collect(struct worker *worker)
{
    char reports[2];
    ssize_t n = read_some(worker->channel_fd, reports, sizeof reports);
    for (ssize_t i = 0; i < n; i++)
        on_report(worker, reports[i]);
    return n > 0;
}

void
worker_reap(struct worker *worker)
{
    close(worker->channel_fd);
    worker->channel_fd = -1;
    int status;
    pid_t pid;
    do
        pid = waitpid(worker->pid, &status, 0);
    while (pid == -1 && errno == EINTR);
    if (pid == worker->pid)
        log_process_end("worker", worker->pid, status);
    worker->pid = 0;
    worker->dismissed = false;
    switch (worker->state) {
    case WORKER_BUSY: /* its client is lost with it */
        worker->state = WORKER_FREE;
        worker->cut++;
        break;
    case WORKER_SENT: /* its client is ours still */
        worker->state = WORKER_ASSIGNED;
        break;
    default:
        break;
    }
}

int
worker_dismiss(struct worker *worker)
{
    int result = worker->exit == POOL_DRAIN
                     ? fdpass_send(worker->channel_fd, ORDER_EXIT, -1)
                     : kill(worker->pid, SIGTERM);
    worker->dismissed = result == 0;
    return result;
}

void
worker_kill(struct worker *worker)
{
    kill(worker->pid, SIGKILL);
}

void
worker_drop_client(struct worker *worker)
{
    if (worker->client_fd == -1)
        return;
    close(worker->client_fd);
    worker->client_fd = -1;
    worker->state = WORKER_FREE;
    worker->cut++;
}

bool
worker_is_young(const struct worker *worker)
{
    return clock_now() - worker->started < youth_seconds;
}
