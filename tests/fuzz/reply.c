/* reply.c: does the reply of a program reach the client as a plain model has
   it?  The input is what the program writes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "output.h"
#include "program.h"
#include "response.h"
#include "wire.h"

enum { HEADER_MOST = 16384, IN_MOST = 128 * 1024 };

const char fuzz_name[] = "reply";

static char header[HEADER_MOST + 1];
static char expected[IN_MOST + 2 * HEADER_MOST];
static size_t length;

void
fuzz_start(void)
{
}

static bool
is_any(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcasecmp(name, *list) == 0)
            return true;
    return false;
}

/* Write the status line.  Returns the status, -1 if it is wrong. */
static int
put_status(const char *status, bool moved)
{
    int number = moved ? 302 : 200;
    const char *words = "";
    if (status != NULL) {
        number = atoi(status);
        if (strspn(status, "0123456789") != 3 || number < 200 || number > 599 ||
            (status[3] != '\0' && status[3] != ' '))
            return -1;
        words = status[3] == '\0' ? "" : status + 4;
    }
    if (status == NULL || status[3] == '\0')
        words = response_reason(number);
    length = sprintf(expected, "HTTP/1.1 %d %s\r\n", number, words);
    return number;
}

/* Write the client's head.  Returns its status, -1 if the header is wrong. */
static int
put_head(size_t header_length)
{
    static const char *const ours[] = {
        "Connection", "Keep-Alive",        "Proxy-Connection", "TE",
        "Trailer",    "Transfer-Encoding", "Upgrade",          NULL};
    static const char *const single[] = {"Status", "Content-Type", "Location",
                                         "Content-Length", NULL};
    static struct model_line lines[MODEL_LINES];
    const char *values[4] = {NULL, NULL, NULL, NULL};
    memcpy(header, wire.in, header_length);
    header[header_length] = '\0';
    if (http_has_controls(header, header_length))
        return -1;
    int count = http_lines(lines, header, false);
    for (int i = 0; i < count; i++) {
        if (lines[i].name == NULL)
            return -1;
        for (int j = 0; single[j] != NULL; j++) {
            if (strcasecmp(lines[i].name, single[j]) != 0)
                continue;
            if (values[j] != NULL)
                return -1;
            values[j] = lines[i].value;
        }
    }
    if (values[0] == NULL && values[1] == NULL && values[2] == NULL)
        return -1;
    if (values[3] != NULL && !http_is_number(values[3]))
        return -1;
    int status = put_status(values[0], values[2] != NULL);
    if (status == -1)
        return -1;
    for (int i = 0; i < count; i++)
        if (strcasecmp(lines[i].name, "Status") != 0 &&
            !is_any(lines[i].name, ours))
            length += sprintf(expected + length, "%s: %s\r\n", lines[i].name,
                              lines[i].value);
    length += sprintf(expected + length, "Connection: close\r\n\r\n");
    return status;
}

/* Write what the client is to get; returns 0 or 502. */
static int
model(bool wants_body)
{
    size_t most = wire.in_size < HEADER_MOST ? wire.in_size : HEADER_MOST;
    size_t header_length = http_head_length((const char *)wire.in, most);
    length = 0;
    if (header_length == 0)
        return 502;
    int status = put_head(header_length);
    if (status == -1)
        return 502;
    if (wants_body && status != 204 && status != 304) {
        size_t rest = wire.in_size - header_length;
        memcpy(expected + length, wire.in + header_length, rest);
        length += rest;
    }
    return 0;
}

void
fuzz_one(const uint8_t *data, size_t size)
{
    static struct output output;
    wire_load(data, size, IN_MOST);
    bool wants_body = wire_choice() % 8 != 0;
    int expected_status = model(wants_body);
    int fd = wire_connect(false);
    struct program program = {.output_fd = fd};
    output_begin(&output, fd, &program, wants_body);
    int status = 0;
    while (status == 0 && !output_is_sent(&output)) {
        if (output_wants_program(&output))
            status = output_read(&output);
        if (status == 0 && output_wants_client(&output))
            status = output_send(&output);
    }
    if (status != expected_status)
        fuzz_fail("expected status %d, got %d", expected_status, status);
    fuzz_compare("the reply", expected, length, wire.out, wire.out_size);
}
