/* service.c: a web server that runs programs (CGI, RFC 3875).
   The pool of server.c with another serve_client: the workers, the passing of
   sockets and all the rest are the same.  GET /cgi-bin/NAME runs the program
   NAME of one folder; what the program writes is the reply.  Good for programs
   in any language that know nothing of sockets; but each request costs a
   process, which is slow if there are many.

   The folder holds only what may be run by anyone.  A symbolic link in it is
   followed: whoever may put files there has decided that.

   SIMPLIFIED: one request a connection; HTTP/1.0 and 1.1, GET, HEAD and POST;
   no passwords, no TLS.  Programs run as our own user, and as many at a time as
   there are workers.

   Run it:  ./server_cgi --directory cgi/cgi-bin, and in another terminal:
            curl -i http://127.0.0.1:5678/cgi-bin/hello?you
   See also: relay.c for client and program at once; program.c; service.c. */

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgi_options.h"
#include "environment.h"
#include "log.h"
#include "net.h"
#include "program.h"
#include "relay.h"
#include "request.h"
#include "response.h"
#include "service.h"

/* Check that there is such a program.  This only chooses the words:
   whether it can be executed the kernel decides, later.  Returns 0 or the
   HTTP status. */
static int
check_program(const char *path)
{
    struct stat file;
    if (stat(path, &file) == -1)
        return errno == EACCES ? 403 : 404;
    return S_ISREG(file.st_mode) && access(path, X_OK) == 0 ? 0 : 403;
}

/* Have the program answer.  Returns as relay_run. */
static int
run_program(const struct request *request, int client_fd, int *reply_status)
{
    /* With a slash in front: "-x" would be an option for an interpreter. */
    char path[NAME_MAX + 3];
    snprintf(path, sizeof path, "./%s", request->target.program);
    int status = check_program(path);
    if (status != 0)
        return status;

    struct environment environment;
    struct program program;
    int result = environment_build(&environment, request, client_fd);
    if (result == 0)
        result = program_start(&program, path, environment.variables);
    if (result == -1)
        log_event("%s: %s", path, strerror(errno));
    environment_release(&environment);
    if (result == -1)
        return 500;
    log_event("%s is program %d", path, program.pid);
    status =
        relay_run(request, client_fd, &program, cgi_timeout(), reply_status);
    program_end(&program);
    return status;
}

/* Choose whether the end of our descriptor is a reset to the client, or the
   end of a reply. */
static void
set_reset(int client_fd, bool wanted)
{
    struct linger linger = {.l_onoff = wanted, .l_linger = 0};
    if (setsockopt(client_fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) ==
        -1)
        log_event("SO_LINGER: %s", strerror(errno));
}

void
serve_client(int client_fd)
{
    char name[NET_NAME_SIZE];
    struct request request;
    int reply_status = 0;
    net_peer_name(client_fd, name);
    set_reset(client_fd, true); /* also if we are killed: a part looks whole */
    int status = request_read(&request, client_fd);
    if (status == 0)
        status = run_program(&request, client_fd, &reply_status);
    if (status == -1) {
        log_event("client %s: gone or cut: %s", name, request.title);
        return;
    }
    if (status > 0) {
        response_error(client_fd, status, request_is_head(&request));
        reply_status = status;
    }
    log_event("client %s: %d %s: %s", name, reply_status,
              response_reason(reply_status), request.title);
    set_reset(client_fd, false);
    net_finish(client_fd);
}
