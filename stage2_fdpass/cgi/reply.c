/* reply.c: from a program's standard output to the client. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "header.h"
#include "program.h"
#include "reply.h"
#include "response.h"

void
reply_begin(struct reply *reply, int client_fd, struct program *program,
            bool wants_body)
{
    reply->client_fd = client_fd;
    reply->program = program;
    reply->wants_body = wants_body;
    reply->begun = false;
    reply->status = 0;
    reply->line = reply->start = reply->end = 0;
}

bool
reply_wants_program(const struct reply *reply)
{
    return reply->program->output_fd != -1 &&
           (!reply->begun || reply->start == reply->end);
}

bool
reply_wants_client(const struct reply *reply)
{
    return reply->begun && reply->start < reply->end;
}

bool
reply_is_sent(const struct reply *reply)
{
    return reply->program->output_fd == -1 && reply->start == reply->end;
}

/* Put the head of the reply in the place of the program's header, if that is
   complete.  Returns as reply_read. */
static int
translate(struct reply *reply)
{
    struct response response;
    size_t length = header_end(reply->bytes, reply->end, &reply->line);
    if (length == 0) {
        bool has_ended = reply->program->output_fd == -1;
        return has_ended || reply->end == CGI_HEADER_MAX ? 502 : 0;
    }
    if (response_translate(&response, reply->bytes, length) == -1)
        return 502;
    reply->begun = true;
    reply->status = response.status;
    reply->wants_body = reply->wants_body && response.has_body;
    size_t rest = reply->wants_body ? reply->end - length : 0;
    memmove(reply->bytes + response.length, reply->bytes + length, rest);
    memcpy(reply->bytes, response.head, response.length);
    reply->end = response.length + rest;
    return 0;
}

int
reply_read(struct reply *reply)
{
    size_t size = REPLY_BUFFER_SIZE;
    if (!reply->begun)
        size = CGI_HEADER_MAX;
    if (reply->start == reply->end)
        reply->start = reply->end = 0;
    ssize_t n = read(reply->program->output_fd, reply->bytes + reply->end,
                     size - reply->end);
    /* When the program has ended, what is in the pipe is all that counts: what
       it has left behind may keep the pipe open. */
    bool later = n == -1 && (errno == EAGAIN || errno == EINTR);
    if (later && !reply->program->has_ended)
        return 0;
    if (n <= 0)
        program_close(&reply->program->output_fd);
    else if (reply->wants_body || !reply->begun)
        reply->end += n;
    return reply->begun ? 0 : translate(reply);
}

int
reply_send(struct reply *reply)
{
    ssize_t n = send(reply->client_fd, reply->bytes + reply->start,
                     reply->end - reply->start, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == -1)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    reply->start += n;
    return 0;
}
