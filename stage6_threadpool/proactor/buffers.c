/* buffers.c: a ring of buffers for the kernel to choose from. */

#include <errno.h>
#include <stdlib.h>

#include "buffers.h"

enum {
    BUFFERS = 256, /* a power of two */
    PAGE_SIZE_MAX = 65536,
};

static unsigned
number_of(unsigned flags)
{
    return flags >> IORING_CQE_BUFFER_SHIFT;
}

static unsigned char *
buffer(const struct buffers *buffers, unsigned number)
{
    return buffers->bytes + (size_t)number * BUFFER_SIZE;
}

/* Put a buffer at the tail of the ring, offset places behind it. */
static void
provide(struct buffers *buffers, unsigned number, int offset)
{
    io_uring_buf_ring_add(buffers->ring, buffer(buffers, number), BUFFER_SIZE,
                          number, io_uring_buf_ring_mask(BUFFERS), offset);
}

int
buffers_open(struct buffers *buffers, struct io_uring *uring)
{
    size_t ring_size = BUFFERS * sizeof(struct io_uring_buf);
    buffers->bytes = malloc(BUFFERS * BUFFER_SIZE);
    int error =
        posix_memalign((void **)&buffers->ring, PAGE_SIZE_MAX, ring_size);
    if (error != 0)
        buffers->ring = NULL;
    if (buffers->bytes == NULL)
        error = ENOMEM;
    struct io_uring_buf_reg description = {
        .ring_addr = (uintptr_t)buffers->ring,
        .ring_entries = BUFFERS,
        .bgid = BUFFERS_GROUP,
    };
    error = error != 0 ? -error
                       : io_uring_register_buf_ring(uring, &description, 0);
    if (error != 0) {
        buffers_close(buffers);
        return error;
    }
    io_uring_buf_ring_init(buffers->ring);
    for (int i = 0; i < BUFFERS; i++)
        provide(buffers, i, i);
    io_uring_buf_ring_advance(buffers->ring, BUFFERS);
    return 0;
}

const unsigned char *
buffers_get(const struct buffers *buffers, unsigned flags)
{
    return buffer(buffers, number_of(flags));
}

void
buffers_put(struct buffers *buffers, unsigned flags)
{
    provide(buffers, number_of(flags), 0);
    io_uring_buf_ring_advance(buffers->ring, 1);
}

void
buffers_close(struct buffers *buffers)
{
    free(buffers->ring);
    free(buffers->bytes);
}
