#ifndef BUFFERS_H
#define BUFFERS_H

#include <liburing.h>

/* Buffers that the kernel chooses from when something has come to receive
   (IOSQE_BUFFER_SELECT).  A client that says nothing holds none, so a few are
   enough for thousands. */

enum {
    BUFFERS_GROUP = 0, /* what submissions call them */
    BUFFER_SIZE = 512,
};

struct buffers {
    struct io_uring_buf_ring *ring; /* those that the kernel may take */
    unsigned char *bytes;           /* of all */
};

/* Provide the buffers.  Returns 0, -errno. */
int buffers_open(struct buffers *buffers, struct io_uring *uring);

/* Return the buffer that a completion with these flags has filled. */
const unsigned char *buffers_get(const struct buffers *buffers, unsigned flags);

/* Give it back to the kernel. */
void buffers_put(struct buffers *buffers, unsigned flags);

/* Free them, after the ring is closed. */
void buffers_close(struct buffers *buffers);

#endif
