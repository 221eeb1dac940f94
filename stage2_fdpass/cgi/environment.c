/* environment.c: what a program is told about the request (RFC 3875).
   Not set is what we have no knowledge of: AUTH_TYPE and REMOTE_USER (nobody is
   asked for a password), REMOTE_HOST and REMOTE_IDENT (nobody is asked for it),
   PATH_TRANSLATED (there is no folder of documents). */

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "environment.h"
#include "net.h"

__attribute__((format(printf, 2, 3))) static void
add(struct environment *environment, const char *format, ...)
{
    char *variable;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&variable, format, arguments) == -1)
        environment->failed = true;
    else
        environment->variables[environment->count++] = variable;
    va_end(arguments);
}

/* Divide "host:port" in two. */
static void
split_name(char *name, char **port)
{
    char *colon = strrchr(name, ':');
    *port = colon == NULL ? "" : colon + 1;
    if (colon != NULL)
        *colon = '\0';
}

/* Where the client is, and where it believes us to be.  SERVER_NAME is the
   address that it has connected to: the name in its Host line is whatever it
   likes. */
static void
add_addresses(struct environment *environment, int client_fd)
{
    char local[NET_NAME_SIZE];
    char peer[NET_NAME_SIZE];
    char *port;
    net_peer_name(client_fd, peer);
    split_name(peer, &port);
    bool bracketed = peer[0] == '['; /* an IPv6 address, here without them */
    add(environment, "REMOTE_ADDR=%.*s", (int)strlen(peer) - 2 * bracketed,
        peer + bracketed);
    net_local_name(client_fd, local);
    split_name(local, &port);
    add(environment, "SERVER_NAME=%s", local);
    add(environment, "SERVER_PORT=%s", port);
}

/* Is a header line for the program?  Some it has by another name; passwords and
   what concerns the connection are ours; and HTTP_PROXY would be taken by many
   programs for the proxy to use (CVE-2016-5385, "httpoxy"). */
static bool
is_for_program(const char *name)
{
    static const char *const ours[] = {
        "Authorization",
        "Connection",
        "Content-Length",
        "Content-Type",
        "Expect",
        "Keep-Alive",
        "Proxy",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
    };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcasecmp(name, ours[i]) == 0)
            return false;
    for (; *name != '\0'; name++)
        if (!isalnum((unsigned char)*name) && *name != '-')
            return false; /* "A_B" would become the same as "A-B" */
    return true;
}

/* Find the variable "NAME=...", where what stands there begins with "NAME=". */
static char **
find(struct environment *environment, const char *start, size_t length)
{
    for (int i = 0; i < environment->count; i++)
        if (strncmp(environment->variables[i], start, length) == 0)
            return &environment->variables[i];
    return NULL;
}

/* User-Agent becomes HTTP_USER_AGENT.  Several lines of one name are one
   list. */
static void
add_field(struct environment *environment, const struct field *field)
{
    add(environment, "HTTP_%s=%s", field->name, field->value);
    if (environment->failed)
        return;
    char *added = environment->variables[environment->count - 1];
    size_t length = strlen("HTTP_") + strlen(field->name);
    for (size_t i = 0; i < length; i++)
        added[i] = added[i] == '-' ? '_' : toupper((unsigned char)added[i]);

    char **first = find(environment, added, length + 1);
    if (*first == added)
        return;
    add(environment, "%s, %s", *first, field->value);
    if (environment->failed)
        return;
    char *list = environment->variables[--environment->count];
    free(environment->variables[--environment->count]);
    free(*first);
    *first = list;
}

static void
add_body(struct environment *environment, const struct request *request)
{
    if (request->body_length == REQUEST_NO_BODY)
        return;
    add(environment, "CONTENT_LENGTH=%ld", request->body_length);
    const char *type = request_field(request, "Content-Type");
    if (type != NULL)
        add(environment, "CONTENT_TYPE=%s", type);
}

int
environment_build(struct environment *environment,
                  const struct request *request, int client_fd)
{
    *environment = (struct environment){.count = 0};
    add(environment, "PATH=/usr/local/bin:/usr/bin:/bin");
    add(environment, "GATEWAY_INTERFACE=CGI/1.1");
    add(environment, "SERVER_SOFTWARE=server_cgi");
    add(environment, "SERVER_PROTOCOL=%s", request->protocol);
    add(environment, "REQUEST_METHOD=%s", request->method);
    add(environment, "SCRIPT_NAME=/cgi-bin/%s", request->target.program);
    add(environment, "QUERY_STRING=%s", request->target.query);
    if (request->target.path_info[0] != '\0')
        add(environment, "PATH_INFO=%s", request->target.path_info);
    add_addresses(environment, client_fd);
    add_body(environment, request);
    for (int i = 0; i < request->field_count; i++)
        if (is_for_program(request->fields[i].name))
            add_field(environment, &request->fields[i]);
    environment->variables[environment->count] = NULL;
    if (!environment->failed)
        return 0;
    errno = ENOMEM;
    return -1;
}

void
environment_release(struct environment *environment)
{
    for (int i = 0; i < environment->count; i++)
        free(environment->variables[i]);
}
