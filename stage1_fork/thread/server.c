/* server.c: a thread for each client.
   The same service as server.c, the other way round: a thread needs no fork and
   no reaping, shares all memory and all descriptors, and so must guard what it
   shares; and if one of them crashes, all clients are gone.  Good for many
   short conversations that need common data.

   Run it:  ./server_thread, and in another terminal: ./client
   See also: server.c, a process for each client. */

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listener.h"
#include "log.h"
#include "net.h"
#include "options.h"
#include "process.h"
#include "service.h"

/* How many clients are here.  Locking and unlocking a mutex that is used right
   cannot fail (pthread_mutex_lock(3)); these calls are not checked. */
struct crowd {
    pthread_mutex_t mutex;
    pthread_cond_t left; /* a client has left */
    int count;           /* read and changed with the mutex held */
};

/* What a thread is told. */
struct job {
    int client_fd;
    struct crowd *crowd;
};

/* Wait until fewer than most clients are here, then count one more. */
static void
crowd_enter(struct crowd *crowd, int most)
{
    pthread_mutex_lock(&crowd->mutex);
    while (crowd->count >= most)
        pthread_cond_wait(&crowd->left, &crowd->mutex);
    crowd->count++;
    pthread_mutex_unlock(&crowd->mutex);
}

static void
crowd_leave(struct crowd *crowd)
{
    pthread_mutex_lock(&crowd->mutex);
    crowd->count--;
    pthread_cond_signal(&crowd->left);
    pthread_mutex_unlock(&crowd->mutex);
}

/* Serve one client.  The job is the thread's to free. */
static void *
run(void *argument)
{
    struct job job = *(struct job *)argument;
    free(argument);
    serve_client(job.client_fd);
    close(job.client_fd);
    crowd_leave(job.crowd);
    return NULL;
}

/* Start a thread that nobody waits for: what it used is freed when it ends.
   Returns 0, -1 with errno. */
static int
start_thread(struct crowd *crowd, int client_fd)
{
    struct job *job = malloc(sizeof *job);
    if (job == NULL)
        return -1;
    *job = (struct job){.client_fd = client_fd, .crowd = crowd};
    pthread_t thread;
    errno = pthread_create(&thread, NULL, run, job);
    if (errno != 0) {
        int saved_errno = errno;
        free(job);
        errno = saved_errno;
        return -1;
    }
    pthread_detach(thread);
    return 0;
}

/* Wait for the next client and accept it. */
static int
next_client(int listen_fd, const struct options *options)
{
    for (;;) {
        struct pollfd listener = {.fd = listen_fd, .events = POLLIN};
        if (poll(&listener, 1, -1) == -1 && errno != EINTR) {
            log_event("poll: %s", strerror(errno));
            listener_back_off();
        }
        int client_fd = listener_accept(listen_fd, &options->timeout);
        if (client_fd != -1)
            return client_fd;
    }
}

/* Accept clients for ever, no more at once than the options allow: further
   clients wait in the kernel's queue. */
static void
accept_clients(int listen_fd, const struct options *options)
{
    struct crowd crowd = {
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .left = PTHREAD_COND_INITIALIZER,
    };
    for (;;) {
        crowd_enter(&crowd, options->workers);
        int client_fd = next_client(listen_fd, options);
        char name[NET_NAME_SIZE];
        net_peer_name(client_fd, name);
        log_event("client %s is fd %d: a thread serves it", name, client_fd);
        if (start_thread(&crowd, client_fd) == 0)
            continue;
        log_event("client %s: thread: %s", name, strerror(errno));
        close(client_fd);
        crowd_leave(&crowd);
        listener_back_off();
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
        err(1, "SIGPIPE");
    int listen_fd = listener_open(options.address, options.port);
    listener_announce(listen_fd);
    accept_clients(listen_fd, &options);
}
