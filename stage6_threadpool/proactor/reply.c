/* reply.c: a reply is sent by the kernel, a chain of steps at a time.  All
   steps but STEP_WAIT, which is the first of its chain, end without the
   client's help: the socket does not block.  So whatever happens a chain can be
   ended. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "pipe.h"
#include "reply.h"

static bool copy_all;

void
reply_choose(bool copying)
{
    copy_all = copying;
}

void
reply_init(struct reply *reply)
{
    *reply = (struct reply){.file.fd = -1, .pipe_fds = {-1, -1}};
}

int
reply_refuse(struct reply *reply, const char *message)
{
    return outbox_refuse(&reply->outbox, message);
}

int
reply_file(struct reply *reply, const char *name,
           const struct served_file *file)
{
    reply->is_file = true;
    reply->file = *file;
    bool copying = copy_all || outbox_is_small(file->size) ||
                   pipe_open(reply->pipe_fds) == -1;
    return outbox_put_file(&reply->outbox, name, file->size, copying);
}

/* A step has ended its chain. */
static void
on_chain_done(void *context, int result, unsigned flags)
{
    const struct link *link = context;
    struct reply *reply = link->reply;
    reply->last = link;
    reply->operation->on_done(reply->operation->context, result, flags);
}

static void
prepare(const struct reply *reply, const struct outbox *outbox,
        const struct link *link, struct io_uring_sqe *submission, int socket_fd)
{
    int more = outbox_has_more(outbox) ? MSG_MORE : 0;
    switch (link->step) {
    case STEP_READ:
        io_uring_prep_read(submission, reply->file.fd,
                           outbox->bytes + outbox->count, link->length,
                           outbox->offset);
        submission->flags |= reply->in_thread ? IOSQE_ASYNC : 0;
        break;
    case STEP_SEND:
        io_uring_prep_send(submission, socket_fd, outbox->bytes + outbox->sent,
                           link->length, more | MSG_DONTWAIT | MSG_NOSIGNAL);
        break;
    case STEP_FILL:
        io_uring_prep_splice(submission, reply->file.fd, outbox->offset,
                             reply->pipe_fds[1], -1, link->length, 0);
        break;
    case STEP_DRAIN:
        io_uring_prep_splice(submission, reply->pipe_fds[0], -1, socket_fd, -1,
                             link->length, SPLICE_F_MORE);
        break;
    case STEP_WAIT:
        io_uring_prep_poll_add(submission, socket_fd, POLLOUT);
        break;
    case STEP_CHECK:
    case STEP_NONE:
        break;
    }
}

/* All of a file that was read in several pieces has been sent.  If it was
   written to meanwhile, half of it may be old: then what says that all is well
   must not follow.  Returns 0, -1 with errno. */
static int
check_end(struct reply *reply)
{
    size_t length;
    if (outbox_next(&reply->outbox, &length) != STEP_CHECK)
        return 0;
    if (served_file_check(&reply->file) == -1)
        return -1;
    outbox_take(&reply->outbox, STEP_CHECK, 0);
    return 0;
}

/* The plan goes ahead of what has happened, as if each step were taken in
   full.  It ends after a SEND: what comes next may overwrite the memory that is
   sent.  Only the last of a chain is reported, or the one that breaks it. */
int
reply_submit(struct reply *reply, struct ring *ring, int socket_fd,
             const struct operation *operation)
{
    if (check_end(reply) == -1)
        return -1;
    struct outbox plan = reply->outbox;
    struct io_uring_sqe *submission = NULL;
    enum step step = STEP_NONE;
    size_t length;
    reply->operation = operation;
    ring_reserve(ring, CHAIN_MAX);
    for (int i = 0; i < CHAIN_MAX && step != STEP_SEND; i++) {
        step = outbox_next(&plan, &length);
        if (step == STEP_NONE || step == STEP_CHECK)
            break;
        if (submission != NULL)
            submission->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
        struct link *link = &reply->chain[i];
        *link = (struct link){{on_chain_done, link}, reply, step, length};
        submission = ring_submission(ring);
        prepare(reply, &plan, link, submission, socket_fd);
        ring_expect(submission, &link->operation);
        outbox_take(&plan, step, length);
    }
    return submission == NULL ? 0 : 1;
}

/* Splicing may not be for this kind of file: then copy from now on.  Returns 0,
   -1 with errno. */
static int
change_to_copy(struct reply *reply, int error)
{
    log_event("splice: %s; copying instead", strerror(error));
    return outbox_change_to_copy(&reply->outbox);
}

/* A step has failed.  Returns 0 if it can be taken later or in another way, -1
   with errno. */
static int
on_error(struct reply *reply, enum step step, int error)
{
    if (error == EINTR)
        return 0;
    if (step == STEP_FILL && (error == EINVAL || error == ENOSYS))
        return change_to_copy(reply, error);
    if (error == EAGAIN && (step == STEP_SEND || step == STEP_DRAIN)) {
        reply->outbox.stuck = true;
        return 0;
    }
    if (error == EAGAIN && step == STEP_READ && !reply->in_thread) {
        reply->in_thread = true; /* not every file system can do without */
        return 0;
    }
    errno = error;
    return -1;
}

int
reply_on_done(struct reply *reply, int result)
{
    struct outbox *outbox = &reply->outbox;
    const struct link *last = reply->last;
    for (const struct link *link = reply->chain; link < last; link++)
        outbox_take(outbox, link->step, link->length);
    if (result < 0)
        return on_error(reply, last->step, -result);
    if (last->step == STEP_WAIT)
        result = 0;
    else if (result == 0) {
        errno = ENODATA;
        return -1;
    }
    outbox_take(outbox, last->step, result);
    if (last->step == STEP_SEND || last->step == STEP_DRAIN)
        outbox->stuck = (size_t)result < last->length;
    return 0;
}

const struct operation *
reply_waiting(const struct reply *reply)
{
    return reply->chain[0].step == STEP_WAIT ? &reply->chain[0].operation
                                             : NULL;
}

void
reply_release(struct reply *reply, struct ring *ring)
{
    if (reply->file.fd != -1)
        ring_close_fd(ring, reply->file.fd);
    pipe_close(reply->pipe_fds);
    outbox_release(&reply->outbox);
    reply_init(reply);
}
