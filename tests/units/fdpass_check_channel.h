#ifndef FDPASS_CHECK_CHANNEL_H
#define FDPASS_CHECK_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
    FDS_MAX = 1024,
    FDS_IN_MESSAGE_MAX = 253, /* SCM_MAX_FD of the kernel, unix(7) */
};

extern int ours;   /* the end of a channel from which the checks receive */
extern int theirs; /* the other end */
extern int some_file;

extern int interruptions;            /* how many calls still fail with EINTR */
extern const struct cmsghdr *forged; /* comes with the next message */

/* End the check as failed, unless it is as expected. */
__attribute__((format(printf, 2, 3))) void expect(bool as_expected,
                                                  const char *format, ...);

int count_fds(void);

void expect_fds(int expected);

void open_channel(int type);

void close_channel(void);

/* Open a file that has some bytes to read. */
int open_file(void);

/* Make a file that is like no other. */
int make_file(void);

ino_t file_number(int fd);

void send_order(char order, int fd);

/* Receive, expecting this order.  Returns the descriptor that came. */
int receive_order(char expected);

void expect_nothing_left(void);

/* Receive, expecting a failure that leaves no descriptor behind. */
void expect_refusal(int error);

/* Send the same descriptor several times, all in one message of size bytes. */
void send_fds(int fd, int count, size_t size);

/* Allow this process no descriptor more than it has, and then room more.
   Returns the limit that was. */
struct rlimit limit_fds(int room);

#endif
