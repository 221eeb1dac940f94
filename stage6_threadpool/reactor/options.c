/* options.c: the command line of server_reactor. */

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "cli.h"
#include "reactor_options.h"
#include "reply.h"

static const char usage[] =
    "Usage: %s [OPTION]...\n"
    "\n"
    "  -a, --address ADDR   listen on this address (127.0.0.1)\n"
    "  -p, --port PORT      listen on this port, 0 for any free one (5678)\n"
    "  -t, --timeout SEC    let a client go that is silent this long, 0 for\n"
    "                       never (30)\n"
    "  -w, --workers N      do the file work in N threads (3)\n"
    "  -d, --directory DIR  serve the files of this folder (.)\n"
    "  -m, --method NAME    send by copy or sendfile (sendfile)\n"
    "  -x, --exit NAME      end by cancel (cut all clients) or drain (drain)\n"
    "      --drain-timeout SEC\n"
    "                       cut what is not done this long after the signal "
    "to\n"
    "                       end, 0 for never (30)\n"
    "      --daemon         go into the background\n"
    "  -h, --help           show this help\n";

static const char short_options[] = "h"
                                    "a:"
                                    "p:"
                                    "t:"
                                    "w:"
                                    "d:"
                                    "m:"
                                    "x:";

enum { OPTION_DRAIN_TIMEOUT = 256, OPTION_DAEMON };

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
    {"daemon", no_argument, NULL, OPTION_DAEMON},
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

/* Tell whether files are to be copied. */
static bool
is_copy(const char *name)
{
    if (strcmp(name, "copy") != 0 && strcmp(name, "sendfile") != 0)
        cli_error("invalid method '%s': expected copy or sendfile", name);
    return strcmp(name, "copy") == 0;
}

static void
set_option(struct reactor_options *options, int option, const char *text)
{
    struct options *common = &options->common;
    switch (option) {
    case 'h':
        cli_help(usage);
    case 'a':
        common->address = text;
        break;
    case 'p':
        common->port = cli_port(text);
        break;
    case 't':
        common->timeout = cli_seconds("timeout", text);
        break;
    case 'w':
        common->workers = cli_number("number of workers", text, 1, 1000);
        break;
    case 'd':
        common->directory = text;
        break;
    case 'm':
        reply_choose(is_copy(text));
        break;
    case 'x':
        common->exit = exit_by_name(text);
        break;
    case OPTION_DRAIN_TIMEOUT:
        common->drain_timeout = cli_seconds("drain time-out", text);
        break;
    case OPTION_DAEMON:
        options->daemon = true;
        break;
    default:
        cli_hint();
    }
}

void
reactor_options_parse(struct reactor_options *options, int argc, char **argv)
{
    *options = (struct reactor_options){
        .common =
            {
                .address = "127.0.0.1",
                .port = "5678",
                .timeout = {.tv_sec = 30},
                .workers = 3,
                .directory = ".",
                .exit = POOL_DRAIN,
                .drain_timeout = {.tv_sec = 30},
            },
    };
    cli_init(argv);
    int option;
    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1)
        set_option(options, option, optarg);
    if (optind < argc)
        cli_error("unexpected argument '%s'", argv[optind]);
}
