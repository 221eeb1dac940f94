/* client.c: send lines, print the answers.
   Copies standard input to the server line by line and each answer to standard
   output, waiting for an answer before the next line is sent.

   Run it:  ./client, type lines, end with Ctrl-D.
   See also: server.c. */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "cli.h"
#include "io.h"
#include "net.h"
#include "process.h"

enum { ANSWER_SIZE = 128 * 1024 }; /* twice the longest line that is answered */

/* Connect to the server; if that fails, end the program and say why. */
static int
connect_to(const char *host, const char *port)
{
    char name[NET_NAME_SIZE];
    net_join(name, host, port);
    struct addrinfo *list;
    int error = net_resolve(&list, host, port);
    if (error != 0)
        errx(1, "%s: %s", name, gai_strerror(error));
    const struct timeval never = {0};
    int server_fd = net_connect(list, &never);
    if (server_fd == -1)
        err(1, "connect %s", name);
    freeaddrinfo(list);
    return server_fd;
}

/* Send a line.  The last one may lack its newline; then the server takes the
   end of our side for the end of the line. */
static void
send_line(int server_fd, const char *line, size_t length)
{
    if (send_full(server_fd, line, length, 0) == -1)
        err(1, "send");
    if (line[length - 1] != '\n' && shutdown(server_fd, SHUT_WR) == -1)
        err(1, "shutdown");
}

/* Receive an answer, up to its newline.  Returns its length. */
static size_t
receive_answer(FILE *answers, char *answer)
{
    size_t length = 0;
    int byte = 0;
    while (byte != '\n') {
        if (length == ANSWER_SIZE)
            errx(1, "the server's answer is longer than %d bytes", ANSWER_SIZE);
        byte = getc(answers);
        if (byte == EOF)
            errx(1, "connection closed by the server");
        answer[length++] = byte;
    }
    return length;
}

/* Ask line by line until standard input ends. */
static void
converse(int server_fd, FILE *answers)
{
    char *line = NULL;
    size_t line_size = 0;
    ssize_t length;
    static char answer[ANSWER_SIZE];
    while ((length = getline(&line, &line_size, stdin)) != -1) {
        send_line(server_fd, line, length);
        size_t answered = receive_answer(answers, answer);
        if (fwrite(answer, 1, answered, stdout) != answered ||
            fflush(stdout) == EOF)
            err(1, "standard output");
    }
    if (ferror(stdin))
        err(1, "standard input");
    free(line);
}

int
main(int argc, char **argv)
{
    const char *address = "127.0.0.1";
    const char *port = "5678";
    const struct cli_option table[] = {
        {'a', "address", "ADDR", "the server's address (127.0.0.1)", cli_text,
         &address},
        {'p', "port", "PORT", "the server's port (5678)", cli_port, &port},
        {0},
    };
    int first = cli_parse(
        table,
        "Usage: %s [OPTION]...\n"
        "Send the lines of standard input to the server, print its answers.\n",
        argc, argv);
    if (first < argc)
        cli_error("unexpected argument '%s'", argv[first]);
    if (process_init() == -1)
        err(1, "process");

    int server_fd = connect_to(address, port);
    FILE *answers = fdopen(server_fd, "r");
    if (answers == NULL)
        err(1, "fdopen");
    converse(server_fd, answers);
    fclose(answers); /* and server_fd with it */
}
