/* sender.c: a file's bytes on their way out. */

#include <errno.h>
#include <sys/socket.h>

#include "io.h"
#include "sender.h"
#include "train.h"

enum { BUFFER_SIZE = 64 * 1024 };

/* Move at most this many bytes from the file to the client.  Returns how many,
   0 at end of file, -1 with errno.  MSG_MORE: a train follows in any case. */
static ssize_t
copy_out(struct sender *sender, size_t most)
{
    char buffer[BUFFER_SIZE];
    size_t size = most < sizeof buffer ? most : sizeof buffer;
    ssize_t n = read_some(sender->file.fd, buffer, size);
    if (n > 0 && send_full(sender->client_fd, buffer, n, MSG_MORE) == -1)
        return -1;
    return n;
}

/* Send the cargo of one train. */
static int
send_cargo(struct sender *sender, size_t length)
{
    while (length > 0) {
        ssize_t n = copy_out(sender, length);
        if (n == 0)
            errno = ENODATA;
        if (n <= 0)
            return -1;
        length -= n;
    }
    return 0;
}

void
sender_init(struct sender *sender, int client_fd)
{
    *sender = (struct sender){.client_fd = client_fd, .file.fd = -1};
}

int
sender_send(struct sender *sender)
{
    uint64_t left = sender->file.size;
    while (left > 0) {
        size_t length = left < TRAIN_MAX ? left : TRAIN_MAX;
        if (train_announce(sender->client_fd, length) == -1 ||
            send_cargo(sender, length) == -1)
            return -1;
        left -= length;
    }
    /* Of a file that was written to, half old and half new may have gone out:
       then what says that all is well must not follow. */
    if (served_file_check(&sender->file) == -1)
        return -1;
    return train_send(sender->client_fd, NULL, 0, 0);
}

void
sender_close(struct sender *sender)
{
    served_file_close(&sender->file);
}
