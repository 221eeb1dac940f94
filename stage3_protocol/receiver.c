/* receiver.c: a file's bytes on their way in. */

#include <errno.h>
#include <sys/types.h>

#include "io.h"
#include "receiver.h"
#include "train.h"

enum { BUFFER_SIZE = 64 * 1024 };

/* Move at most this many bytes from the server to the file.  Returns how many,
   0 if the server has closed, -1 with errno. */
static ssize_t
copy_in(struct receiver *receiver, size_t most)
{
    char buffer[BUFFER_SIZE];
    size_t size = most < sizeof buffer ? most : sizeof buffer;
    ssize_t n = read_some(receiver->server_fd, buffer, size);
    if (n > 0 && write_full(receiver->file_fd, buffer, n) == -1)
        return -1;
    return n;
}

/* Receive the cargo of one train. */
static int
receive_cargo(struct receiver *receiver, size_t length)
{
    while (length > 0) {
        size_t most = rate_allow(receiver->rate, length);
        ssize_t n = copy_in(receiver, most);
        if (n == 0)
            errno = EPIPE;
        if (n <= 0)
            return -1;
        rate_count(receiver->rate, n);
        progress_add(receiver->progress, n);
        length -= n;
    }
    return 0;
}

int
receiver_receive(struct receiver *receiver)
{
    for (;;) {
        size_t length;
        int result = train_receive_length(receiver->server_fd, &length);
        if (result == 0)
            errno = EPIPE;
        if (result <= 0)
            return -1;
        uint64_t missing = receiver->progress->size - receiver->progress->done;
        if (length > missing || (length == 0 && missing > 0)) {
            errno = EPROTO;
            return -1;
        }
        if (length == 0)
            return 0;
        if (receive_cargo(receiver, length) == -1)
            return -1;
    }
}
