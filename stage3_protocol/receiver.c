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
copy_in(int server_fd, int file_fd, size_t most)
{
    char buffer[BUFFER_SIZE];
    ssize_t n = read_some(server_fd, buffer,
                          most < sizeof buffer ? most : sizeof buffer);
    if (n > 0 && write_full(file_fd, buffer, n) == -1)
        return -1;
    return n;
}

/* Receive the cargo of one train. */
static int
receive_cargo(int server_fd, int file_fd, size_t length,
              struct progress *progress, struct rate *rate)
{
    while (length > 0) {
        ssize_t n = copy_in(server_fd, file_fd, rate_allow(rate, length));
        if (n == 0)
            errno = EPIPE;
        if (n <= 0)
            return -1;
        rate_count(rate, n);
        progress_add(progress, n);
        length -= n;
    }
    return 0;
}

int
receive_body(int server_fd, int file_fd, struct progress *progress,
             struct rate *rate)
{
    for (;;) {
        size_t length;
        int result = train_receive_length(server_fd, &length);
        if (result == 0)
            errno = EPIPE;
        if (result <= 0)
            return -1;
        uint64_t missing = progress->size - progress->done;
        if (length > missing || (length == 0 && missing > 0)) {
            errno = EPROTO;
            return -1;
        }
        if (length == 0)
            return 0;
        if (receive_cargo(server_fd, file_fd, length, progress, rate) == -1)
            return -1;
    }
}
