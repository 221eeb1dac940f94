/* load_options.c: the command line of the load generator. */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load_options.h"

static const char usage[] =
    "Usage: load [OPTION]... PORT\n"
    "Make requests of a server, check the answers, and say how long it took.\n"
    "\n"
    "What is asked:\n"
    "  -a, --address ADDR     of the server, IPv4 (127.0.0.1)\n"
    "  -p, --protocol NAME    trains (a file), lines, http10, http11 (a file), "
    "or\n"
    "                         bare: connect and receive until end of file "
    "(trains)\n"
    "  -f, --file NAME        the file to ask for (file)\n"
    "  -s, --size BYTES       how long the file has to be (any), how long a "
    "line is\n"
    "                         (16), how much a bare server sends (0)\n"
    "  -k, --keep             all requests of a client on one connection; else "
    "each\n"
    "                         has its own\n"
    "\n"
    "How often:\n"
    "  -c, --clients N        so many requests at the same time (1)\n"
    "  -i, --silent N         so many more clients are connected and say "
    "nothing (0)\n"
    "  -d, --duration SEC     begin requests for so long (1)\n"
    "  -n, --requests N       make so many, however long it takes\n"
    "  -r, --rate N           so many are due each second; latency counts "
    "from\n"
    "                         there. Without it a client asks again as soon as "
    "it\n"
    "                         has its answer\n"
    "  -t, --timeout SEC      then a request has failed (10)\n"
    "  -j, --processes N      share the work, one process a core at most (1)\n"
    "  -h, --help             show this help\n"
    "\n"
    "Prints a line to read and a line of NAME=VALUE. Status: 0 all went well, "
    "1 "
    "a\n"
    "request failed, 2 wrong usage.\n";

static const struct option long_options[] = {
    {"address", required_argument, NULL, 'a'},
    {"clients", required_argument, NULL, 'c'},
    {"duration", required_argument, NULL, 'd'},
    {"file", required_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {"silent", required_argument, NULL, 'i'},
    {"processes", required_argument, NULL, 'j'},
    {"keep", no_argument, NULL, 'k'},
    {"requests", required_argument, NULL, 'n'},
    {"protocol", required_argument, NULL, 'p'},
    {"rate", required_argument, NULL, 'r'},
    {"size", required_argument, NULL, 's'},
    {"timeout", required_argument, NULL, 't'},
    {0},
};

__attribute__((noreturn)) static void
hint(void)
{
    fprintf(stderr, "Try 'load --help' for more information.\n");
    exit(2);
}

__attribute__((noreturn, format(printf, 1, 2))) static void
wrong_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
    hint();
}

static uint64_t
whole_number(const char *what, const char *text, uint64_t minimum,
             uint64_t maximum)
{
    errno = 0;
    uint64_t number = strtoull(text, NULL, 10);
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0' ||
        errno == ERANGE || number < minimum || number > maximum)
        wrong_usage("invalid %s '%s': expected a whole number from %ju to %ju",
                    what, text, (uintmax_t)minimum, (uintmax_t)maximum);
    return number;
}

static double
positive_number(const char *what, const char *text)
{
    char *end;
    double number = strtod(text, &end);
    if (*text == '\0' || text[strspn(text, "0123456789.")] != '\0' ||
        *end != '\0' || number <= 0 || number > 1e9)
        wrong_usage("invalid %s '%s': expected a number above 0", what, text);
    return number;
}

static enum protocol
protocol_by_name(const char *name)
{
    static const char *const names[] = {
        [PROTOCOL_LINES] = "lines",   [PROTOCOL_TRAINS] = "trains",
        [PROTOCOL_HTTP10] = "http10", [PROTOCOL_HTTP11] = "http11",
        [PROTOCOL_BARE] = "bare",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    wrong_usage("invalid protocol '%s': expected lines, trains, http10, http11 "
                "or bare",
                name);
}

static void
set_option(struct load_options *options, int option, const char *text)
{
    struct plan *plan = &options->plan;
    switch (option) {
    case 'a':
        if (inet_pton(AF_INET, text, &plan->server.sin_addr) != 1)
            wrong_usage("invalid address '%s': expected 127.0.0.1 or the like",
                        text);
        break;
    case 'c':
        plan->clients = whole_number("number of clients", text, 1, 100000);
        break;
    case 'd':
        plan->seconds = positive_number("duration", text);
        break;
    case 'f':
        plan->request.file = text;
        break;
    case 'h':
        fputs(usage, stdout);
        if (fflush(stdout) == EOF)
            err(1, "standard output");
        exit(0);
    case 'i':
        plan->silent = whole_number("number of clients", text, 0, 100000);
        break;
    case 'j':
        options->processes = whole_number("number of processes", text, 1,
                                          sysconf(_SC_NPROCESSORS_ONLN));
        break;
    case 'k':
        plan->keep = true;
        break;
    case 'n':
        plan->requests = whole_number("number of requests", text, 1, INT_MAX);
        break;
    case 'p':
        plan->request.protocol = protocol_by_name(text);
        break;
    case 'r':
        plan->rate = positive_number("rate", text);
        break;
    case 's':
        plan->request.size = whole_number("size", text, 0, INT64_MAX);
        break;
    case 't':
        plan->timeout = positive_number("timeout", text);
        break;
    default:
        hint();
    }
}

void
load_options_parse(struct load_options *options, int argc, char **argv)
{
    struct plan *plan = &options->plan;
    *options = (struct load_options){
        .plan.server.sin_family = AF_INET,
        .plan.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .plan.request.protocol = PROTOCOL_TRAINS,
        .plan.request.file = "file",
        .plan.request.size = SIZE_UNKNOWN,
        .plan.clients = 1,
        .plan.seconds = 1,
        .plan.timeout = 10,
        .processes = 1,
    };
    argv[0] = program_invocation_short_name;
    int option;
    while ((option = getopt_long(argc, argv, "a:c:d:f:hi:j:kn:p:r:s:t:",
                                 long_options, NULL)) != -1)
        set_option(options, option, optarg);
    if (optind != argc - 1)
        wrong_usage("expected one port");
    plan->server.sin_port =
        htons(whole_number("port", argv[optind], 1, UINT16_MAX));
    enum protocol protocol = plan->request.protocol;
    if (plan->keep &&
        (protocol == PROTOCOL_HTTP10 || protocol == PROTOCOL_BARE))
        wrong_usage("--keep: in this protocol the server closes");
    if (protocol == PROTOCOL_LINES && plan->request.size == 0)
        wrong_usage("a line is at least one byte long");
    if (request_compose(&plan->request) == -1)
        wrong_usage("the request would be longer than %d bytes", REQUEST_MAX);
    if (plan->clients < options->processes)
        options->processes = plan->clients;
}
