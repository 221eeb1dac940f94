/* output.c: from a program's standard output to the client. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "header.h"
#include "output.h"
#include "program.h"
#include "response.h"

void
output_begin(struct output *output, int client_fd, struct program *program,
             bool wants_body)
{
    output->client_fd = client_fd;
    output->program = program;
    output->wants_body = wants_body;
    output->begun = false;
    output->status = 0;
    output->line = output->start = output->end = 0;
}

bool
output_wants_program(const struct output *output)
{
    return output->program->output_fd != -1 &&
           (!output->begun || output->start == output->end);
}

bool
output_wants_client(const struct output *output)
{
    return output->begun && output->start < output->end;
}

bool
output_is_sent(const struct output *output)
{
    return output->program->output_fd == -1 && output->start == output->end;
}

/* Put the head of the reply in the place of the program's header, if that is
   complete.  Returns as output_read. */
static int
translate_header(struct output *output)
{
    struct response response;
    size_t length = header_end(output->bytes, output->end, &output->line);
    if (length == 0) {
        bool has_ended = output->program->output_fd == -1;
        return has_ended || output->end == CGI_HEADER_MAX ? 502 : 0;
    }
    if (response_translate(&response, output->bytes, length) == -1)
        return 502;
    output->begun = true;
    output->status = response.status;
    output->wants_body = output->wants_body && response.has_body;
    size_t rest = output->wants_body ? output->end - length : 0;
    memmove(output->bytes + response.length, output->bytes + length, rest);
    memcpy(output->bytes, response.head, response.length);
    output->end = response.length + rest;
    return 0;
}

int
output_read(struct output *output)
{
    size_t size = OUTPUT_BUFFER_SIZE;
    if (!output->begun)
        size = CGI_HEADER_MAX;
    if (output->start == output->end)
        output->start = output->end = 0;
    ssize_t n = read(output->program->output_fd, output->bytes + output->end,
                     size - output->end);
    /* When the program has ended, what is in the pipe is all that counts: what
       it has left behind may keep the pipe open. */
    bool later = n == -1 && (errno == EAGAIN || errno == EINTR);
    if (later && !output->program->has_ended)
        return 0;
    if (n <= 0)
        program_close(&output->program->output_fd);
    else if (output->wants_body || !output->begun)
        output->end += n;
    return output->begun ? 0 : translate_header(output);
}

int
output_send(struct output *output)
{
    ssize_t n = send(output->client_fd, output->bytes + output->start,
                     output->end - output->start, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == -1)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    output->start += n;
    return 0;
}
