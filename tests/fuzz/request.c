/* request.c: does request.c take, and understand, the requests that a plain
   model does? The model collects every reason to refuse: the status must be one
   of them, and 0 if there is none. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "request.h"
#include "wire.h"

enum { HEAD_MOST = 65536, BODY_MOST = 1 << 30, FIELDS_MOST = 100 };

const char fuzz_name[] = "request";

static char head[HEAD_MOST + 1];
static char path[HEAD_MOST + 1];
static struct model_line lines[MODEL_LINES];
static int line_count;
static int reasons[64];
static int reason_count;

/* What the model understands. */
static struct {
    char *method;
    char *protocol;
    char *query;
    char *program;
    char *path_info;
    long body_length;
    bool wants_continue;
} meant;

void
fuzz_start(void)
{
}

static void
refuse_if(bool wrong, int status)
{
    if (wrong && reason_count < 64)
        reasons[reason_count++] = status;
}

/* Decode %XX from text to path; false if it is wrong. */
static void
decode(const char *text)
{
    char *to = path;
    for (; *text != '\0'; text++) {
        unsigned byte = (unsigned char)*text;
        if (byte == '%') {
            char digits[3] = {text[1], text[1] == '\0' ? '\0' : text[2], '\0'};
            bool wrong = strspn(digits, "0123456789abcdefABCDEF") != 2;
            byte = wrong ? 1 : strtoul(digits, NULL, 16);
            refuse_if(byte == '/', 404);
            text += strlen(digits) < 2 ? strlen(digits) : 2;
        }
        refuse_if(byte < ' ' || byte == 0x7f, 400);
        *to++ = byte == '\0' ? 1 : byte;
    }
    *to = '\0';
}

static void
check_path(void)
{
    static char segments[HEAD_MOST + 3];
    snprintf(segments, sizeof segments, "%s/", path);
    refuse_if(strstr(segments, "/./") || strstr(segments, "/../"), 400);
    bool elsewhere = strncmp(path, "/cgi-bin/", 9) != 0;
    refuse_if(elsewhere, 404);
    if (elsewhere)
        return;
    meant.program = segments + 9;
    if (strchr(path + 9, '/') != NULL)
        meant.path_info = strchr(path + 9, '/');
    size_t length = strcspn(meant.program, "/");
    meant.program[length] = '\0';
    refuse_if(length == 0 || length > 255 || meant.program[0] == '.', 404);
}

static void
check_first_line(char *line)
{
    char *first = strchr(line, ' ');
    char *second = first == NULL ? NULL : strchr(first + 1, ' ');
    meant.method = meant.protocol = meant.query = meant.path_info = "";
    meant.program = "";
    refuse_if(second == NULL, 400);
    if (second == NULL)
        return;
    *first = *second = '\0';
    meant.method = line;
    meant.protocol = second + 1;
    refuse_if(!http_is_token(line), 400);
    if (strcmp(line, "GET") && strcmp(line, "HEAD") && strcmp(line, "POST")) {
        refuse_if(true, 405);
        refuse_if(true, 501);
    }
    if (strcmp(meant.protocol, "HTTP/1.0") &&
        strcmp(meant.protocol, "HTTP/1.1")) {
        refuse_if(true, 505);
        refuse_if(true, 400);
    }
    char *target = first + 1;
    refuse_if(*target != '/' || strchr(target, '#') != NULL, 400);
    char *mark = strchr(target, '?');
    if (mark != NULL) {
        *mark = '\0';
        meant.query = mark + 1;
    }
    decode(target);
    check_path();
}

