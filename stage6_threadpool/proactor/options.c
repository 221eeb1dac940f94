/* options.c: the command line of server_proactor. */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cli.h"
#include "proactor_options.h"
#include "reply.h"

static void
set_workers(const struct cli_option *option, const char *argument)
{
    cli_number(option, argument, 1, 1000);
}

static void
set_method(const struct cli_option *option, const char *argument)
{
    bool copy = strcmp(argument, "copy") == 0;
    if (!copy && strcmp(argument, "splice") != 0)
        cli_error("invalid %s '%s': expected copy or splice", option->name,
                  argument);
    reply_choose(copy);
}

static void
set_exit(const struct cli_option *option, const char *argument)
{
    enum pool_exit *exit = option->value;
    if (strcmp(argument, "cancel") == 0)
        *exit = POOL_CANCEL;
    else if (strcmp(argument, "drain") == 0)
        *exit = POOL_DRAIN;
    else
        cli_error("invalid %s '%s': expected cancel or drain", option->name,
                  argument);
}

void
proactor_options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .address = "127.0.0.1",
        .port = "5678",
        .timeout = {.tv_sec = 30},
        .workers = 3,
        .directory = ".",
        .exit = POOL_DRAIN,
        .drain_timeout = {.tv_sec = 30},
    };
    const struct cli_option table[] = {
        {'a', "address", "ADDR", "listen on this address (127.0.0.1)", cli_text,
         &options->address},
        {'p', "port", "PORT", "listen on this port, 0 for any free one (5678)",
         cli_port, &options->port},
        {'t', "timeout", "SEC",
         "drop a client that is silent this long, 0: never (30)", cli_seconds,
         &options->timeout},
        {'w', "workers", "N", "let the kernel use at most N threads (3)",
         set_workers, &options->workers},
        {'d', "directory", "DIR", "serve the files of this folder (.)",
         cli_text, &options->directory},
        {'m', "method", "NAME", "send large files by copy or splice (splice)",
         set_method, NULL},
        {'x', "exit", "NAME",
         "end by cancel (cut all clients) or drain (drain)", set_exit,
         &options->exit},
        {0, "drain-timeout", "SEC",
         "cut what is left after this long, 0: never (30)", cli_seconds,
         &options->drain_timeout},
        {0},
    };
    int first = cli_parse(table, "Usage: %s [OPTION]...\n", argc, argv);
    if (first < argc)
        cli_error("unexpected argument '%s'", argv[first]);
}
