/* options.c: the command line of server_cgi. */

#include <err.h>
#include <unistd.h>

#include "cgi_options.h"
#include "cli.h"
#include "options.h"

static const char *directory = "./cgi-bin";
static struct timeval program_time = {.tv_sec = 30};

const struct timeval *
cgi_timeout(void)
{
    return &program_time;
}

static void
set_workers(const struct cli_option *option, const char *argument)
{
    cli_number(option, argument, 1, 1000);
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
    const struct cli_option table[] = {
        {'a', "address", "ADDR", "listen on this address (127.0.0.1)", cli_text,
         &options->address},
        {'p', "port", "PORT", "listen on this port, 0 for any free one (5678)",
         cli_port, &options->port},
        {'t', "timeout", "SEC",
         "drop a client that is silent this long, 0: never (30)", cli_seconds,
         &options->timeout},
        {'w', "workers", "N", "serve at most N clients at once (3)",
         set_workers, &options->workers},
        {'d', "directory", "DIR", "run the programs of this folder (./cgi-bin)",
         cli_text, &directory},
        {'c', "cgi-timeout", "SEC",
         "kill a program that takes this long, 0: never (30)", cli_seconds,
         &program_time},
        {0},
    };
    int first = cli_parse(table, "Usage: %s [OPTION]...\n", argc, argv);
    if (first < argc)
        cli_error("unexpected argument '%s'", argv[first]);
    if (chdir(directory) == -1) /* where programs are found, and run */
        err(1, "%s", directory);
}
