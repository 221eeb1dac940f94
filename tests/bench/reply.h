#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is asked of a server, and whether its answer is right. */

enum protocol {
    PROTOCOL_LINES,  /* "text\n", answered by "[ID] text\n" */
    PROTOCOL_TRAINS, /* a file, by length and cargo */
    PROTOCOL_HTTP10, /* a file, by GET */
    PROTOCOL_HTTP11,
    PROTOCOL_BARE, /* nothing is sent; bytes come, then end of file */
};

/* How a request ends.  OUTCOME_MORE: it has not ended yet. */
enum outcome {
    OUTCOME_MORE,
    OUTCOME_DONE,
    OUTCOME_REFUSED, /* no connection: nobody listens */
    OUTCOME_RESET,   /* the connection was reset */
    OUTCOME_CLOSED,  /* end of file came before the end of the answer */
    OUTCOME_TIMEOUT, /* no whole answer in time */
    OUTCOME_DENIED,  /* the server answers, with an error */
    OUTCOME_WRONG,   /* bytes that do not belong there, too many, too few */
    OUTCOME_LOST,    /* the server closed a connection that was silent */
    OUTCOME_OTHER,   /* a system call failed in another way */
    OUTCOMES,
};

enum {
    REQUEST_MAX = 512,
    REPLY_HEAD_MAX = 2048, /* of what is gathered before it is looked at */
};

#define SIZE_UNKNOWN UINT64_MAX

/* All requests of a run are the same. */
struct request {
    enum protocol protocol;
    const char *file;
    uint64_t size; /* of the file, of the line, of what comes without asking */
    const char *content; /* of the file; NULL: its bytes are only counted */
    char bytes[REQUEST_MAX];
    size_t length;
};

/* One answer, as far as it has come. */
struct reply {
    int part;       /* what comes next; each protocol has its own */
    bool until_end; /* end of file ends it */
    uint64_t left;  /* bytes of the file that are still to come */
    uint64_t skip;  /* how many of them come next, in one piece */
    size_t wanted;  /* how long head is to become */
    size_t gathered;
    char head[REPLY_HEAD_MAX];
};

/* Compose the bytes from protocol, file and size.  Returns 0, or -1 with errno;
   EMSGSIZE: longer than REQUEST_MAX. */
int request_compose(struct request *request);

void reply_start(struct reply *reply, const struct request *request);

/* Take the n bytes that have come.  Returns OUTCOME_MORE, _DONE, _DENIED or
   _WRONG: bytes after the end of the answer are wrong, too. */
enum outcome reply_take(struct reply *reply, const struct request *request,
                        const char *bytes, size_t n);

/* Take note that n of the reply->skip bytes came and were not looked at.
   Returns OUTCOME_MORE or OUTCOME_DONE. */
enum outcome reply_skip(struct reply *reply, const struct request *request,
                        uint64_t n);

/* End of file has come.  Returns OUTCOME_DONE if that ends the answer,
   otherwise OUTCOME_CLOSED. */
enum outcome reply_end(const struct reply *reply,
                       const struct request *request);

#endif
