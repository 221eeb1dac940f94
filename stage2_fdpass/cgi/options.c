/* options.c: the command line of server_cgi. */

#include <err.h>
#include <getopt.h>
#include <math.h>
#include <stddef.h>
#include <unistd.h>

#include "cgi_options.h"
#include "cli.h"
#include "options.h"

static const char usage[] =
    "Usage: %s [OPTION]...\n"
    "\n"
    "  -a, --address ADDR   listen on this address (127.0.0.1)\n"
    "  -p, --port PORT      listen on this port, 0 for any free one (5678)\n"
    "  -t, --timeout SEC    let a client go that is silent this long, 0 for\n"
    "                       never (30)\n"
    "  -w, --workers N      serve at most N clients at once (3)\n"
    "  -d, --directory DIR  run the programs of this folder (./cgi-bin)\n"
    "  -c, --cgi-timeout SEC\n"
    "                       kill a program that takes this long, 0 for\n"
    "                       never (30)\n"
    "  -h, --help           show this help\n";

static const char short_options[] = "h"
                                    "a:"
                                    "p:"
                                    "t:"
                                    "w:"
                                    "d:"
                                    "c:";

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"address", required_argument, NULL, 'a'},
    {"port", required_argument, NULL, 'p'},
    {"timeout", required_argument, NULL, 't'},
    {"workers", required_argument, NULL, 'w'},
    {"directory", required_argument, NULL, 'd'},
    {"cgi-timeout", required_argument, NULL, 'c'},
    {0},
};

static const char *directory = "./cgi-bin";
static struct timeval program_time = {.tv_sec = 30};

double
cgi_timeout(void)
{
    double seconds = program_time.tv_sec + program_time.tv_usec / 1e6;
    return seconds > 0 ? seconds : INFINITY;
}

static void
set_option(struct options *options, int option, const char *text)
{
    switch (option) {
    case 'h':
        cli_help(usage);
    case 'a':
        options->address = text;
        break;
    case 'p':
        options->port = cli_port(text);
        break;
    case 't':
        options->timeout = cli_seconds("timeout", text);
        break;
    case 'w':
        options->workers = cli_number("number of workers", text, 1, 1000);
        break;
    case 'd':
        directory = text;
        break;
    case 'c':
        program_time = cli_seconds("timeout", text);
        break;
    default:
        cli_hint();
    }
}

void
options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .address = "127.0.0.1",
        .port = "5678",
        .timeout = {.tv_sec = 30},
        .workers = 3,
    };
    cli_init(argv);
    int option;
    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1)
        set_option(options, option, optarg);
    if (optind < argc)
        cli_error("unexpected argument '%s'", argv[optind]);
    if (chdir(directory) == -1) /* where programs are found, and run */
        err(1, "%s", directory);
}
