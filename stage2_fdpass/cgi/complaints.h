#ifndef COMPLAINTS_H
#define COMPLAINTS_H

#include <stddef.h>

struct program;

enum { COMPLAINT_SIZE = 512 };

/* What a program writes to its standard error goes to the log, line by line. */
struct complaints {
    struct program *program;
    size_t length; /* of the line that has not ended yet */
    char line[COMPLAINT_SIZE];
};

void complaints_begin(struct complaints *complaints, struct program *program);

/* Read what is there, and log it.  Of a line that is too long the rest is
   lost. */
void complaints_read(struct complaints *complaints);

/* Log a last line without an end. */
void complaints_end(struct complaints *complaints);

#endif
