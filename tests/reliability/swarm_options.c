/* swarm_options.c: the command line of the swarm. */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swarm_options.h"

static const char usage[] =
    "Usage: swarm [OPTION]... PORT\n"
    "Send many clients to a server and compare every byte of the replies.\n"
    "\n"
    "  -a, --address ADDR     of the server, IPv4 (127.0.0.1)\n"
    "  -p, --protocol NAME    trains, lines or http (trains)\n"
    "  -d, --directory DIR    what its files hold; for http, what\n"
    "                         /cgi-bin/file?NAME gives; not for lines\n"
    "  -c, --clients N        so many honest ones at the same time (10)\n"
    "  -r, --rude N           so many more that reset, stall and flood (0)\n"
    "  -n, --connections N    end after so many of honest ones\n"
    "  -t, --seconds SEC      end after so long\n"
    "  -s, --seed N           of what is chosen at random (1)\n"
    "  -w, --patience SEC     a request that takes longer is stuck (30)\n"
    "  -e, --every            every request must be answered\n"
    "  -h, --help             show this help\n"
    "\n"
    "Without -n and -t it goes on until SIGTERM or SIGINT. Requests that are\n"
    "under way at the end are finished. Prints a line of NAME=VALUE: done\n"
    "(requests with the right reply), cut (closed or reset before the reply\n"
    "was whole), torn (those of them of which a part had come), refused (no\n"
    "connection), denied (the server says no), wrong (a byte that should not\n"
    "be), stuck. Status: 0 well, 1 something was wrong, stuck or, with -e, "
    "not\n"
    "answered; 2 wrong usage.\n";

static const struct option long_options[] = {
    {"address", required_argument, NULL, 'a'},
    {"clients", required_argument, NULL, 'c'},
    {"directory", required_argument, NULL, 'd'},
    {"every", no_argument, NULL, 'e'},
    {"help", no_argument, NULL, 'h'},
    {"connections", required_argument, NULL, 'n'},
    {"protocol", required_argument, NULL, 'p'},
    {"rude", required_argument, NULL, 'r'},
    {"seed", required_argument, NULL, 's'},
    {"seconds", required_argument, NULL, 't'},
    {"patience", required_argument, NULL, 'w'},
    {0},
};

__attribute__((noreturn)) static void
wrong_usage(const char *what, const char *value)
{
    warnx("%s '%s'", what, value);
    fprintf(stderr, "Try 'swarm --help' for more information.\n");
    exit(2);
}

static double
number(const char *text, const char *what, double max)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (errno != 0 || end == text || *end != '\0' || !(value >= 0) ||
        value > max)
        wrong_usage(what, text);
    return value;
}

static enum protocol
protocol_by_name(const char *name)
{
    if (strcmp(name, "trains") == 0)
        return PROTOCOL_TRAINS;
    if (strcmp(name, "lines") == 0)
        return PROTOCOL_LINES;
    if (strcmp(name, "http") == 0)
        return PROTOCOL_HTTP10;
    wrong_usage("there is no protocol", name);
}

static void
parse_option(struct swarm_options *options, int option, const char *value)
{
    switch (option) {
    case 'a':
        if (inet_pton(AF_INET, value, &options->server.sin_addr) != 1)
            wrong_usage("not an IPv4 address:", value);
        break;
    case 'c':
        options->clients = number(value, "not a number of clients:", 10000);
        break;
    case 'd':
        options->directory = value;
        break;
    case 'e':
        options->every = true;
        break;
    case 'h':
        fputs(usage, stdout);
        exit(0);
    case 'n':
        options->connections = number(value, "not a number:", 1e15);
        break;
    case 'p':
        options->protocol = protocol_by_name(value);
        break;
    case 'r':
        options->rude = number(value, "not a number of clients:", 10000);
        break;
    case 's':
        options->seed = number(value, "not a seed:", UINT_MAX);
        break;
    case 't':
        options->seconds = number(value, "not a time:", 1e9);
        break;
    case 'w':
        options->patience = number(value, "not a time:", 1e9);
        break;
    default:
        fprintf(stderr, "Try 'swarm --help' for more information.\n");
        exit(2);
    }
}

void
swarm_options_parse(struct swarm_options *options, int argc, char **argv)
{
    *options = (struct swarm_options){
        .server.sin_family = AF_INET,
        .server.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .protocol = PROTOCOL_TRAINS,
        .clients = 10,
        .seed = 1,
        .patience = 30,
    };
    int option;
    while ((option = getopt_long(
                argc, argv, "a:c:d:ehn:p:r:s:t:w:", long_options, NULL)) != -1)
        parse_option(options, option, optarg);
    if (optind != argc - 1)
        wrong_usage("expected a port and nothing after it:",
                    optind < argc ? argv[argc - 1] : "");
    options->server.sin_port =
        htons(number(argv[optind], "not a port:", USHRT_MAX));
    if ((options->protocol == PROTOCOL_LINES) != (options->directory == NULL))
        wrong_usage("all protocols but lines need", "--directory");
}
