/* worker.c: what a worker process does all its life. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fdpass.h"
#include "io.h"
#include "log.h"
#include "net.h"
#include "service.h"
#include "worker.h"

/* Close every descriptor but the standard ones and keep_fd: the listener, the
   epoll set, and the parent's ends of all channels.  A worker that held another
   one's channel open would keep it from ever reading as ended. */
static int
close_inherited(int keep_fd)
{
    const int first = STDERR_FILENO + 1;
    if (keep_fd > first && close_range(first, keep_fd - 1, 0) == -1)
        return -1;
    return close_range(keep_fd + 1, ~0U, 0);
}

void
worker_main(int channel_fd)
{
    char name[NET_NAME_SIZE];
    char order;
    int client_fd;
    int result;
    if (close_inherited(channel_fd) == -1)
        _exit(1);
    /* A report that cannot be sent needs no answer here: the parent is gone,
       and the next receive will say so. */
    while ((result = fdpass_receive(channel_fd, &order, &client_fd)) == 1) {
        net_peer_name(client_fd, name);
        log_event("client %s is fd %d here", name, client_fd);
        send_full(channel_fd, &(char){REPORT_TAKEN}, 1, 0);
        serve_client(client_fd);
        close(client_fd);
        send_full(channel_fd, &(char){REPORT_FREE}, 1, 0);
    }
    if (result == -1)
        log_event("no client received: %s", strerror(errno));
    close(channel_fd);
    _exit(result == 0 ? 0 : 1);
}
