/* pipe.c: the pipe that splice(2) needs. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "io.h"
#include "pipe.h"
#include "train.h"

int
pipe_open(int fds[2])
{
    if (fds[0] != -1)
        return 0;
    if (pipe2(fds, O_CLOEXEC) == -1)
        return -1;
    fcntl(fds[1], F_SETPIPE_SZ, TRAIN_MAX); /* a smaller one will do */
    return 0;
}

int
pipe_drain(const int fds[2], int out_fd, size_t size)
{
    size_t moved = 0;
    while (moved < size) {
        ssize_t n = splice(fds[0], NULL, out_fd, NULL, size - moved,
                           SPLICE_F_MOVE | SPLICE_F_MORE);
        if (io_interrupted(n))
            continue;
        if (n == 0 || (n == -1 && errno == EINVAL && moved > 0))
            errno = EIO;
        if (n <= 0)
            return -1;
        moved += n;
    }
    return 0;
}

void
pipe_close(int fds[2])
{
    if (fds[0] == -1)
        return;
    close(fds[0]);
    close(fds[1]);
    fds[0] = fds[1] = -1;
}
