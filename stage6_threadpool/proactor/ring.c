/* ring.c: the queues between us and the kernel. */

#include <errno.h>
#include <string.h>

#include "ring.h"

enum {
    SUBMISSIONS = 512, /* before they have to be handed over */
    COMPLETIONS = 8192,
};

/* SINGLE_ISSUER, DEFER_TASKRUN: there is one thread, and completions are made
   when it comes to wait, not by interrupting it.  That is also the youngest
   thing we need of the kernel: one that knows it (Linux 6.1) knows all the
   rest. */
int
ring_open(struct ring *ring, int threads)
{
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_CQSIZE,
        .cq_entries = COMPLETIONS,
    };
    int error =
        io_uring_queue_init_params(SUBMISSIONS, &ring->uring, &parameters);
    if (error < 0) {
        errno = -error;
        return -1;
    }
    /* Files and all else are counted apart. */
    unsigned limits[2] = {threads, threads};
    error = io_uring_register_iowq_max_workers(&ring->uring, limits);
    if (error == 0)
        error = buffers_open(&ring->buffers, &ring->uring);
    if (error == 0)
        return 0;
    io_uring_queue_exit(&ring->uring);
    errno = -error;
    return -1;
}

const char *
ring_remedy(int error)
{
    switch (error) {
    case EPERM:
    case EACCES:
        return "forbidden here: allow it (sysctl kernel.io_uring_disabled=0, "
               "the "
               "container's seccomp policy), or take server_reactor";
    case ENOSYS:
        return "this kernel has none, or a container hides it: allow it in the "
               "seccomp policy, or take server_reactor";
    case EINVAL:
        return "this kernel is too old: take Linux 6.1 or later, or "
               "server_reactor";
    default:
        return "take server_reactor";
    }
}

void
ring_reserve(struct ring *ring, unsigned count)
{
    while (io_uring_sq_space_left(&ring->uring) < count)
        io_uring_submit(&ring->uring);
}

struct io_uring_sqe *
ring_submission(struct ring *ring)
{
    struct io_uring_sqe *submission;
    while ((submission = io_uring_get_sqe(&ring->uring)) == NULL)
        io_uring_submit(&ring->uring);
    return submission;
}

void
ring_expect(struct io_uring_sqe *submission, struct operation *operation)
{
    io_uring_sqe_set_data(submission, operation);
}

void
ring_cancel(struct ring *ring, const struct operation *operation)
{
    struct io_uring_sqe *submission = ring_submission(ring);
    io_uring_prep_cancel(submission, (void *)operation, 0);
    submission->flags |= IOSQE_CQE_SKIP_SUCCESS;
    ring_expect(submission, NULL);
}

void
ring_close_fd(struct ring *ring, int fd)
{
    struct io_uring_sqe *submission = ring_submission(ring);
    io_uring_prep_close(submission, fd);
    submission->flags |= IOSQE_CQE_SKIP_SUCCESS;
    ring_expect(submission, NULL);
}

int
ring_turn(struct ring *ring)
{
    int result = io_uring_submit_and_wait(&ring->uring, 1);
    if (result < 0) {
        errno = -result;
        return -1;
    }
    struct io_uring_cqe *completion;
    while (io_uring_peek_cqe(&ring->uring, &completion) == 0) {
        struct operation *operation = io_uring_cqe_get_data(completion);
        int value = completion->res;
        unsigned flags = completion->flags;
        io_uring_cqe_seen(&ring->uring, completion); /* its place is free */
        if (operation != NULL)
            operation->on_done(operation->context, value, flags);
    }
    return 0;
}

void
ring_close(struct ring *ring)
{
    io_uring_queue_exit(&ring->uring);
    buffers_close(&ring->buffers);
}
