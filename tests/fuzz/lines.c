/* lines.c: does service.c answer lines as a plain model does? */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service.h"
#include "wire.h"

enum { LINE_MAX_BYTES = 65536, IN_MOST = 3 * LINE_MAX_BYTES };

const char fuzz_name[] = "lines";

static char expected[16 * IN_MOST];

void
fuzz_start(void)
{
}

/* Write all answers to the lines of text. */
static size_t
model(const char *text, size_t size)
{
    size_t length = 0;
    while (size > 0) {
        const char *newline = memchr(text, '\n', size);
        size_t line = newline == NULL ? size : (size_t)(newline - text);
        length += sprintf(expected + length, "[%d] ", getpid());
        if (line >= LINE_MAX_BYTES)
            return length + sprintf(expected + length,
                                    "error: line longer than %d bytes\n",
                                    LINE_MAX_BYTES);
        memcpy(expected + length, text, line);
        length += line;
        expected[length++] = '\n';
        size_t used = newline == NULL ? line : line + 1;
        text += used;
        size -= used;
    }
    return length;
}

void
fuzz_one(const uint8_t *data, size_t size)
{
    wire_load(data, size, IN_MOST);
    size_t length = model((const char *)wire.in, wire.in_size);
    serve_client(wire_connect(true));
    if (!wire_is_full())
        fuzz_compare("answers", expected, length, wire.out, wire.out_size);
}
