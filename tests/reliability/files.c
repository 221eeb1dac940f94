/* files.c: what honest guests ask for. */

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static const char *
map(int fd, uint64_t size, const char *name)
{
    if (size == 0)
        return NULL; /* mmap(2) refuses that */
    void *content = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (content == MAP_FAILED)
        err(1, "mmap %s", name);
    return content;
}

static void
read_file(struct files *files, int directory_fd, const char *name,
          const char *prefix)
{
    struct stat status;
    int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd == -1 || fstat(fd, &status) == -1)
        err(1, "%s", name);
    struct file file = {.size = status.st_size};
    file.content = map(fd, file.size, name);
    close(fd);
    if (asprintf(&file.name, "%s%s", prefix, name) == -1)
        err(1, "asprintf");
    if (strlen(file.name) > REQUEST_MAX / 2)
        errx(1, "the name is too long: %s", name);
    files->list =
        reallocarray(files->list, files->count + 1, sizeof *files->list);
    if (files->list == NULL)
        err(1, "reallocarray");
    files->list[files->count++] = file;
}

void
files_read(struct files *files, const char *directory, enum protocol protocol)
{
    const char *prefix = protocol == PROTOCOL_HTTP10 ? "cgi-bin/file?" : "";
    DIR *stream = opendir(directory);
    if (stream == NULL)
        err(1, "%s", directory);
    struct dirent *entry;
    while (errno = 0, (entry = readdir(stream)) != NULL)
        if (entry->d_name[0] != '.')
            read_file(files, dirfd(stream), entry->d_name, prefix);
    if (errno != 0)
        err(1, "%s", directory);
    closedir(stream);
    if (files->count == 0)
        errx(1, "%s: no files to ask for", directory);
}
