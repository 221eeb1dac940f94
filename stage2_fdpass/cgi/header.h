#ifndef HEADER_H
#define HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* Header lines, "name: value", as HTTP requests and CGI programs have them.  An
   empty line ends a header.  See RFC 9112, 5 and RFC 3875, 6. */

struct field {
    const char *name;
    const char *value;
};

/* Find the end of a header in what has come of it.  *line is where the first
   line begins that was not complete last time, 0 to begin with.  Returns the
   length of the header with its empty line, 0 if that has not come yet. */
size_t header_end(const char *bytes, size_t length, size_t *line);

/* Tell whether there is nothing in it that could mean one thing here and
   another to the next reader: no control characters but tabs and the ends of
   lines, and no CR that is not part of such an end. */
bool header_is_clean(const char *bytes, size_t length);

/* Cut the next line off *text, a clean string that ends with a newline, and
   move *text behind it.  Returns the line without its end (LF or CR LF). */
char *header_line(char **text);

/* Tell whether the text can be a name (a token, RFC 9110, 5.6.2). */
bool header_is_token(const char *text);

/* Split a line into name and value.  Returns false if it is none of that form:
   a space before the colon, or in front of the line, is an error. */
bool header_split(char *line, struct field *field);

#endif
