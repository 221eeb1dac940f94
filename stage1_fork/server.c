/* server.c: a process for each client.
   The parent accepts; a child, forked for the purpose, serves one client and
   ends.  Each closes what is the other's.  Ended children are reaped, so none
   stays behind as a zombie.

   Run it:  ./server, and in another terminal: ./client
   See also: client.c; service.c for what happens with a client. */

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "process.h"
#include "service.h"

/* Nothing to do: that a signal came is enough to end ppoll(2). */
static void
on_child_ended(int signal_number)
{
    (void)signal_number;
}

/* Hold SIGCHLD back except while we wait, so that it can come at one place only
   and never between a look at the children and the wait for the next one.
   Returns the signal mask to wait with: the one from before, less SIGCHLD. */
static sigset_t
hold_child_signal(void)
{
    sigset_t child_signal;
    sigset_t waiting_mask;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    struct sigaction action = {.sa_handler = on_child_ended};
    if (sigprocmask(SIG_BLOCK, &child_signal, &waiting_mask) == -1 ||
        sigaction(SIGCHLD, &action, NULL) == -1)
        err(1, "SIGCHLD");
    sigdelset(&waiting_mask, SIGCHLD);
    return waiting_mask;
}

/* The children that serve a client.  A process can have others, forked before
   it called execve(2) to become this program: those do not count. */
struct children {
    int count;
    int most;
    pid_t *pids; /* room for most */
};

static void
children_init(struct children *children, int most)
{
    *children = (struct children){.most = most};
    children->pids = calloc(most, sizeof *children->pids);
    if (children->pids == NULL)
        err(1, "children");
}

static void
children_add(struct children *children, pid_t pid)
{
    children->pids[children->count++] = pid;
}

static void
children_remove(struct children *children, pid_t pid)
{
    for (int i = 0; i < children->count; i++) {
        if (children->pids[i] == pid) {
            children->pids[i] = children->pids[--children->count];
            return;
        }
    }
}

/* Reap every child that has ended.  A loop, because several deaths can arrive
   as one SIGCHLD (waitpid(2)). */
static void
reap_children(struct children *children)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        log_process_end("process", pid, status);
        children_remove(children, pid);
    }
}

/* Fork a child that serves the client and ends. */
static void
start_child(struct children *children, int listen_fd, int client_fd,
            const sigset_t *waiting_mask)
{
    char name[NET_NAME_SIZE];
    net_peer_name(client_fd, name);
    pid_t pid = fork();
    switch (pid) {
    case -1:
        log_event("client %s: fork: %s", name, strerror(errno));
        listener_back_off();
        break;
    case 0:
        close(listen_fd); /* the parent's: only it accepts */
        sigprocmask(SIG_SETMASK, waiting_mask, NULL);
        serve_client(client_fd);
        close(client_fd);
        _exit(0); /* exit would flush the parent's stdio buffers again */
    default:
        log_event("client %s is fd %d: process %d serves it", name, client_fd,
                  pid);
        children_add(children, pid);
    }
}

/* Accept clients for ever, but have no more than the given number of children
   at once: further clients wait in the kernel's queue. */
static void
accept_clients(int listen_fd, const struct options *options)
{
    sigset_t waiting_mask = hold_child_signal();
    struct children children;
    children_init(&children, options->workers);
    for (;;) {
        reap_children(&children);
        bool full = children.count == children.most;
        struct pollfd listener = {
            .fd = full ? -1 : listen_fd, /* poll(2) passes over -1 */
            .events = POLLIN,
        };
        if (ppoll(&listener, 1, NULL, &waiting_mask) == -1) {
            if (errno != EINTR) {
                log_event("ppoll: %s", strerror(errno));
                listener_back_off();
            }
            continue;
        }
        int client_fd = listener_accept(listen_fd, &options->timeout);
        if (client_fd == -1)
            continue;
        start_child(&children, listen_fd, client_fd, &waiting_mask);
        close(client_fd); /* the child's: a copy would outlive the child */
    }
}

int
main(int argc, char **argv)
{
    struct options options;
    options_parse(&options, argc, argv);
    if (process_init() == -1)
        err(1, "process");
    log_init();
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) == -1)
        err(1, "SIGPIPE"); /* a client that is gone is an error, no signal */
    int listen_fd = listener_open(options.address, options.port);
    listener_announce(listen_fd);
    accept_clients(listen_fd, &options);
}
