/* cli.c: what programs need to read their command line. */

#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const double seconds_max = 1e6;

void
cli_init(char **argv)
{
    argv[0] = program_invocation_short_name;
}

void
cli_help(const char *usage)
{
    if (printf(usage, program_invocation_short_name) < 0 ||
        fflush(stdout) == EOF)
        err(1, "standard output");
    exit(0);
}

void
cli_hint(void)
{
    fprintf(stderr, "Try '%s --help' for more information.\n",
            program_invocation_name);
    exit(2);
}

void
cli_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
    cli_hint();
}

long
cli_number(const char *what, const char *text, long minimum, long maximum)
{
    errno = 0;
    long number = strtol(text, NULL, 10);
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0' ||
        errno == ERANGE || number < minimum || number > maximum)
        cli_error("invalid %s '%s': expected a whole number from %ld to %ld",
                  what, text, minimum, maximum);
    return number;
}

const char *
cli_port(const char *text)
{
    cli_number("port", text, 0, 65535);
    return text;
}

struct timeval
cli_seconds(const char *what, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || text[strspn(text, "0123456789.")] != '\0' ||
        *end != '\0' || seconds > seconds_max)
        cli_error("invalid %s '%s': expected seconds from 0 to %.0f", what,
                  text, seconds_max);
    struct timeval time = {.tv_sec = seconds};
    time.tv_usec = (seconds - time.tv_sec) * 1e6;
    if (seconds > 0 && time.tv_sec == 0 && time.tv_usec == 0)
        time.tv_usec = 1; /* next to nothing is not "never" */
    return time;
}

uint64_t
cli_size(const char *what, const char *text)
{
    static const char units[] = "kMG";
    char *end;
    errno = 0;
    uint64_t size = strtoull(text, &end, 10);
    const char *unit = *end == '\0' ? NULL : strchr(units, *end);
    int shift = unit == NULL ? 0 : 10 * (unit - units + 1);
    if (*text < '0' || *text > '9' || errno == ERANGE ||
        (*end != '\0' && (unit == NULL || end[1] != '\0')) || size == 0 ||
        size > UINT64_MAX >> shift)
        cli_error("invalid %s '%s': expected a number of bytes such as 500, "
                  "64k, 10M or 1G",
                  what, text);
    return size << shift;
}
