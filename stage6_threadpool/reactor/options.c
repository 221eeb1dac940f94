/* options.c: the command line of server_reactor. */

#include <stddef.h>
#include <string.h>

#include "cli.h"
#include "reactor_options.h"
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
    if (!copy && strcmp(argument, "sendfile") != 0)
        cli_error("invalid %s '%s': expected copy or sendfile", option->name,
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
reactor_options_parse(struct reactor_options *options, int argc, char **argv)
{
    struct options *common = &options->common;
    *common = (struct options){
        .address = "127.0.0.1",
        .port = "5678",
        .timeout = {.tv_sec = 30},
        .workers = 3,
        .directory = ".",
        .exit = POOL_DRAIN,
        .drain_timeout = {.tv_sec = 30},
    };
    options->daemon = false;
    const struct cli_option table[] = {
        {'a', "address", "ADDR", "listen on this address (127.0.0.1)", cli_text,
         &common->address},
        {'p', "port", "PORT", "listen on this port, 0 for any free one (5678)",
         cli_port, &common->port},
        {'t', "timeout", "SEC",
         "drop a client that is silent this long, 0: never (30)", cli_seconds,
         &common->timeout},
        {'w', "workers", "N", "do the file work in N threads (3)", set_workers,
         &common->workers},
        {'d', "directory", "DIR", "serve the files of this folder (.)",
         cli_text, &common->directory},
        {'m', "method", "NAME", "send by copy or sendfile (sendfile)",
         set_method, NULL},
        {'x', "exit", "NAME",
         "end by cancel (cut all clients) or drain (drain)", set_exit,
         &common->exit},
        {0, "drain-timeout", "SEC",
         "cut what is left after this long, 0: never (30)", cli_seconds,
         &common->drain_timeout},
        {0, "daemon", NULL, "go into the background", cli_on, &options->daemon},
        {0},
    };
    int first = cli_parse(table, "Usage: %s [OPTION]...\n", argc, argv);
    if (first < argc)
        cli_error("unexpected argument '%s'", argv[first]);
}
