#ifndef EVIL_PEER_H
#define EVIL_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    FAILURE = 1, /* exit statuses */
    WRONG_USAGE = 2,
    BLOCK_SIZE = 65536,
    SHOWN_SIZE = 256, /* of the text that show_bytes writes */
};

/* The one who plays the script. */
struct peer {
    int fd;             /* -1: not connected */
    const char *doing;  /* the step, as it was written */
    double patience;    /* how many seconds a step may take */
    double deadline;    /* clock_now() when this step has failed */
    struct in_addr own; /* from:ADDR */
    int receive_buffer; /* rcvbuf:N, 0: leave it to the kernel */
};

/* Seconds since some moment. */
double clock_now(void);

/* How much slower than usual the tests run: $TIMEOUT_SCALE, or 1. */
double timeout_scale(void);

/* Begin something that may take as long as a step. */
void peer_begin(struct peer *peer, const char *what);

/* Say what is wrong with the step at work and end the program. */
__attribute__((noreturn, format(printf, 2, 3))) void
peer_fail(const struct peer *peer, const char *format, ...);

/* Write bytes as printable text to shown, which has SHOWN_SIZE bytes; what does
   not fit is cut off.  Returns shown. */
const char *show_bytes(char *shown, const char *bytes, size_t length);

/* Wait until fd is ready for these events of poll(2).  Returns false if the
   step's time runs out first. */
bool peer_wait(const struct peer *peer, int fd, short events);

/* End the program, unless there is a connection.  The calls below that use it
   do this too. */
void peer_need_connection(const struct peer *peer);

/* Send bytes as long as the other side takes them.  Returns how many it took;
   if these are not all, errno says why; ETIMEDOUT: the step's time ran out. */
size_t peer_send_most(const struct peer *peer, const void *bytes, size_t size);

/* Send all of them, or end the program. */
void peer_send(const struct peer *peer, const void *bytes, size_t size);

/* Receive at most size bytes.  Returns how many, 0 at end of file, -1 with
   errno; ETIMEDOUT: nothing came in time. */
ssize_t peer_receive(const struct peer *peer, void *buffer, size_t size);

/* What to say of a result of peer_receive that is no bytes. */
const char *peer_end_text(ssize_t n);

/* Close the connection, if there is one. */
void peer_hang_up(struct peer *peer);

#endif
