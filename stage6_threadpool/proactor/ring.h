#ifndef RING_H
#define RING_H

#include <liburing.h>

#include "buffers.h"

/* Two queues in memory that we share with the kernel (io_uring(7)).  Into one
   we put submissions: what is to be done.  Out of the other come completions:
   what has been done, and how it went. */
struct ring {
    struct io_uring uring;
    struct buffers buffers; /* for what clients send */
};

/* Something that the kernel is doing for us.  Its address goes along with the
   submission and comes back with the completion: so it must stay where it is
   until then, and so must all memory that the kernel was told of. */
struct operation {
    /* Called with what the system call would have returned, or -errno; flags
       are those of the completion (io_uring_enter(2), IORING_CQE_F_...). */
    void (*on_done)(void *context, int result, unsigned flags);
    void *context;
};

/* Open a ring.  What cannot be done without waiting is done by threads of the
   kernel, at most so many.  Returns 0, -1 with errno; ring_remedy says what
   helps. */
int ring_open(struct ring *ring, int threads);
const char *ring_remedy(int error);

/* Begin a submission: the caller prepares it (io_uring_prep_...) and calls
   ring_expect.  Never NULL: if the queue is full, it is emptied into the kernel
   first. */
struct io_uring_sqe *ring_submission(struct ring *ring);

/* See to it that the next submissions, so many, are handed over together. */
void ring_reserve(struct ring *ring, unsigned count);

/* Say who is to be told when that submission is done. */
void ring_expect(struct io_uring_sqe *submission, struct operation *operation);

/* Have an operation cancelled.  It is completed in any case: with -ECANCELED,
   or as if nothing had happened if that came too late. */
void ring_cancel(struct ring *ring, const struct operation *operation);

/* Have a descriptor closed.  Nobody is told. */
void ring_close_fd(struct ring *ring, int fd);

/* Submit what is prepared, wait until something is done, and call on_done for
   all that is.  Returns 0, -1 with errno; EINTR: a signal came. */
int ring_turn(struct ring *ring);

/* Close the ring.  There should be no operation left that has to do with a
   descriptor: the kernel ends those later, and until then they keep it open. */
void ring_close(struct ring *ring);

#endif
