/* served_file.c: the files that a server sends. */

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "served_file.h"

/* Check that a file of size 0 is empty: those of proc(5) are not, but have no
   size that could be announced.  Returns NULL or the reason. */
static const char *
check_empty(int fd)
{
    char byte;
    ssize_t n = read_some(fd, &byte, 1);
    if (n == 1)
        return "its size is not known";
    return n == -1 ? strerror(errno) : NULL;
}

const char *
served_file_inspect(struct served_file *file)
{
    struct stat status;
    if (fstat(file->fd, &status) == -1)
        return strerror(errno);
    if (!S_ISREG(status.st_mode))
        return "not a regular file";
    file->size = status.st_size;
    file->modified = status.st_mtim;
    return file->size == 0 ? check_empty(file->fd) : NULL;
}

/* O_NOFOLLOW keeps symbolic links from leading out of the folder, O_NONBLOCK
   keeps a FIFO from making us wait for a writer (open(2)). */
const char *
served_file_open(struct served_file *file, const char *name)
{
    file->fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file->fd == -1)
        return strerror(errno);
    const char *reason = served_file_inspect(file);
    if (reason != NULL)
        served_file_close(file);
    return reason;
}

int
served_file_check(const struct served_file *file)
{
    struct stat status;
    if (fstat(file->fd, &status) == -1)
        return -1;
    if ((uint64_t)status.st_size == file->size &&
        status.st_mtim.tv_sec == file->modified.tv_sec &&
        status.st_mtim.tv_nsec == file->modified.tv_nsec)
        return 0;
    errno = ESTALE;
    return -1;
}

const char *
served_file_error(int error)
{
    if (error == ENODATA)
        return "the file has become shorter";
    if (error == ESTALE)
        return "the file was written to meanwhile";
    return strerror(error);
}

void
served_file_close(struct served_file *file)
{
    int saved_errno = errno;
    if (file->fd != -1)
        close(file->fd);
    file->fd = -1;
    errno = saved_errno;
}
