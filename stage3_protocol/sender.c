/* sender.c: a file's bytes on their way out. */

#include <errno.h>
#include <sys/types.h>

#include "io.h"
#include "sender.h"
#include "train.h"

enum { BUFFER_SIZE = 64 * 1024 };

/* Move at most this many bytes from the file to the client.  Returns how many,
   0 at end of file, -1 with errno. */
static ssize_t
copy_out(int client_fd, int file_fd, size_t most)
{
    char buffer[BUFFER_SIZE];
    ssize_t n =
        read_some(file_fd, buffer, most < sizeof buffer ? most : sizeof buffer);
    if (n > 0 && send_full(client_fd, buffer, n, 0) == -1)
        return -1;
    return n;
}

/* Send the cargo of one train. */
static int
send_cargo(int client_fd, int file_fd, size_t length)
{
    while (length > 0) {
        ssize_t n = copy_out(client_fd, file_fd, length);
        if (n == 0)
            errno = ENODATA;
        if (n <= 0)
            return -1;
        length -= n;
    }
    return 0;
}

int
send_body(int client_fd, int file_fd, uint64_t size)
{
    while (size > 0) {
        size_t length = size < TRAIN_MAX ? size : TRAIN_MAX;
        if (train_announce(client_fd, length) == -1 ||
            send_cargo(client_fd, file_fd, length) == -1)
            return -1;
        size -= length;
    }
    return train_send(client_fd, NULL, 0, 0);
}
