#ifndef CLI_H
#define CLI_H

/* Reading a command line.  Unlike the rest, these calls print and end the
   program: status 0 after --help, 2 for wrong usage. */

/* An option: a row of a program's table.  A row without a name ends it. */
struct cli_option {
    char letter;          /* 'p' for -p; 0: it has a long name only */
    const char *name;     /* "port" for --port */
    const char *argument; /* what the help calls it; NULL: it takes none */
    const char *help;
    /* Called when the option is given: one of the functions below, or one of
       the program's own.  It sets what value points to. */
    void (*set)(const struct cli_option *option, const char *argument);
    void *value;
};

/* Read the options by getopt_long(3), and call set for each.  --help, which
   needs no row, prints usage and a line for each row; "%s" in usage becomes the
   program's name.  Returns the index in argv of the first operand. */
int cli_parse(const struct cli_option *table, const char *usage, int argc,
              char **argv);

/* Set a const char * to the argument. */
void cli_text(const struct cli_option *option, const char *argument);

/* The same for a port: a number from 0 to 65535. */
void cli_port(const struct cli_option *option, const char *argument);

/* Set an int to a whole number from minimum to maximum. */
void cli_number(const struct cli_option *option, const char *argument,
                long minimum, long maximum);

/* Set a struct timeval to seconds, decimals allowed; 0 stands for "never", as
   it does for SO_RCVTIMEO (socket(7)). */
void cli_seconds(const struct cli_option *option, const char *argument);

/* Set a uint64_t to a number of bytes, more than 0: a whole number, perhaps
   followed by k, M or G for 1024, 1024^2 or 1024^3. */
void cli_size(const struct cli_option *option, const char *argument);

/* Set a bool to true, or to false. */
void cli_on(const struct cli_option *option, const char *argument);
void cli_off(const struct cli_option *option, const char *argument);

/* Print "program: message" and a hint at --help on standard error, and exit. */
__attribute__((noreturn, format(printf, 1, 2))) void
cli_error(const char *format, ...);

#endif
