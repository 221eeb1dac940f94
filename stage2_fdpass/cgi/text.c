/* text.c: text from strangers. */

#include <stdio.h>

#include "text.h"

enum { ESCAPE_LENGTH = 4 }; /* \xNN */

void
text_escape(char *safe, size_t size, const char *text)
{
    size_t length = 0;
    for (; *text != '\0' && length + ESCAPE_LENGTH < size; text++) {
        unsigned char byte = *text;
        if (byte >= ' ' && byte <= '~')
            safe[length++] = byte;
        else
            length += snprintf(safe + length, size - length, "\\x%02x", byte);
    }
    safe[length] = '\0';
}
