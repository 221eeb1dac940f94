/* target.c: what libFuzzer calls, and how a target says what is wrong. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"

void
fuzz_fail(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "%s: %s\n", fuzz_name, text);
    abort();
}

void
fuzz_compare(const char *what, const void *expected, size_t expected_size,
             const void *got, size_t got_size)
{
    const uint8_t *a = expected;
    const uint8_t *b = got;
    size_t at = 0;
    if (expected_size == got_size && memcmp(a, b, got_size) == 0)
        return;
    while (at < expected_size && at < got_size && a[at] == b[at])
        at++;
    fuzz_fail("%s: expected %zu bytes, got %zu; they differ from byte %zu on: "
              "expected '%.*s', got '%.*s'",
              what, expected_size, got_size, at,
              (int)(expected_size - at < 40 ? expected_size - at : 40),
              (const char *)a + at,
              (int)(got_size - at < 40 ? got_size - at : 40),
              (const char *)b + at);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_start();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_one(data, size);
    return 0;
}
