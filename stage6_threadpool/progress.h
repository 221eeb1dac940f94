#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far a download has come, and the bar that shows it on standard error. */
struct progress {
    const char *name; /* of the file */
    bool shown;       /* draw the bar */
    uint64_t size;    /* bytes in all */
    uint64_t done;    /* bytes so far */
    double started;   /* clock_now() */
    double drawn;     /* clock_now(), 0: not yet */
};

/* Begin a download of size bytes.  name is not copied. */
void progress_start(struct progress *progress, const char *name, uint64_t size,
                    bool shown);

/* Say that n more bytes have come.  Draws the bar, ten times a second at
   most. */
void progress_add(struct progress *progress, size_t n);

/* Draw the bar a last time and end its line. */
void progress_end(struct progress *progress);

/* Seconds since the start. */
double progress_seconds(const struct progress *progress);

enum { PROGRESS_SIZE_TEXT = 16 };

/* Write a number of bytes as people read it, "12.3 MiB", to text, which has
   PROGRESS_SIZE_TEXT bytes.  Returns text. */
char *progress_format_size(char *text, double bytes);

#endif
