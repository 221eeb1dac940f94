/* service.c: answer lines.
   Each line comes back as "[id] the same line", where id is the process (with
   several threads: the thread) that serves the client.  Bytes after the last
   newline are answered as a line when the client ends its side.  A line longer
   than LINE_SIZE ends the conversation. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "log.h"
#include "net.h"
#include "service.h"

enum {
    LINE_SIZE = 65536, /* the newline included */
    PREFIX_SIZE = 16,  /* [1234567890], a space */
};

/* What has come from the client and is not answered yet. */
struct inbox {
    int fd;
    size_t start; /* the next line begins here */
    size_t end;   /* what has been read ends here */
    char bytes[LINE_SIZE];
};

/* Find the next line, reading on until its newline is there: one read can bring
   half a line as well as three lines.  Returns its length, newline included
   (only the client's last line may lack it), 0 if there is none, -1 with errno;
   EMSGSIZE: the line is too long. */
static ssize_t
inbox_next(struct inbox *inbox)
{
    for (;;) {
        char *line = inbox->bytes + inbox->start;
        size_t unanswered = inbox->end - inbox->start;
        char *newline = memchr(line, '\n', unanswered);
        if (newline != NULL)
            return newline - line + 1;

        memmove(inbox->bytes, line, unanswered);
        inbox->start = 0;
        inbox->end = unanswered;
        if (unanswered == LINE_SIZE) {
            errno = EMSGSIZE;
            return -1;
        }
        ssize_t n = read_some(inbox->fd, inbox->bytes + inbox->end,
                              LINE_SIZE - inbox->end);
        if (n == -1)
            return -1;
        if (n == 0)
            return unanswered;
        inbox->end += n;
    }
}

/* Send "[id] line" in one piece.  Returns 0, -1 with errno. */
static int
answer(int client_fd, const char *line, size_t length)
{
    char reply[PREFIX_SIZE + LINE_SIZE + 1];
    size_t prefix = snprintf(reply, PREFIX_SIZE, "[%d] ", gettid());
    memcpy(reply + prefix, line, length);
    length += prefix;
    if (reply[length - 1] != '\n')
        reply[length++] = '\n';
    return send_full(client_fd, reply, length, 0);
}

/* Answer line after line.  Returns 0 when the client has no more, -1 with
   errno; *lines counts those that were answered. */
static int
answer_all(int client_fd, long *lines)
{
    struct inbox inbox; /* its 64 KiB need not be cleared */
    inbox.fd = client_fd;
    inbox.start = inbox.end = 0;
    ssize_t length;
    while ((length = inbox_next(&inbox)) > 0) {
        if (answer(client_fd, inbox.bytes + inbox.start, length) == -1)
            return -1;
        inbox.start += length;
        (*lines)++;
    }
    return length;
}

void
serve_client(int client_fd)
{
    static const char too_long[] = "error: line longer than 65536 bytes";
    char name[NET_NAME_SIZE];
    net_peer_name(client_fd, name);

    long lines = 0;
    int result = answer_all(client_fd, &lines);
    const char *why = result == -1 ? strerror(errno) : "done";
    log_event("client %s: %ld lines, %s", name, lines, why);
    if (result == -1 && errno == EMSGSIZE)
        answer(client_fd, too_long, sizeof too_long - 1);
    net_finish(client_fd);
}
