/* exchange.c: a request and the answer to it. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "log.h"

enum { MESSAGE_SIZE = 512 };

struct exchange *
exchange_new(void)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange != NULL)
        reply_init(&exchange->reply);
    return exchange;
}

void
exchange_free(struct exchange *exchange, struct ring *ring)
{
    if (exchange != NULL)
        reply_release(&exchange->reply, ring);
    free(exchange);
}

int
exchange_refuse(struct exchange *exchange, const char *client,
                const char *subject, const char *reason)
{
    char message[MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s: %s", subject, reason);
    log_event("client %s: refused %s", client, message);
    return reply_refuse(&exchange->reply, message);
}

/* O_NOFOLLOW keeps symbolic links from leading out of the folder, O_NONBLOCK
   keeps a FIFO from making a thread of the kernel wait for a writer. */
void
exchange_prepare_open(const struct exchange *exchange,
                      struct io_uring_sqe *submission)
{
    io_uring_prep_openat(submission, AT_FDCWD, exchange->asked,
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
}

/* What follows is a plain fstat(2): all about an open file is in memory as a
   rule, while the ring always gives a statx to a thread of the kernel. */
int
exchange_on_opened(struct exchange *exchange, const char *client,
                   struct ring *ring, int result)
{
    if (result < 0)
        return exchange_refuse(exchange, client, exchange->asked,
                               strerror(-result));
    struct served_file file = {.fd = result};
    const char *reason = served_file_inspect(&file);
    if (reason == NULL)
        return reply_file(&exchange->reply, exchange->asked, &file);
    ring_close_fd(ring, result);
    return exchange_refuse(exchange, client, exchange->asked, reason);
}
