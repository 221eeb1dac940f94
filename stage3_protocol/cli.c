/* cli.c: what programs need to read their command line. */

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "cli.h"

enum {
    ROWS_MAX = 20,
    LONG_ONLY = 256, /* above every letter */
    LABEL_SIZE = 64,
};

static const double seconds_max = 1e6;

__attribute__((noreturn)) static void
hint(void)
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
    hint();
}

static void
print_row(char letter, const char *name, const char *argument, const char *help)
{
    char label[LABEL_SIZE];
    snprintf(label, sizeof label, "--%s %s", name,
             argument == NULL ? "" : argument);
    if (letter == 0)
        printf("      %-19s  %s\n", label, help);
    else
        printf("  -%c, %-19s  %s\n", letter, label, help);
}

__attribute__((noreturn)) static void
print_help(const struct cli_option *table, const char *usage)
{
    printf(usage, program_invocation_short_name);
    printf("\n");
    for (int i = 0; table[i].name != NULL; i++)
        print_row(table[i].letter, table[i].name, table[i].argument,
                  table[i].help);
    print_row('h', "help", NULL, "show this help");
    if (fflush(stdout) == EOF || ferror(stdout))
        err(1, "standard output");
    exit(0);
}

/* What getopt_long(3) returns for the option in this row. */
static int
code_of(const struct cli_option *table, int row)
{
    return table[row].letter == 0 ? LONG_ONLY + row : table[row].letter;
}

/* Describe the table to getopt_long.  Returns how many rows it has. */
static int
translate(const struct cli_option *table, char *letters,
          struct option *long_options)
{
    int row;
    *letters++ = 'h';
    for (row = 0; table[row].name != NULL; row++) {
        int takes_argument = table[row].argument != NULL;
        if (table[row].letter != 0)
            *letters++ = table[row].letter;
        if (table[row].letter != 0 && takes_argument)
            *letters++ = ':';
        long_options[row] = (struct option){table[row].name, takes_argument,
                                            NULL, code_of(table, row)};
    }
    *letters = '\0';
    long_options[row] = (struct option){"help", no_argument, NULL, 'h'};
    long_options[row + 1] = (struct option){0};
    return row;
}

int
cli_parse(const struct cli_option *table, const char *usage, int argc,
          char **argv)
{
    char letters[2 * ROWS_MAX + 2];
    struct option long_options[ROWS_MAX + 2];
    int rows = translate(table, letters, long_options);
    /* getopt_long names the program without its folder, as err(3) does. */
    argv[0] = program_invocation_short_name;
    int code;
    while ((code = getopt_long(argc, argv, letters, long_options, NULL)) !=
           -1) {
        if (code == 'h')
            print_help(table, usage);
        if (code == '?')
            hint();
        for (int row = 0; row < rows; row++)
            if (code_of(table, row) == code)
                table[row].set(&table[row], optarg);
    }
    return optind;
}

void
cli_text(const struct cli_option *option, const char *argument)
{
    const char **text = option->value;
    *text = argument;
}

static long
whole_number(const char *name, const char *text, long minimum, long maximum)
{
    errno = 0;
    long number = strtol(text, NULL, 10);
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0' ||
        errno == ERANGE || number < minimum || number > maximum)
        cli_error("invalid %s '%s': expected a whole number from %ld to %ld",
                  name, text, minimum, maximum);
    return number;
}

void
cli_port(const struct cli_option *option, const char *argument)
{
    whole_number(option->name, argument, 0, 65535);
    cli_text(option, argument);
}

void
cli_number(const struct cli_option *option, const char *argument, long minimum,
           long maximum)
{
    int *number = option->value;
    *number = whole_number(option->name, argument, minimum, maximum);
}

void
cli_seconds(const struct cli_option *option, const char *argument)
{
    struct timeval *time = option->value;
    char *end;
    double seconds = strtod(argument, &end);
    if (end == argument || argument[strspn(argument, "0123456789.")] != '\0' ||
        *end != '\0' || seconds > seconds_max)
        cli_error("invalid %s '%s': expected seconds from 0 to %.0f",
                  option->name, argument, seconds_max);
    time->tv_sec = seconds;
    time->tv_usec = (seconds - time->tv_sec) * 1e6;
    if (seconds > 0 && time->tv_sec == 0 && time->tv_usec == 0)
        time->tv_usec = 1; /* next to nothing is not "never" */
}

void
cli_size(const struct cli_option *option, const char *argument)
{
    static const char units[] = "kMG";
    uint64_t *bytes = option->value;
    char *end;
    errno = 0;
    uint64_t size = strtoull(argument, &end, 10);
    const char *unit = *end == '\0' ? NULL : strchr(units, *end);
    int shift = unit == NULL ? 0 : 10 * (unit - units + 1);
    if (*argument < '0' || *argument > '9' || errno == ERANGE ||
        (*end != '\0' && (unit == NULL || end[1] != '\0')) || size == 0 ||
        size > UINT64_MAX >> shift)
        cli_error("invalid %s '%s': expected a number of bytes such as 500, "
                  "64k, 10M or 1G",
                  option->name, argument);
    *bytes = size << shift;
}

void
cli_on(const struct cli_option *option,
       __attribute__((unused)) const char *argument)
{
    bool *flag = option->value;
    *flag = true;
}

void
cli_off(const struct cli_option *option,
        __attribute__((unused)) const char *argument)
{
    bool *flag = option->value;
    *flag = false;
}
