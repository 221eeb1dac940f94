/* response.c: replies (RFC 9112, RFC 3875).
   SIMPLIFIED: no Date.  A Location is always passed on to the client, with a
   status of 302 if the program gives none, also where RFC 3875 would have the
   server itself look for "/another/path".

   See also: relay.c for the body. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "header.h"
#include "io.h"
#include "response.h"

/* What the program's header says to the server. */
struct cgi_header {
    const char *status;
    const char *type;
    const char *location;
    const char *length;
};

const char *
response_reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } reasons[] = {
        {200, "OK"},
        {302, "Found"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].words;
    return "";
}

/* Append to the head.  It has room for all that can come. */
__attribute__((format(printf, 2, 3))) static void
append(struct response *response, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    response->length +=
        vsnprintf(response->head + response->length,
                  sizeof response->head - response->length, format, arguments);
    va_end(arguments);
}

/* Lines about the connection, which is ours and not the program's. */
static bool
is_about_connection(const char *name)
{
    static const char *const ours[] = {
        "Connection", "Keep-Alive",        "Proxy-Connection", "TE",
        "Trailer",    "Transfer-Encoding", "Upgrade",
    };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcasecmp(name, ours[i]) == 0)
            return true;
    return false;
}

/* Where does the value of this line belong?  NULL: nowhere in particular. */
static const char **
place_for(struct cgi_header *header, const char *name)
{
    if (strcasecmp(name, "Status") == 0)
        return &header->status;
    if (strcasecmp(name, "Content-Type") == 0)
        return &header->type;
    if (strcasecmp(name, "Location") == 0)
        return &header->location;
    if (strcasecmp(name, "Content-Length") == 0)
        return &header->length;
    return NULL;
}

/* Read all lines, pass on those for the client.  Returns 0 or -1. */
static int
translate_lines(struct response *response, struct cgi_header *header,
                char *text)
{
    char *line;
    while (*(line = header_line(&text)) != '\0') {
        struct field field;
        if (!header_split(line, &field))
            return -1;
        const char **place = place_for(header, field.name);
        if (place != NULL && *place != NULL)
            return -1; /* the second one: which of them is meant? */
        if (place != NULL)
            *place = field.value;
        if (place != &header->status && !is_about_connection(field.name))
            append(response, "%s: %s\r\n", field.name, field.value);
    }
    bool empty = header->status == NULL && header->type == NULL &&
                 header->location == NULL;
    bool wrong_length =
        header->length != NULL &&
        (*header->length == '\0' ||
         header->length[strspn(header->length, "0123456789")] != '\0');
    return empty || wrong_length ? -1 : 0;
}

/* Read "404 Not Found" into status and words.  Returns 0 or -1. */
static int
read_status(const struct cgi_header *header, int *status, const char **words)
{
    if (header->status == NULL) {
        *status = header->location == NULL ? 200 : 302;
        *words = response_reason(*status);
        return 0;
    }
    if (strspn(header->status, "0123456789") != 3 ||
        (header->status[3] != '\0' && header->status[3] != ' '))
        return -1;
    *status = atoi(header->status);
    *words = header->status[3] == '\0' ? response_reason(*status)
                                       : header->status + 4;
    return *status >= 200 && *status <= 599 ? 0 : -1;
}

int
response_translate(struct response *response, const char *header, size_t length)
{
    char text[CGI_HEADER_MAX + 1];
    if (!header_is_clean(header, length))
        return -1;
    memcpy(text, header, length);
    text[length] = '\0';

    struct response lines = {.length = 0};
    struct cgi_header meant = {.status = NULL};
    const char *words;
    if (translate_lines(&lines, &meant, text) == -1 ||
        read_status(&meant, &response->status, &words) == -1)
        return -1;
    response->has_body = response->status != 204 && response->status != 304;
    response->length = 0;
    append(response, "HTTP/1.1 %d %s\r\n", response->status, words);
    append(response, "%sConnection: close\r\n\r\n", lines.head);
    return 0;
}

void
response_error(int client_fd, int status, bool without_body)
{
    char body[64];
    struct response response = {.status = status};
    const char *words = response_reason(status);
    int length = snprintf(body, sizeof body, "%d %s\n", status, words);
    append(&response, "HTTP/1.1 %d %s\r\n", status, words);
    append(&response, "Content-Type: text/plain\r\n");
    append(&response, "Content-Length: %d\r\n", length);
    if (status == 405)
        append(&response, "Allow: GET, HEAD, POST\r\n");
    append(&response, "Connection: close\r\n\r\n%s", without_body ? "" : body);
    send_full(client_fd, response.head, response.length, 0);
}
