#ifndef RECEIVER_H
#define RECEIVER_H

#include "progress.h"
#include "rate.h"

/* A file that is being received.  All of it is the caller's. */
struct receiver {
    int server_fd;
    int file_fd;
    struct progress *progress; /* how much there is; kept up to date */
    struct rate *rate;         /* how fast to read */
};

/* Choose how bytes are moved from now on: "copy", "mmap" or "splice".
   Returns 0, -1 if the name is none of these. */
int receiver_choose(const char *name);

/* Receive trains up to the empty one that ends a file, and write their cargo,
   progress->size bytes in all, to the file.  Returns 0, -1 with errno.  EPIPE:
   the server closed before the end.  EPROTO: it sends more or less than it
   announced.  ENOSPC and others: what came could not be written. */
int receiver_receive(struct receiver *receiver);

#endif
