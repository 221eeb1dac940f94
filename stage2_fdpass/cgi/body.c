/* body.c: from the client to a program's standard input. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "body.h"
#include "program.h"
#include "request.h"

/* Close the program's standard input once all has been written. */
static void
end_if_complete(struct body *body)
{
    if (body->left == 0 && body->start == body->end)
        program_close(&body->program->input_fd);
}

void
body_begin(struct body *body, const struct request *request, int client_fd,
           struct program *program)
{
    size_t come = request->length - request->head_length;
    body->client_fd = client_fd;
    body->program = program;
    body->left = request->body_length;
    if (body->left == REQUEST_NO_BODY)
        body->left = 0;
    if (come > (size_t)body->left)
        come = body->left; /* the rest is no part of this request */
    memcpy(body->bytes, request->bytes + request->head_length, come);
    body->start = 0;
    body->end = come;
    body->left -= come;
    end_if_complete(body);
}

bool
body_wants_client(const struct body *body)
{
    return body->left > 0 && body->start == body->end;
}

bool
body_wants_program(const struct body *body)
{
    return body->start < body->end;
}

int
body_receive(struct body *body)
{
    size_t wanted = BODY_BUFFER_SIZE;
    if (body->left < BODY_BUFFER_SIZE)
        wanted = body->left;
    ssize_t n = recv(body->client_fd, body->bytes, wanted, MSG_DONTWAIT);
    if (n == 0)
        return 400;
    if (n == -1)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    body->left -= n;
    body->start = 0;
    body->end = body->program->input_fd == -1 ? 0 : n;
    return 0;
}

void
body_write(struct body *body)
{
    ssize_t n = write(body->program->input_fd, body->bytes + body->start,
                      body->end - body->start);
    if (n != -1) {
        body->start += n;
        end_if_complete(body);
    } else if (errno != EAGAIN && errno != EINTR) {
        program_close(&body->program->input_fd); /* EPIPE: it reads no more */
        body->start = body->end;
    }
}
