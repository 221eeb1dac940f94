/* conversation.c: answer the lines of a client without ever waiting for it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conversation.h"
#include "log.h"

enum { PREFIX_SIZE = 16 }; /* [1234567890], a space */

static void
end(struct conversation *conversation, const char *why)
{
    log_event("client %s: %ld lines, %s", conversation->name,
              conversation->lines, why);
    conversation->state = CONVERSATION_OVER;
}

/* Put "[id] line" where replies are sent from. */
static void
compose(struct conversation *conversation, const char *line, size_t length)
{
    char *reply = conversation->reply;
    size_t total = snprintf(reply, PREFIX_SIZE, "[%d] ", gettid());
    memcpy(reply + total, line, length);
    total += length;
    if (reply[total - 1] != '\n')
        reply[total++] = '\n';
    conversation->sent = 0;
    conversation->to_send = total;
}

/* Compose the answer to the next line, if there is one.  Returns false if more
   has to come first. */
static bool
answer_next(struct conversation *conversation)
{
    static const char too_long[] = "error: line longer than 65536 bytes";
    const char *line = conversation->inbox + conversation->start;
    size_t unanswered = conversation->end - conversation->start;
    const char *newline = memchr(line, '\n', unanswered);
    size_t length = newline == NULL ? 0 : newline - line + 1;
    if (newline == NULL && conversation->ended)
        length = unanswered; /* the last line may lack it */
    if (length > 0) {
        compose(conversation, line, length);
        conversation->start += length;
        conversation->lines++;
        return true;
    }
    if (unanswered < LINE_SIZE)
        return false;
    compose(conversation, too_long, sizeof too_long - 1);
    conversation->start = conversation->end;
    conversation->ended = true;
    return true;
}

/* Send what is composed.  Returns false if the client does not take all of it
   now, or is gone. */
static bool
flush(struct conversation *conversation)
{
    while (conversation->sent < conversation->to_send) {
        ssize_t n =
            send(conversation->fd, conversation->reply + conversation->sent,
                 conversation->to_send - conversation->sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1 && errno == EAGAIN) {
            conversation->state = CONVERSATION_WRITING;
            return false;
        }
        if (n == -1) {
            end(conversation, strerror(errno));
            return false;
        }
        conversation->sent += n;
    }
    conversation->to_send = 0;
    return true;
}

/* Answer what has been read, as far as the client takes the answers. */
static void
answer_all(struct conversation *conversation)
{
    do {
        if (!flush(conversation))
            return;
    } while (answer_next(conversation));
    conversation->state = CONVERSATION_READING;
    if (!conversation->ended)
        return;
    conversation->state = CONVERSATION_FINISHING;
    if (shutdown(conversation->fd, SHUT_WR) == -1)
        end(conversation, strerror(errno));
}

/* Read once.  Room is made first: a read of no bytes would look like the end of
   the stream. */
static void
read_once(struct conversation *conversation)
{
    size_t unanswered = conversation->end - conversation->start;
    memmove(conversation->inbox, conversation->inbox + conversation->start,
            unanswered);
    conversation->start = 0;
    conversation->end = unanswered;
    ssize_t n = recv(conversation->fd, conversation->inbox + unanswered,
                     LINE_SIZE - unanswered, MSG_DONTWAIT);
    if (n > 0)
        conversation->end += n;
    else if (n == 0)
        conversation->ended = true;
    else if (errno != EAGAIN && errno != EINTR)
        end(conversation, strerror(errno));
}

/* Discard what a client sends after it was told that the conversation is
   over. */
static void
drop_once(struct conversation *conversation)
{
    ssize_t n =
        recv(conversation->fd, conversation->inbox, LINE_SIZE, MSG_DONTWAIT);
    if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
        end(conversation, "done");
}

void
conversation_begin(struct conversation *conversation, int client_fd)
{
    conversation->fd = client_fd;
    net_peer_name(client_fd, conversation->name);
    conversation->state = CONVERSATION_READING;
    conversation->ended = false;
    conversation->lines = 0;
    conversation->start = conversation->end = 0;
    conversation->sent = conversation->to_send = 0;
}

void
conversation_go_on(struct conversation *conversation)
{
    if (conversation->state == CONVERSATION_FINISHING) {
        drop_once(conversation);
        return;
    }
    if (conversation->state == CONVERSATION_READING)
        read_once(conversation);
    if (conversation->state != CONVERSATION_OVER)
        answer_all(conversation);
}
