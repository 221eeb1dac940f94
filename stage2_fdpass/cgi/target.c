/* target.c: which program does a request ask for? */

#include <stdbool.h>
#include <string.h>

#include "target.h"

static const char prefix[] = "/cgi-bin/";

static int
hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* The byte that two hex digits stand for, -1 if they are none. */
static int
hex_byte(const char *digits)
{
    int high = hex_digit(digits[0]);
    int low = high == -1 ? -1 : hex_digit(digits[1]);
    return low == -1 ? -1 : high * 16 + low;
}

/* Decode %XX where it stands.  A slash must not come in this way, for it would
   divide what the client did not divide.  Returns 0 or the HTTP status. */
static int
decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        int byte = (unsigned char)*from;
        if (byte == '%') {
            byte = hex_byte(from + 1);
            if (byte == '/')
                return 404;
            from += 2;
        }
        if (byte < ' ' || byte == 0x7f) /* -1 and NUL as well */
            return 400;
        *to++ = byte;
    }
    *to = '\0';
    return 0;
}

/* Is there a "." or ".." between the slashes? */
static bool
has_dots(const char *path)
{
    for (; path != NULL; path = strchr(path, '/')) {
        path++; /* behind the slash */
        size_t length = strcspn(path, "/");
        if (length > 0 && length <= 2 && strspn(path, ".") == length)
            return true;
    }
    return false;
}

int
target_parse(struct target *target, char *text)
{
    if (text[0] != '/' || strchr(text, '#') != NULL)
        return 400; /* SIMPLIFIED: http://host/path is not taken */
    char *mark = strchr(text, '?');
    target->query = "";
    if (mark != NULL) {
        *mark = '\0';
        target->query = mark + 1;
    }
    int status = decode(text);
    if (status != 0)
        return status;
    if (has_dots(text))
        return 400;

    size_t prefix_length = sizeof prefix - 1;
    if (strncmp(text, prefix, prefix_length) != 0)
        return 404;
    const char *name = text + prefix_length;
    size_t length = strcspn(name, "/");
    if (length == 0 || length > NAME_MAX || name[0] == '.')
        return 404;
    memcpy(target->program, name, length);
    target->program[length] = '\0';
    target->path_info = name + length;
    return 0;
}
