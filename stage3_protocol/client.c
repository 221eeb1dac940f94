/* client.c: download files.
   Asks for each FILE in turn over one connection and saves it under the same
   name.

   Run it:  ./client FILE
   See also: fetch.c for one download; server.c. */

#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "download.h"
#include "fetch.h"
#include "io.h"
#include "net.h"

static const char usage[] =
    "Usage: %s [OPTION]... FILE...\n"
    "Download each FILE from the server.\n"
    "\n"
    "  -a, --address ADDR     the server's address (127.0.0.1)\n"
    "  -p, --port PORT        the server's port (5678)\n"
    "  -t, --timeout SEC      give up on a server that is silent this long, 0\n"
    "                         for never (30)\n"
    "  -o, --output DIR       put the files into this folder (.)\n"
    "  -r, --limit-rate RATE  read at most RATE bytes a second; 64k, 10M, 1G\n"
    "  -q, --quiet            show no progress and no summary\n"
    "      --progress         draw a progress bar, terminal or not\n"
    "      --no-progress      draw none\n"
    "  -h, --help             show this help\n"
    "\n"
    "Exit status: 0 all files came, 1 something did not, 2 wrong usage.\n";

enum {
    OPTION_PROGRESS = 256,
    OPTION_NO_PROGRESS,
};

static const char short_options[] = "h"
                                    "a:"
                                    "p:"
                                    "t:"
                                    "o:"
                                    "r:"
                                    "q";

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"address", required_argument, NULL, 'a'},
    {"port", required_argument, NULL, 'p'},
    {"timeout", required_argument, NULL, 't'},
    {"output", required_argument, NULL, 'o'},
    {"limit-rate", required_argument, NULL, 'r'},
    {"quiet", no_argument, NULL, 'q'},
    {"progress", no_argument, NULL, OPTION_PROGRESS},
    {"no-progress", no_argument, NULL, OPTION_NO_PROGRESS},
    {0},
};

/* What the command line asks for. */
struct options {
    const char *address;
    const char *port;
    struct timeval timeout;
    const char *output;
    struct fetch_options fetch;
};

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
    case 'o':
        options->output = text;
        break;
    case 'r':
        options->fetch.limit_rate = cli_size("rate", text);
        break;
    case 'q':
        options->fetch.quiet = true;
        break;
    case OPTION_PROGRESS:
        options->fetch.progress = true;
        break;
    case OPTION_NO_PROGRESS:
        options->fetch.progress = false;
        break;
    default:
        cli_hint();
    }
}

static void
parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .address = "127.0.0.1",
        .port = "5678",
        .timeout = {.tv_sec = 30},
        .output = ".",
        .fetch.progress = isatty(STDERR_FILENO),
    };
    cli_init(argv);
    int option;
    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1)
        set_option(options, option, optarg);
    if (optind == argc)
        cli_error("no file to download");
    for (int i = optind; i < argc; i++) {
        const char *name = argv[i];
        if (*name == '\0' || strchr(name, '/') != NULL ||
            strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            strlen(name) > NAME_MAX)
            cli_error("invalid file name '%s'", name);
    }
}

/* Connect to the server; if that fails, end the program and say why. */
static int
connect_to(const struct options *options)
{
    char name[NET_NAME_SIZE];
    net_join(name, options->address, options->port);
    struct addrinfo *list;
    int error = net_resolve(&list, options->address, options->port);
    if (error != 0)
        errx(1, "%s: %s", name, gai_strerror(error));
    int server_fd = net_connect(list, &options->timeout);
    if (server_fd == -1)
        err(1, "connect %s", name);
    freeaddrinfo(list);
    return server_fd;
}

int
main(int argc, char **argv)
{
    struct options options;
    parse(&options, argc, argv);
    if (open_standard_fds() == -1)
        err(1, "/dev/null");
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) == -1)
        err(1, "SIGPIPE");
    if (chdir(options.output) == -1)
        err(1, "%s", options.output);
    if (download_init() == -1)
        err(1, "signals");

    int server_fd = -1;
    int status = 0;
    for (int i = optind; i < argc; i++) {
        if (server_fd == -1)
            server_fd = connect_to(&options);
        enum fetch_outcome outcome =
            fetch_file(server_fd, argv[i], &options.fetch);
        if (outcome != FETCH_CAME)
            status = 1;
        if (outcome == FETCH_BROKEN) {
            close(server_fd);
            server_fd = -1;
        }
    }
    if (server_fd != -1)
        close(server_fd);
    if (fflush(stdout) == EOF)
        err(1, "standard output");
    return status;
}
