#ifndef RESPONSE_H
#define RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

enum { CGI_HEADER_MAX = 16384 }; /* bytes of a program's header */

/* The head of the reply: status line, header lines, an empty line. */
struct response {
    int status;
    bool has_body; /* with some statuses there is none */
    size_t length;
    char head[2 * CGI_HEADER_MAX]; /* every LF may become CR LF */
};

/* Make the head out of the header that a program has written, which ends with
   an empty line and has at most CGI_HEADER_MAX bytes.  Returns 0, or -1 if it
   says nothing or may mean two things. */
int response_translate(struct response *response, const char *header,
                       size_t length);

/* Answer with this status and a line of text; without_body: to HEAD. */
void response_error(int client_fd, int status, bool without_body);

/* The words for a status. */
const char *response_reason(int status);

#endif