static void
check_fields(void)
{
    int hosts = 0;
    bool old = strcmp(meant.protocol, "HTTP/1.0") == 0;
    meant.body_length = -1;
    meant.wants_continue = false;
    for (int i = 1; i < line_count; i++) {
        const char *name = lines[i].name;
        const char *value = lines[i].value;
        refuse_if(name == NULL, 400);
        if (name == NULL)
            continue;
        hosts += strcasecmp(name, "Host") == 0;
        refuse_if(strcasecmp(name, "Transfer-Encoding") == 0, 411);
        if (strcasecmp(name, "Expect") == 0) {
            refuse_if(strcasecmp(value, "100-continue") != 0, 417);
            meant.wants_continue = !old;
        }
        if (strcasecmp(name, "Content-Length") != 0)
            continue;
        long length =
            strtod(value, NULL) > BODY_MOST ? BODY_MOST + 1L : atol(value);
        refuse_if(!http_is_number(value), 400);
        refuse_if(length > BODY_MOST, 413);
        refuse_if(meant.body_length != -1 && meant.body_length != length, 400);
        meant.body_length = length;
    }
    refuse_if(line_count - 1 > FIELDS_MOST, 431);
    refuse_if(hosts > 1 || (hosts == 0 && !old), 400);
    refuse_if(!strcmp(meant.method, "POST") && meant.body_length == -1, 411);
}

/* Collect the reasons to refuse what has come. */
static void
model(void)
{
    size_t size = wire.in_size < HEAD_MOST ? wire.in_size : HEAD_MOST;
    size_t length = http_head_length((const char *)wire.in, size);
    reason_count = 0;
    if (length == 0) {
        refuse_if(size == 0, -1);
        refuse_if(size > 0 && size < HEAD_MOST, 400);
        refuse_if(size == HEAD_MOST, 414);
        refuse_if(size == HEAD_MOST, 431);
        return;
    }
    memcpy(head, wire.in, length);
    head[length] = '\0';
    refuse_if(head[0] == '\r', 400); /* an empty line is the first */
    refuse_if(http_has_controls(head, length), 400);
    for (size_t i = 0; i < length; i++)
        refuse_if(head[i] == '\n' && (i == 0 || head[i - 1] != '\r'), 400);
    if (reason_count > 0)
        return;
    line_count = http_lines(lines, head, true);
    check_first_line(lines[0].value);
    check_fields();
}

static void
same(const char *what, const char *expected, const char *got)
{
    if (strcmp(expected, got) != 0)
        fuzz_fail("%s: expected '%s', got '%s'", what, expected, got);
}

static void
compare(const struct request *request)
{
    same("the method", meant.method, request->method);
    same("the protocol", meant.protocol, request->protocol);
    same("the program", meant.program, request->target.program);
    same("the path", meant.path_info, request->target.path_info);
    same("the query", meant.query, request->target.query);
    if (request->body_length != meant.body_length)
        fuzz_fail("the body's length: expected %ld, got %ld", meant.body_length,
                  request->body_length);
    if (request->wants_continue != meant.wants_continue)
        fuzz_fail("the wish for 100: expected %d", meant.wants_continue);
    if (request->field_count != line_count - 1)
        fuzz_fail("expected %d header lines, got %d", line_count - 1,
                  request->field_count);
    for (int i = 1; i < line_count; i++) {
        same("a name", lines[i].name, request->fields[i - 1].name);
        same("a value", lines[i].value, request->fields[i - 1].value);
    }
    fuzz_compare("what came along", wire.in + request->head_length,
                 request->length - request->head_length,
                 request->bytes + request->head_length,
                 request->length - request->head_length);
}

void
fuzz_one(const uint8_t *data, size_t size)
{
    static struct request request;
    wire_load(data, size, 2 * HEAD_MOST);
    model();
    int status = request_read(&request, wire_connect(true));
    if (status == 0 && reason_count > 0)
        fuzz_fail("taken, but %d was expected", reasons[0]);
    if (status == 0) {
        compare(&request);
        return;
    }
    for (int i = 0; i < reason_count; i++)
        if (status == reasons[i])
            return;
    fuzz_fail("refused with %d, expected %d", status,
              reason_count == 0 ? 0 : reasons[0]);
}
