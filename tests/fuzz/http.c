/* http.c: a plain model of header lines. */

#include <ctype.h>
#include <string.h>

#include "http.h"

size_t
http_head_length(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\n')
            continue;
        if (i == 0 || text[i - 1] == '\n' ||
            (text[i - 1] == '\r' && (i == 1 || text[i - 2] == '\n')))
            return i + 1;
    }
    return 0;
}

bool
http_has_controls(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\t' || text[i] == '\n')
            continue;
        if (text[i] == '\r' && i + 1 < size && text[i + 1] == '\n')
            continue;
        if (iscntrl((unsigned char)text[i]))
            return true;
    }
    return false;
}

bool
http_is_token(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || strchr("\"(),/:;<=>?@[\\]{}", *text))
            return false;
    return true;
}

bool
http_is_number(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (!isdigit((unsigned char)*text))
            return false;
    return true;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "name: value", blanks around the value left out. */
static struct model_line
split(char *text)
{
    char *colon = strchr(text, ':');
    struct model_line line = {.name = NULL, .value = text};
    if (colon == NULL)
        return line;
    *colon = '\0';
    if (http_is_token(text))
        line.name = text;
    line.value = colon + 1;
    while (is_blank(*line.value))
        line.value++;
    size_t length = strlen(line.value);
    while (length > 0 && is_blank(line.value[length - 1]))
        line.value[--length] = '\0';
    return line;
}

int
http_lines(struct model_line *lines, char *text, bool has_first)
{
    int count = 0;
    while (count < MODEL_LINES) {
        char *end = strchr(text, '\n');
        *end = '\0';
        if (end > text && end[-1] == '\r')
            end[-1] = '\0';
        if (has_first && count == 0)
            lines[count++] = (struct model_line){.name = NULL, .value = text};
        else if (*text == '\0')
            return count;
        else
            lines[count++] = split(text);
        text = end + 1;
    }
    return count;
}
