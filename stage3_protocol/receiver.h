#ifndef RECEIVER_H
#define RECEIVER_H

#include "progress.h"
#include "rate.h"

/* Receive trains up to the empty one that ends a file, and write their cargo,
   progress->size bytes in all, to the file.  progress is kept up to date; rate
   says how fast to read.  Returns 0, -1 with errno.  EPIPE: the server closed
   before the end.  EPROTO: it sends more or less than it announced. */
int receive_body(int server_fd, int file_fd, struct progress *progress,
                 struct rate *rate);

#endif
