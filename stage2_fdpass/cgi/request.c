/* request.c: reading an HTTP request (RFC 9112).
   What can be read in two ways is refused: others on the way may have read
   it in the other one. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "clock.h"
#include "io.h"
#include "request.h"

/* How many seconds the client may be silent, INFINITY: for ever.  The socket
   knows it (net.h). */
static double
silence_of(int client_fd)
{
    struct timeval timeout = {.tv_sec = 0};
    socklen_t size = sizeof timeout;
    getsockopt(client_fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &size);
    double seconds = timeout.tv_sec + timeout.tv_usec / 1e6;
    return seconds > 0 ? seconds : INFINITY;
}

/* Read until the empty line has come.  As long as the client may be silent, all
   of it may take: a byte now and then is not silence, and could go on for ever.
   Returns as request_read. */
static int
read_head(struct request *request, int client_fd)
{
    double deadline = clock_now() + request->silence;
    size_t line = 0;
    while ((request->head_length =
                header_end(request->bytes, request->length, &line)) == 0) {
        if (request->length == HEAD_MAX)
            return line == 0 ? 414 : 431;
        if (clock_now() >= deadline)
            return 408;
        ssize_t n = read_some(client_fd, request->bytes + request->length,
                              HEAD_MAX - request->length);
        if (n == -1)
            return errno == ETIMEDOUT ? 408 : -1;
        if (n == 0)
            return request->length == 0 ? -1 : 400;
        request->length += n;
    }
    return 0;
}

/* Does each line end with CR LF? */
static bool
has_full_ends(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r'))
            return false;
    return true;
}

static bool
is_among(const char *text, const char *const *list)
{
    while (*list != NULL && strcmp(text, *list) != 0)
        list++;
    return *list != NULL;
}

static int
check_method(const char *method)
{
    static const char *const served[] = {"GET", "HEAD", "POST", NULL};
    static const char *const refused[] = {
        "CONNECT", "DELETE", "OPTIONS", "PATCH", "PUT", "TRACE", NULL};
    if (is_among(method, served))
        return 0;
    return is_among(method, refused) ? 405 : 501;
}

static int
check_protocol(const char *protocol)
{
    static const char *const spoken[] = {"HTTP/1.0", "HTTP/1.1", NULL};
    if (is_among(protocol, spoken))
        return 0;
    bool version = strncmp(protocol, "HTTP/", 5) == 0 &&
                   strspn(protocol + 5, "0123456789.") == 3 &&
                   protocol[6] == '.' && protocol[8] == '\0';
    return version ? 505 : 400;
}

/* METHOD target HTTP/1.1, each with one space behind it. */
static int
parse_first_line(struct request *request, char *line)
{
    char *target = strchr(line, ' ');
    char *protocol = target == NULL ? NULL : strchr(target + 1, ' ');
    if (protocol == NULL)
        return 400;
    *target++ = '\0';
    *protocol++ = '\0';
    if (!header_is_token(line))
        return 400;
    request->method = line;
    request->protocol = protocol;
    int status = check_protocol(protocol);
    if (status == 0)
        status = check_method(request->method);
    if (status == 0)
        status = target_parse(&request->target, target);
    return status;
}

static int
parse_length(struct request *request, const char *text)
{
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return 400;
    errno = 0;
    long length = strtol(text, NULL, 10);
    if (errno == ERANGE || length > BODY_MAX)
        return 413;
    if (request->body_length != REQUEST_NO_BODY &&
        request->body_length != length)
        return 400;
    request->body_length = length;
    return 0;
}

/* Header lines that mean something to us. */
static int
interpret_field(struct request *request, const struct field *field)
{
    if (strcasecmp(field->name, "Content-Length") == 0)
        return parse_length(request, field->value);
    if (strcasecmp(field->name, "Transfer-Encoding") == 0)
        return 411; /* SIMPLIFIED: a body's length has to be known beforehand */
    if (strcasecmp(field->name, "Host") == 0 &&
        request_field(request, "Host") != NULL)
        return 400;
    if (strcasecmp(field->name, "Expect") == 0) {
        if (strcasecmp(field->value, "100-continue") != 0)
            return 417;
        request->wants_continue = strcmp(request->protocol, "HTTP/1.0") != 0;
    }
    return 0;
}

static int
parse_fields(struct request *request, char *text)
{
    char *line;
    while (*(line = header_line(&text)) != '\0') {
        struct field field;
        if (!header_split(line, &field))
            return 400;
        int status = interpret_field(request, &field);
        if (status != 0)
            return status;
        if (request->field_count == FIELDS_MAX)
            return 431;
        request->fields[request->field_count++] = field;
    }
    if (strcmp(request->protocol, "HTTP/1.0") != 0 &&
        request_field(request, "Host") == NULL)
        return 400;
    if (strcmp(request->method, "POST") == 0 &&
        request->body_length == REQUEST_NO_BODY)
        return 411;
    return 0;
}

int
request_read(struct request *request, int client_fd)
{
    request->title[0] = '\0';
    request->method = "";
    request->field_count = 0;
    request->body_length = REQUEST_NO_BODY;
    request->wants_continue = false;
    request->length = 0;
    request->silence = silence_of(client_fd);
    int status = read_head(request, client_fd);
    if (status != 0)
        return status;
    if (!header_is_clean(request->bytes, request->head_length) ||
        !has_full_ends(request->bytes, request->head_length))
        return 400;
    char *text = request->bytes;
    char *line = header_line(&text);
    snprintf(request->title, TITLE_SIZE, "%s", line);
    status = *line == '\0' ? 400 : parse_first_line(request, line);
    return status == 0 ? parse_fields(request, text) : status;
}

const char *
request_field(const struct request *request, const char *name)
{
    for (int i = 0; i < request->field_count; i++)
        if (strcasecmp(request->fields[i].name, name) == 0)
            return request->fields[i].value;
    return NULL;
}

bool
request_is_head(const struct request *request)
{
    return strcmp(request->method, "HEAD") == 0;
}
