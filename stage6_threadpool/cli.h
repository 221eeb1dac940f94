#ifndef CLI_H
#define CLI_H

#include <stdint.h>
#include <sys/time.h>

/* Help for reading a command line.  Unlike the rest, these calls print and end
   the program: status 0 after --help, 2 for wrong usage. */

/* Make getopt_long(3) name the program without its folder, as err(3) does. */
void cli_init(char **argv);

/* Print the usage text on standard output and exit. */
__attribute__((noreturn)) void cli_help(const char *usage);

/* Point to --help on standard error and exit. */
__attribute__((noreturn)) void cli_hint(void);

/* Print "program: message" and the hint on standard error and exit. */
__attribute__((noreturn, format(printf, 1, 2))) void
cli_error(const char *format, ...);

/* Return the whole number in text, which lies between minimum and maximum.
   what names it in the error message. */
long cli_number(const char *what, const char *text, long minimum, long maximum);

/* Return text, a port number from 0 to 65535. */
const char *cli_port(const char *text);

/* Return the seconds in text, decimals allowed; 0 stands for "never", as it
   does for SO_RCVTIMEO (socket(7)). */
struct timeval cli_seconds(const char *what, const char *text);

/* Return the number of bytes in text: a whole number, perhaps followed by k, M
   or G for so many times 1024, 1024^2 or 1024^3. */
uint64_t cli_size(const char *what, const char *text);

#endif
