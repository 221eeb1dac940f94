#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

/* A plain model of header lines, for requests and for replies of programs. */

enum { MODEL_LINES = 8192 };

struct model_line {
    char *name; /* NULL: this is none of the form "name: value" */
    char *value;
};

/* Take a head apart that ends with an empty line: text is changed, and
   lines[0].value is its first line, not empty, if has_first.  Returns how many
   lines. */
int http_lines(struct model_line *lines, char *text, bool has_first);

/* The length of a head with its empty line, 0 if there is none in it. */
size_t http_head_length(const char *text, size_t size);

/* Has it a control character other than a tab, LF, or CR before LF? */
bool http_has_controls(const char *text, size_t size);

bool http_is_token(const char *text);

bool http_is_number(const char *text);

#endif
