/* evil.c: a peer that plays a script.
   The tests use it as the client, or as the server, that no honest program
   would be: it sends half a message, one byte at a time, a length that lies, a
   reset; and it checks what comes back.

   evil connect PORT STEP...   be a client of 127.0.0.1:PORT
   evil listen STEP...         be a server: print "listening on 127.0.0.1:PORT",
                               play the script with one client
   evil listen-each N STEP...  the same with N clients, one after the other

   A step is one word.  TEXT may hold \n \r \t \0 \\ and \xNN; a number is
   decimal or 0x...; a train is a length (4 bytes, big-endian), then as many
   bytes of cargo.

   These go first, only deadline: may stand before them:
     from:ADDR            our own address: connect from it, or listen on it
     rcvbuf:N             a receive buffer this small (the kernel doubles it)
   Send:
     send:TEXT            these bytes
     bytewise:TEXT        the same, a call of send for each byte
     repeat:COUNT:TEXT    the text COUNT times
     zeros:COUNT          COUNT zero bytes
     flood:TEXT           the text over and over, until the peer has closed
     train:TEXT           a train with this cargo
     header:N             the length of a train alone, true or not
     u64:N                a train with an integer of 8 bytes (a file's size)
   Receive:
     recv:N               exactly N bytes, to standard output
     recv-all             all until end of file, to standard output
     recv-train           a train, its cargo to standard output
     recv-body            trains until an empty one, cargo to standard output
     count-body           the same, but print only how many bytes came, and the
                          last of them (8 at most): "4294967301 bytes, ...end"
     expect:TEXT          these bytes must come
     expect-train:TEXT    a train with this cargo must come
     expect-eof           end of file must come, and nothing before it
     expect-closed        end of file or a reset must come, after any bytes
   End:
     halfclose            send no more (shutdown(2)), but still receive
     close                close; the kernel sends a reset if bytes are unread
     rst                  close with a reset, come what may
     crowd:N              N more connections to the same server, which stay to
                          the end and say nothing
   Wait:
     hold                 until standard input is at end of file
     pause:SECONDS        do nothing for a while
     deadline:SECONDS     no later step may take longer than this (10)
   Tell:
     say:TEXT             the text and a newline to standard output

   At the end of the script the connection is closed.  Status: 0 all went as the
   script says; 1 not, and one line on standard error says which step, what was
   expected and what came; 2 wrong usage.  All deadlines are multiplied by the
   number in the environment variable TIMEOUT_SCALE, if it is set. */

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "evil_peer.h"
#include "evil_script.h"
#include "evil_socket.h"
#include "evil_steps.h"

/* Play the steps that go before the connection.  Returns the others. */
static const struct step *
play_first(struct peer *peer, const struct step *step)
{
    for (; step->word != NULL && step->kind->place != LATER; step++)
        step->kind->play(peer, step);
    return step;
}

/* Play the steps, then close. */
static void
play(struct peer *peer, const struct step *step)
{
    for (; step->word != NULL; step++) {
        peer_begin(peer, step->word);
        step->kind->play(peer, step);
        if (fflush(stdout) == EOF)
            peer_fail(peer, "standard output: %s", strerror(errno));
    }
    peer_hang_up(peer);
}

/* Play the script with several clients in turn.  The listener is closed as soon
   as the last one is there: whoever comes later is refused. */
static void
serve_each(struct peer *peer, uint64_t clients, const struct step *steps)
{
    peer_begin(peer, "listen");
    int listen_fd = peer_listen(peer);
    while (clients-- > 0) {
        peer_begin(peer, "accept");
        peer_accept(peer, listen_fd);
        if (clients == 0)
            close(listen_fd);
        play(peer, steps);
    }
}

int
main(int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    bool connects = strcmp(role, "connect") == 0;
    bool listens = strcmp(role, "listen") == 0;
    bool listens_each = strcmp(role, "listen-each") == 0;
    int first_step = listens ? 2 : 3;
    if (argc < first_step || (!connects && !listens && !listens_each))
        errx(WRONG_USAGE, "expected: connect PORT STEP..., listen STEP..., or "
                          "listen-each N STEP...");
    uint64_t number = 1;
    if (!listens)
        number = script_number(argv[2], connects ? UINT16_MAX : INT_MAX);
    const struct step *steps =
        script_parse(argc - first_step, argv + first_step);

    struct peer peer = {
        .fd = -1,
        .patience = 10 * timeout_scale(),
        .own.s_addr = htonl(connects ? INADDR_ANY : INADDR_LOOPBACK),
    };
    steps = play_first(&peer, steps);
    if (connects) {
        peer_begin(&peer, "connect");
        peer_connect(&peer, number);
        play(&peer, steps);
    } else {
        serve_each(&peer, number, steps);
    }
}
