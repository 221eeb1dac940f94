/* options.c: the server's command line. */

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "cli.h"
#include "options.h"
#include "sender.h"

static const char usage[] =
    "Usage: %s [OPTION]...\n"
    "\n"
    "  -a, --address ADDR   listen on this address (127.0.0.1)\n"
    "  -p, --port PORT      listen on this port, 0 for any free one (5678)\n"
    "  -t, --timeout SEC    let a client go that is silent this long, 0 for\n"
    "                       never (30)\n"
    "  -w, --workers N      serve at most N clients at once (3)\n"
    "  -d, --directory DIR  serve the files of this folder (.)\n"
    "  -m, --method NAME    send by copy, mmap, sendfile or splice (sendfile)\n"
    "  -x, --exit NAME      end the workers by cancel or drain (drain)\n"
    "      --drain-timeout SEC\n"
    "                       cut what is not done this long after the signal "
    "to\n"
    "                       end, 0 for never (30)\n"
    "  -q, --queue N        let at most N accepted clients wait for a worker "
    "(64)\n"
    "  -h, --help           show this help\n";

static const char short_options[] = "h"
                                    "a:"
                                    "p:"
                                    "t:"
                                    "w:"
                                    "d:"
                                    "m:"
                                    "x:"
                                    "q:";

enum { OPTION_DRAIN_TIMEOUT = 256 };

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"address", required_argument, NULL, 'a'},
    {"port", required_argument, NULL, 'p'},
    {"timeout", required_argument, NULL, 't'},
    {"workers", required_argument, NULL, 'w'},
    {"directory", required_argument, NULL, 'd'},
    {"method", required_argument, NULL, 'm'},
    {"exit", required_argument, NULL, 'x'},
    {"drain-timeout", required_argument, NULL, OPTION_DRAIN_TIMEOUT},
    {"queue", required_argument, NULL, 'q'},
    {0},
};

static enum pool_exit
exit_by_name(const char *name)
{
    if (strcmp(name, "cancel") == 0)
        return POOL_CANCEL;
    if (strcmp(name, "drain") == 0)
        return POOL_DRAIN;
    cli_error("invalid way to exit '%s': expected cancel or drain", name);
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
        options->directory = text;
        break;
    case 'm':
        if (sender_choose(text) == -1)
            cli_error("invalid method '%s': expected copy, mmap, sendfile or "
                      "splice",
                      text);
        break;
    case 'x':
        options->exit = exit_by_name(text);
        break;
    case OPTION_DRAIN_TIMEOUT:
        options->drain_timeout = cli_seconds("drain time-out", text);
        break;
    case 'q':
        options->queue = cli_number("queue", text, 1, 10000);
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
        .directory = ".",
        .exit = POOL_DRAIN,
        .drain_timeout = {.tv_sec = 30},
        .queue = 64,
    };
    cli_init(argv);
    int option;
    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1)
        set_option(options, option, optarg);
    if (optind < argc)
        cli_error("unexpected argument '%s'", argv[optind]);
}
