#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The trains that answer a request: which step comes next, and what is so when
   it has been taken.  Who takes it is not known here. */

enum step {
    STEP_NONE,  /* all is sent */
    STEP_READ,  /* from the file into memory */
    STEP_SEND,  /* from there to the client */
    STEP_FILL,  /* the pipe from the file */
    STEP_DRAIN, /* the pipe to the client */
    STEP_WAIT,  /* until the client takes more */
    STEP_CHECK, /* whether the file is still as it was */
};

struct outbox {
    unsigned char *bytes; /* in memory, to be sent */
    size_t size;          /* there is room for so many */
    size_t count;
    size_t sent;    /* of these */
    size_t cargo;   /* bytes of the file that belong to the train under way */
    uint64_t left;  /* bytes of the file that belong to later trains */
    off_t offset;   /* in the file: this much of it is read */
    size_t in_pipe; /* bytes */
    bool copying;   /* through memory, not through a pipe */
    bool stuck;     /* the client takes no more now */
    bool to_check;  /* all of the file is read, in several pieces */
};

/* Put a refusal in.  Returns 0, -1 with errno. */
int outbox_refuse(struct outbox *outbox, const char *message);

/* Put a file in: its name, its size, as many bytes from its start.  Returns 0,
   -1 with errno. */
int outbox_put_file(struct outbox *outbox, const char *name, uint64_t size,
                    bool copying);

/* Copy the rest of the file.  The pipe must be empty.  Returns 0, -1 with
   errno. */
int outbox_change_to_copy(struct outbox *outbox);

/* Is a file so small that it is copied in any case? */
bool outbox_is_small(uint64_t size);

/* Return the step that comes next, and how many bytes it moves if it can be
   taken in full. */
enum step outbox_next(const struct outbox *outbox, size_t *length);

/* Is more to follow what is in memory now? */
bool outbox_has_more(const struct outbox *outbox);

/* Note that a step has been taken and has moved so many bytes. */
void outbox_take(struct outbox *outbox, enum step step, size_t length);

/* Free the memory. */
void outbox_release(struct outbox *outbox);

#endif
