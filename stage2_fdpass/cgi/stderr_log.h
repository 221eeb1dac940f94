#ifndef STDERR_LOG_H
#define STDERR_LOG_H

#include <stddef.h>

struct program;

enum { STDERR_LINE_SIZE = 512 };

/* What a program writes to its standard error goes to the log, line by line. */
struct stderr_log {
    struct program *program;
    size_t length; /* of the line that has not ended yet */
    char line[STDERR_LINE_SIZE];
};

void stderr_log_begin(struct stderr_log *stderr_log, struct program *program);

/* Read what is there, and log it.  Of a line that is too long the rest is
   lost. */
void stderr_log_read(struct stderr_log *stderr_log);

/* Log a last line without an end. */
void stderr_log_end(struct stderr_log *stderr_log);

#endif
