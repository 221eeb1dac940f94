/* client.c: download files.
   Asks for each FILE in turn over one connection and saves it under the same
   name.

   Run it:  ./client FILE
   See also: fetch.c for one download; server.c. */

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "download.h"
#include "fetch.h"
#include "file_name.h"
#include "net.h"
#include "process.h"
#include "receiver.h"

static const char usage[] =
    "Usage: %s [OPTION]... FILE...\n"
    "Download each FILE from the server.\n"
    "Exit status: 0 all files came, 1 something did not, 2 wrong usage.\n";

/* What the command line asks for. */
struct options {
    const char *address;
    const char *port;
    struct timeval timeout;
    const char *output;
    struct fetch_options fetch;
};

static void
set_method(const struct cli_option *option, const char *argument)
{
    if (receiver_choose(argument) == -1)
        cli_error("invalid %s '%s': expected copy, mmap or splice",
                  option->name, argument);
}

/* Returns the index in argv of the first FILE. */
static int
parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .address = "127.0.0.1",
        .port = "5678",
        .timeout = {.tv_sec = 30},
        .output = ".",
        .fetch.progress = isatty(STDERR_FILENO),
    };
    const struct cli_option table[] = {
        {'a', "address", "ADDR", "the server's address (127.0.0.1)", cli_text,
         &options->address},
        {'p', "port", "PORT", "the server's port (5678)", cli_port,
         &options->port},
        {'t', "timeout", "SEC",
         "give up on a server silent this long, 0: never (30)", cli_seconds,
         &options->timeout},
        {'o', "output", "DIR", "put the files into this folder (.)", cli_text,
         &options->output},
        {'r', "limit-rate", "RATE",
         "read at most RATE bytes a second; 64k, 10M, 1G", cli_size,
         &options->fetch.limit_rate},
        {'m', "method", "NAME", "receive by copy, mmap or splice (splice)",
         set_method, NULL},
        {'q', "quiet", NULL, "show no progress and no summary", cli_on,
         &options->fetch.quiet},
        {0, "progress", NULL, "draw a progress bar, terminal or not", cli_on,
         &options->fetch.progress},
        {0, "no-progress", NULL, "draw none", cli_off,
         &options->fetch.progress},
        {0},
    };
    int first = cli_parse(table, usage, argc, argv);
    if (first == argc)
        cli_error("no file to download");
    for (int i = first; i < argc; i++)
        if (!file_name_is_plain(argv[i], strlen(argv[i])))
            cli_error("invalid file name '%s'", argv[i]);
    return first;
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
    int first = parse(&options, argc, argv);
    if (process_init() == -1)
        err(1, "process");
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) == -1)
        err(1, "SIGPIPE");
    if (chdir(options.output) == -1)
        err(1, "%s", options.output);
    if (download_init() == -1)
        err(1, "signals");

    int server_fd = -1;
    int status = 0;
    for (int i = first; i < argc; i++) {
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
