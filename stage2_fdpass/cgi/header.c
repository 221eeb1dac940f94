/* header.c: lines of the form "name: value". */

#include <string.h>

#include "header.h"

size_t
header_end(const char *bytes, size_t length, size_t *line)
{
    const char *newline;
    while ((newline = memchr(bytes + *line, '\n', length - *line)) != NULL) {
        size_t line_length = newline - bytes - *line;
        bool empty =
            line_length == 0 || (line_length == 1 && bytes[*line] == '\r');
        *line += line_length + 1;
        if (empty)
            return *line;
    }
    return 0;
}

bool
header_is_clean(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = bytes[i];
        bool ends_line = byte == '\n' || (byte == '\r' && i + 1 < length &&
                                          bytes[i + 1] == '\n');
        if ((byte < ' ' && byte != '\t' && !ends_line) || byte == 0x7f)
            return false;
    }
    return true;
}

char *
header_line(char **text)
{
    char *line = *text;
    char *end = strchr(line, '\n');
    *text = end + 1;
    if (end > line && end[-1] == '\r')
        end--;
    *end = '\0';
    return line;
}

bool
header_is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz";
    return *text != '\0' && text[strspn(text, allowed)] == '\0';
}

bool
header_split(char *line, struct field *field)
{
    static const char blanks[] = " \t";
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return false;
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, blanks);
    char *end = value + strlen(value);
    while (end > value && strchr(blanks, end[-1]) != NULL)
        end--;
    *end = '\0';
    *field = (struct field){.name = line, .value = value};
    return header_is_token(line);
}
