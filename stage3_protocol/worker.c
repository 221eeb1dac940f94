/* worker.c: a worker process, from within and from its parent's side. */

#include <errno.h>
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
#include "worker.h"

/* What goes through the channel, a byte each. */
enum {
    ORDER_SERVE = 's',  /* to the worker, with a client's socket */
    REPORT_TAKEN = 't', /* to the parent: I have the client */
    REPORT_FREE = 'f',  /* to the parent: the client is served */
};

static const double youth_seconds = 1.0;

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

/* What a worker does all its life: serve clients until the channel ends because
   the parent is gone. */
__attribute__((noreturn)) static void
worker_main(int channel_fd)
{
    char order;
    int client_fd;
    int result;
    close_inherited(channel_fd);
    while ((result = fdpass_receive(channel_fd, &order, &client_fd)) == 1)
        if (!serve_order(channel_fd, client_fd))
            _exit(1);
    if (result == -1)
        log_event("no client received: %s", strerror(errno));
    close(channel_fd);
    _exit(result == 0 ? 0 : 1); /* exit would flush the parent's buffers */
}

void
worker_init(struct worker *worker)
{
    *worker = (struct worker){.channel_fd = -1, .client_fd = -1};
}

int
worker_start(struct worker *worker)
{
    int channel[2]; /* ours, the worker's */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) == -1)
        return -1;
    pid_t pid = fork();
    switch (pid) {
    case -1: {
        int saved_errno = errno;
        close(channel[0]);
        close(channel[1]);
        errno = saved_errno;
        return -1;
    }
    case 0:
        worker_main(channel[1]);
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
    switch (worker->state) {
    case WORKER_BUSY: /* its client is lost with it */
        worker->state = WORKER_FREE;
        break;
    case WORKER_SENT: /* its client is ours still */
        worker->state = WORKER_ASSIGNED;
        break;
    default:
        break;
    }
}

bool
worker_is_young(const struct worker *worker)
{
    return clock_now() - worker->started < youth_seconds;
}
