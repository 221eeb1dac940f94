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
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "service.h"

/* Nothing to do: that a signal came is enough to end ppoll(2). */
static void
on_child_ended(int signal_number)
{
    (void)signal_number;
}

/* Hold SIGCHLD back except while we wait, so that it can come at one place only
   and never between a look at the children and the wait for the next one.
   Returns the signal mask to wait with, which is the one from before. */
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
    return waiting_mask;
}

/* Reap every child that has ended; returns how many.  A loop, because several
   deaths can arrive as one SIGCHLD (waitpid(2)). */
static int
reap_children(void)
{
    int reaped = 0;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        log_process_end("process", pid, status);
        reaped++;
    }
    return reaped;
}

/* Fork a child that serves the client and ends.  Returns how many children are
   added: 1, or 0 if there can be none just now. */
static int
start_child(int listen_fd, int client_fd, const sigset_t *waiting_mask)
{
    char name[NET_NAME_SIZE];
    net_peer_name(client_fd, name);
    pid_t pid = fork();
    switch (pid) {
    case -1:
        log_event("client %s: fork: %s", name, strerror(errno));
        listener_rest();
        return 0;
    case 0:
        close(listen_fd); /* the parent's: only it accepts */
        sigprocmask(SIG_SETMASK, waiting_mask, NULL);
        serve_client(client_fd);
        close(client_fd);
        _exit(0); /* exit would flush the parent's stdio buffers again */
    default:
        log_event("client %s is fd %d: process %d serves it", name, client_fd,
                  pid);
        return 1;
    }
}

/* Accept clients for ever, but have no more than the given number of children
   at once: further clients wait in the kernel's queue. */
static void
accept_clients(int listen_fd, const struct options *options)
{
    sigset_t waiting_mask = hold_child_signal();
    int children = 0;
    for (;;) {
        children -= reap_children();
        bool full = children == options->workers;
        struct pollfd listener = {
            .fd = full ? -1 : listen_fd, /* poll(2) passes over -1 */
            .events = POLLIN,
        };
        if (ppoll(&listener, 1, NULL, &waiting_mask) == -1) {
            if (errno != EINTR)
                err(1, "ppoll");
            continue;
        }
        int client_fd = listener_accept(listen_fd, &options->timeout);
        if (client_fd == -1)
            continue;
        children += start_child(listen_fd, client_fd, &waiting_mask);
        close(client_fd); /* the child's: else the client never sees the end */
    }
}

int
main(int argc, char **argv)
{
    struct options options;
    options_parse(&options, argc, argv);
    if (open_standard_fds() == -1)
        err(1, "/dev/null");
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) == -1)
        err(1, "SIGPIPE"); /* a client that is gone is an error, no signal */
    int listen_fd = listener_open(&options);
    listener_announce(listen_fd);
    accept_clients(listen_fd, &options);
}
