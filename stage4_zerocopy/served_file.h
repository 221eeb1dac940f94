#ifndef SERVED_FILE_H
#define SERVED_FILE_H

#include <stdint.h>
#include <time.h>

/* A file of the current folder that is sent to a client. */
struct served_file {
    int fd; /* -1: none */
    uint64_t size;
    struct timespec modified; /* st_mtim, inode(7) */
};

/* Open a regular file.  name must be plain (file_name.h).  Returns NULL, or the
   reason why it cannot be had; then nothing is open. */
const char *served_file_open(struct served_file *file, const char *name);

/* The second half of that: fill in the size and time of the file that is open
   as file->fd.  Returns NULL, or the reason why it cannot be sent. */
const char *served_file_inspect(struct served_file *file);

/* Tell whether the file is as it was when it was opened.  Returns 0, -1 with
   errno; ESTALE: it was written to. */
int served_file_check(const struct served_file *file);

/* Say why sending a file has failed: strerror(3), and words of our own for
   ESTALE and for ENODATA, which means that the file has become shorter. */
const char *served_file_error(int error);

/* Close the file, if there is one.  Keeps errno. */
void served_file_close(struct served_file *file);

#endif
