#ifndef FETCH_H
#define FETCH_H

#include <stdbool.h>
#include <stdint.h>

/* How files are to be fetched. */
struct fetch_options {
    uint64_t limit_rate; /* bytes a second, 0: as fast as they come */
    bool progress;       /* draw a progress bar */
    bool quiet;          /* neither that nor a summary */
};

enum fetch_outcome {
    FETCH_CAME,
    FETCH_FAILED, /* the connection is good for another file */
    FETCH_BROKEN, /* the connection is of no further use */
};

/* Ask the server for a file and save it under that name in the current folder.
   Prints a summary on standard output, or on standard error why the file did
   not come. */
enum fetch_outcome fetch_file(int server_fd, const char *name,
                              const struct fetch_options *options);

#endif
