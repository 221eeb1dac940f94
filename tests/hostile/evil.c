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

#include <arpa/inet.h>
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FAILURE = 1,
    WRONG_USAGE = 2,
    BLOCK_SIZE = 65536,
    SHOWN_SIZE = 256, /* of the bytes that a message shows */
    SHOWN_LAST = 8,   /* the bytes that count-body shows */
};

struct peer {
    int fd;             /* -1: not connected */
    const char *doing;  /* the step, as it was written */
    double patience;    /* how many seconds a step may take */
    double deadline;    /* clock_now() when this step has failed */
    struct in_addr own; /* from:ADDR */
    int receive_buffer; /* rcvbuf:N, 0: leave it to the kernel */
};

struct step {
    const struct kind *kind;
    const char *word;
    char *text; /* escapes resolved: may hold any byte */
    size_t length;
    uint64_t number;
    double seconds;
};

enum argument { NOTHING, TEXT, NUMBER, NUMBER_AND_TEXT, SECONDS, ADDRESS };

struct kind {
    const char *name;
    enum argument argument;
    uint64_t number_max;
    void (*play)(struct peer *peer, const struct step *step);
};

static double
clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

/* Say what is wrong with the step at work and end the program. */
__attribute__((noreturn, format(printf, 2, 3))) static void
fail(const struct peer *peer, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "evil: step '%s': ", peer->doing);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(FAILURE);
}

/* Write bytes as printable text to shown, which has SHOWN_SIZE bytes; what does
   not fit is cut off.  Returns shown. */
static const char *
show(char *shown, const char *bytes, size_t length)
{
    const size_t room = SHOWN_SIZE - sizeof "\\xNN...";
    size_t end = 0;
    size_t i;
    for (i = 0; i < length && end < room; i++) {
        unsigned char byte = bytes[i];
        bool plain = byte >= ' ' && byte <= '~' && byte != '\\';
        end += sprintf(shown + end, plain ? "%c" : "\\x%02x", byte);
    }
    strcpy(shown + end, i < length ? "..." : "");
    return shown;
}

/* Wait until fd is ready for these events.  Returns false if the step's time
   runs out first. */
static bool
wait_ready(const struct peer *peer, int fd, short events)
{
    struct pollfd ready = {.fd = fd, .events = events};
    for (;;) {
        double left = peer->deadline - clock_now();
        int n = poll(&ready, 1, left > 0 ? left * 1000 + 1 : 0);
        if (n != -1)
            return n > 0;
        if (errno != EINTR)
            fail(peer, "poll: %s", strerror(errno));
    }
}

static void
need_connection(const struct peer *peer)
{
    if (peer->fd == -1)
        fail(peer, "expected a connection, but it is closed");
}

/* Sending */

/* Send bytes as long as the peer takes them.  Returns how many it took; if
   these are not all, errno says why. */
static size_t
send_most(const struct peer *peer, const void *bytes, size_t size)
{
    size_t sent = 0;
    need_connection(peer);
    while (sent < size) {
        if (!wait_ready(peer, peer->fd, POLLOUT)) {
            errno = ETIMEDOUT;
            return sent;
        }
        ssize_t n = send(peer->fd, (const char *)bytes + sent, size - sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0)
            sent += n;
        else if (errno != EAGAIN && errno != EINTR)
            return sent;
    }
    return sent;
}

static void
send_all(const struct peer *peer, const void *bytes, size_t size)
{
    size_t sent = send_most(peer, bytes, size);
    if (sent < size)
        fail(peer, "expected to send %zu bytes, sent %zu: %s", size, sent,
             strerror(errno));
}

static void
play_send(struct peer *peer, const struct step *step)
{
    send_all(peer, step->text, step->length);
}

static void
play_bytewise(struct peer *peer, const struct step *step)
{
    for (size_t i = 0; i < step->length; i++)
        send_all(peer, step->text + i, 1);
}

/* Copy the step's text to block as many times as it fits, but no more often
   than the step says.  Returns how many times. */
static uint64_t
fill_block(char *block, const struct step *step)
{
    uint64_t copies = BLOCK_SIZE / step->length;
    if (copies > step->number)
        copies = step->number;
    for (uint64_t i = 0; i < copies; i++)
        memcpy(block + i * step->length, step->text, step->length);
    return copies;
}

static void
play_repeat(struct peer *peer, const struct step *step)
{
    char block[BLOCK_SIZE];
    uint64_t copies = fill_block(block, step);
    for (uint64_t left = step->number; left > 0; left -= copies) {
        if (copies > left)
            copies = left;
        send_all(peer, block, copies * step->length);
    }
}

static void
play_flood(struct peer *peer, const struct step *step)
{
    char block[BLOCK_SIZE];
    size_t size = fill_block(block, step) * step->length;
    bool in_time = true;
    while (in_time && send_most(peer, block, size) == size)
        in_time = clock_now() < peer->deadline;
    if (!in_time || errno == ETIMEDOUT)
        fail(peer, "expected that the peer closes, it did not in %g s",
             peer->patience);
}

static void
send_train(const struct peer *peer, const void *cargo, size_t size)
{
    uint32_t header = htobe32(size);
    char *train = malloc(sizeof header + size);
    if (train == NULL)
        err(FAILURE, "malloc");
    memcpy(train, &header, sizeof header);
    memcpy(train + sizeof header, cargo, size);
    send_all(peer, train, sizeof header + size);
    free(train);
}

static void
play_train(struct peer *peer, const struct step *step)
{
    send_train(peer, step->text, step->length);
}

static void
play_header(struct peer *peer, const struct step *step)
{
    uint32_t header = htobe32(step->number);
    send_all(peer, &header, sizeof header);
}

static void
play_u64(struct peer *peer, const struct step *step)
{
    uint64_t number = htobe64(step->number);
    send_train(peer, &number, sizeof number);
}

/* Receiving */

/* Receive at most size bytes.  Returns how many, 0 at end of file, -1 with
   errno; ETIMEDOUT: nothing came in time. */
static ssize_t
receive_some(const struct peer *peer, void *buffer, size_t size)
{
    ssize_t n;
    need_connection(peer);
    do {
        if (!wait_ready(peer, peer->fd, POLLIN)) {
            errno = ETIMEDOUT;
            return -1;
        }
        n = recv(peer->fd, buffer, size, MSG_DONTWAIT);
    } while (n == -1 && (errno == EAGAIN || errno == EINTR));
    return n;
}

/* What to say of a result of receive_some that is no bytes. */
static const char *
end_text(ssize_t n)
{
    if (n == 0)
        return "end of file";
    return errno == ETIMEDOUT ? "nothing more in time" : strerror(errno);
}

/* Receive size bytes and print them. */
static void
print_received(const struct peer *peer, uint64_t size)
{
    char block[BLOCK_SIZE];
    uint64_t got = 0;
    while (got < size) {
        uint64_t wanted = size - got < sizeof block ? size - got : sizeof block;
        ssize_t n = receive_some(peer, block, wanted);
        if (n <= 0)
            fail(peer, "expected %ju bytes, got %ju, then %s", (uintmax_t)size,
                 (uintmax_t)got, end_text(n));
        fwrite(block, 1, n, stdout);
        got += n;
    }
}

static void
play_recv(struct peer *peer, const struct step *step)
{
    print_received(peer, step->number);
}

static void
play_recv_all(struct peer *peer, const struct step *step)
{
    (void)step;
    char block[BLOCK_SIZE];
    uintmax_t got = 0;
    ssize_t n;
    while ((n = receive_some(peer, block, sizeof block)) > 0) {
        fwrite(block, 1, n, stdout);
        got += n;
    }
    if (n == -1)
        fail(peer, "expected end of file, got %ju bytes, then %s", got,
             end_text(n));
}

/* Receive these bytes; what names them if others come. */
static void
expect_bytes(const struct peer *peer, const char *what, const void *expected,
             size_t size)
{
    char expected_text[SHOWN_SIZE];
    char got_text[SHOWN_SIZE];
    char *buffer = malloc(size + 1); /* malloc(0) may return NULL */
    size_t got = 0;
    ssize_t n = 1;
    if (buffer == NULL)
        err(FAILURE, "malloc");
    while (got < size && n > 0) {
        n = receive_some(peer, buffer + got, size - got);
        if (n > 0)
            got += n;
    }
    if (got < size || memcmp(buffer, expected, size) != 0)
        fail(peer, "expected %s '%s', got '%s'%s%s", what,
             show(expected_text, expected, size), show(got_text, buffer, got),
             got < size ? ", then " : "", got < size ? end_text(n) : "");
    free(buffer);
}

static void
play_expect(struct peer *peer, const struct step *step)
{
    expect_bytes(peer, "bytes", step->text, step->length);
}

static void
play_expect_train(struct peer *peer, const struct step *step)
{
    uint32_t header = htobe32(step->length);
    expect_bytes(peer, "length", &header, sizeof header);
    expect_bytes(peer, "cargo", step->text, step->length);
}

/* Receive size bytes of a train. */
static void
receive_exactly(const struct peer *peer, void *buffer, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = receive_some(peer, (char *)buffer + got, size - got);
        if (n <= 0)
            fail(peer, "expected a train, got %zu bytes, then %s", got,
                 end_text(n));
        got += n;
    }
}

/* Receive the length of a train. */
static uint32_t
receive_header(const struct peer *peer)
{
    uint32_t header;
    receive_exactly(peer, &header, sizeof header);
    return be32toh(header);
}

/* Receive a train and print its cargo.  Returns the cargo's length. */
static uint32_t
print_train(const struct peer *peer)
{
    uint32_t size = receive_header(peer);
    print_received(peer, size);
    return size;
}

static void
play_recv_train(struct peer *peer, const struct step *step)
{
    (void)step;
    print_train(peer);
}

static void
play_recv_body(struct peer *peer, const struct step *step)
{
    (void)step;
    while (print_train(peer) > 0)
        continue;
}

/* Receive size bytes and drop them without a look: MSG_TRUNC (tcp(7)). */
static void
drop_received(const struct peer *peer, size_t size)
{
    while (size > 0) {
        ssize_t n = -1;
        if (wait_ready(peer, peer->fd, POLLIN))
            n = recv(peer->fd, NULL, size, MSG_DONTWAIT | MSG_TRUNC);
        else
            errno = ETIMEDOUT;
        if (n == -1 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            fail(peer, "expected %zu more bytes of a train, got %s", size,
                 end_text(n));
        size -= n;
    }
}

static void
play_count_body(struct peer *peer, const struct step *step)
{
    (void)step;
    char last[SHOWN_LAST];
    char shown[SHOWN_SIZE];
    uintmax_t total = 0;
    uint32_t size;
    uint32_t kept = 0;
    while ((size = receive_header(peer)) > 0) {
        kept = size < sizeof last ? size : sizeof last;
        drop_received(peer, size - kept);
        receive_exactly(peer, last, kept);
        total += size;
    }
    printf("%ju bytes, ...%s\n", total, show(shown, last, kept));
}

static void
play_expect_eof(struct peer *peer, const struct step *step)
{
    (void)step;
    char got_text[SHOWN_SIZE];
    char block[SHOWN_SIZE];
    ssize_t n = receive_some(peer, block, sizeof block);
    if (n > 0)
        fail(peer, "expected end of file, got '%s'", show(got_text, block, n));
    if (n == -1)
        fail(peer, "expected end of file, got %s", end_text(n));
}

static void
play_expect_closed(struct peer *peer, const struct step *step)
{
    (void)step;
    char block[BLOCK_SIZE];
    ssize_t n;
    do
        n = receive_some(peer, block, sizeof block);
    while (n > 0 && clock_now() < peer->deadline);
    if (n > 0)
        fail(peer, "expected end of file, got bytes without end");
    if (n == -1 && errno != ECONNRESET)
        fail(peer, "expected end of file, got %s", end_text(n));
}

/* Ending, waiting, telling */

static void
hang_up(struct peer *peer)
{
    if (peer->fd != -1)
        close(peer->fd);
    peer->fd = -1;
}

static void
play_halfclose(struct peer *peer, const struct step *step)
{
    (void)step;
    need_connection(peer);
    if (shutdown(peer->fd, SHUT_WR) == -1)
        fail(peer, "shutdown: %s", strerror(errno));
}

static void
play_close(struct peer *peer, const struct step *step)
{
    (void)step;
    need_connection(peer);
    hang_up(peer);
}

static void
play_rst(struct peer *peer, const struct step *step)
{
    (void)step;
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    need_connection(peer);
    if (setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once))
        fail(peer, "SO_LINGER: %s", strerror(errno));
    hang_up(peer);
}

/* Have as many descriptors as we may. */
static void
raise_fd_limit(const struct peer *peer)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        fail(peer, "getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        fail(peer, "setrlimit: %s", strerror(errno));
}

static void
play_crowd(struct peer *peer, const struct step *step)
{
    struct sockaddr_in server;
    socklen_t length = sizeof server;
    need_connection(peer);
    raise_fd_limit(peer);
    if (getpeername(peer->fd, (struct sockaddr *)&server, &length) == -1)
        fail(peer, "getpeername: %s", strerror(errno));
    for (uint64_t i = 0; i < step->number; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd == -1 ||
            connect(fd, (const struct sockaddr *)&server, length) == -1)
            fail(peer, "connection %ju: %s", (uintmax_t)i, strerror(errno));
    }
}

static void
play_hold(struct peer *peer, const struct step *step)
{
    (void)step;
    char dropped[BLOCK_SIZE];
    ssize_t n;
    do {
        if (!wait_ready(peer, STDIN_FILENO, POLLIN))
            fail(peer,
                 "expected end of file on standard input, it did not "
                 "come in %g s",
                 peer->patience);
        n = read(STDIN_FILENO, dropped, sizeof dropped);
    } while (n > 0 || (n == -1 && errno == EINTR));
}

static void
play_pause(struct peer *peer, const struct step *step)
{
    (void)peer;
    double end = clock_now() + step->seconds;
    for (double left = step->seconds; left > 0; left = end - clock_now())
        poll(NULL, 0, left * 1000 + 1);
}

/* How much slower than usual the tests run. */
static double
scale(void)
{
    const char *text = getenv("TIMEOUT_SCALE");
    double factor = text == NULL ? 1 : atof(text);
    return factor > 0 ? factor : 1;
}

static void
play_deadline(struct peer *peer, const struct step *step)
{
    peer->patience = step->seconds * scale();
}

static void
play_say(struct peer *peer, const struct step *step)
{
    (void)peer;
    fwrite(step->text, 1, step->length, stdout);
    putchar('\n');
}

static void
play_from(struct peer *peer, const struct step *step)
{
    peer->own.s_addr = (in_addr_t)step->number;
}

static void
play_rcvbuf(struct peer *peer, const struct step *step)
{
    peer->receive_buffer = step->number;
}

/* The script */

static const struct kind kinds[] = {
    {"from", ADDRESS, 0, play_from},
    {"rcvbuf", NUMBER, INT_MAX, play_rcvbuf},
    {"send", TEXT, 0, play_send},
    {"bytewise", TEXT, 0, play_bytewise},
    {"repeat", NUMBER_AND_TEXT, UINT64_MAX, play_repeat},
    {"zeros", NUMBER, UINT64_MAX, play_repeat},
    {"flood", TEXT, 0, play_flood},
    {"train", TEXT, 0, play_train},
    {"header", NUMBER, UINT32_MAX, play_header},
    {"u64", NUMBER, UINT64_MAX, play_u64},
    {"recv", NUMBER, UINT64_MAX, play_recv},
    {"recv-all", NOTHING, 0, play_recv_all},
    {"recv-train", NOTHING, 0, play_recv_train},
    {"recv-body", NOTHING, 0, play_recv_body},
    {"count-body", NOTHING, 0, play_count_body},
    {"expect", TEXT, 0, play_expect},
    {"expect-train", TEXT, 0, play_expect_train},
    {"expect-eof", NOTHING, 0, play_expect_eof},
    {"expect-closed", NOTHING, 0, play_expect_closed},
    {"halfclose", NOTHING, 0, play_halfclose},
    {"close", NOTHING, 0, play_close},
    {"rst", NOTHING, 0, play_rst},
    {"crowd", NUMBER, 100000, play_crowd},
    {"hold", NOTHING, 0, play_hold},
    {"pause", SECONDS, 0, play_pause},
    {"deadline", SECONDS, 0, play_deadline},
    {"say", TEXT, 0, play_say},
};

__attribute__((noreturn)) static void
wrong_word(const char *word, const char *why)
{
    errx(WRONG_USAGE, "step '%s': %s", word, why);
}

static const struct kind *
find_kind(const char *word)
{
    size_t length = strcspn(word, ":");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(kinds[i].name) == length &&
            strncmp(kinds[i].name, word, length) == 0)
            return &kinds[i];
    wrong_word(word, "no such step");
}

/* Turn the escape after a backslash into a byte.  Returns the rest of text. */
static const char *
resolve_escape(const char *word, const char *text, char *byte)
{
    static const char letters[] = "nrt0\\";
    static const char meanings[] = "\n\r\t\0\\";
    const char *letter = *text == '\0' ? NULL : strchr(letters, *text);
    if (letter != NULL) {
        *byte = meanings[letter - letters];
        return text + 1;
    }
    char digits[3] = "";
    char *end = digits;
    if (*text == 'x') {
        strncpy(digits, text + 1, 2);
        *byte = strtoul(digits, &end, 16);
    }
    if (end != digits + 2)
        wrong_word(word, "expected \\n \\r \\t \\0 \\\\ or \\xNN");
    return text + 3;
}

static void
parse_text(struct step *step, const char *text)
{
    step->text = malloc(strlen(text) + 1);
    if (step->text == NULL)
        err(FAILURE, "malloc");
    while (*text != '\0') {
        char byte = *text++;
        if (byte == '\\')
            text = resolve_escape(step->word, text, &byte);
        step->text[step->length++] = byte;
    }
}

/* Read a number up to the character that ends it.  Returns what follows. */
static const char *
parse_number(struct step *step, const char *text, char end_mark)
{
    char *end;
    errno = 0;
    step->number = strtoull(text, &end, 0);
    if (*text < '0' || *text > '9' || *end != end_mark || errno == ERANGE ||
        step->number > step->kind->number_max)
        wrong_word(step->word, "expected another number");
    return end + 1;
}

static void
parse_seconds(struct step *step, const char *text)
{
    char *end;
    step->seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(step->seconds >= 0) ||
        step->seconds > 1e5)
        wrong_word(step->word, "expected seconds");
}

static void
parse_argument(struct step *step, const char *text)
{
    struct in_addr address;
    switch (step->kind->argument) {
    case NOTHING:
        break;
    case TEXT:
        parse_text(step, text);
        step->number = UINT64_MAX; /* flood: no end in sight */
        break;
    case NUMBER:
        parse_text(step, "\\0"); /* what zeros repeats */
        parse_number(step, text, '\0');
        break;
    case NUMBER_AND_TEXT:
        parse_text(step, parse_number(step, text, ':'));
        break;
    case SECONDS:
        parse_seconds(step, text);
        break;
    case ADDRESS:
        if (inet_pton(AF_INET, text, &address) != 1)
            wrong_word(step->word, "expected an IPv4 address");
        step->number = address.s_addr;
    }
}

static struct step
parse_step(const char *word)
{
    struct step step = {.kind = find_kind(word), .word = word};
    const char *colon = strchr(word, ':');
    if ((colon != NULL) != (step.kind->argument != NOTHING))
        wrong_word(word, colon ? "takes no argument" : "needs an argument");
    parse_argument(&step, colon == NULL ? NULL : colon + 1);
    bool repeats =
        step.kind->play == play_repeat || step.kind->play == play_flood;
    if (repeats && (step.length == 0 || step.length > BLOCK_SIZE))
        wrong_word(word, "expected a text of 1 to 65536 bytes");
    return step;
}

/* Tell whether the step has to be played before there is a connection. */
static bool
is_about_socket(const struct step *step)
{
    return step->kind->play == play_from || step->kind->play == play_rcvbuf;
}

static bool
is_deadline(const struct step *step)
{
    return step->kind->play == play_deadline;
}

/* Begin something that may take as long as a step. */
static void
begin(struct peer *peer, const char *what)
{
    peer->doing = what;
    peer->deadline = clock_now() + peer->patience;
}

/* Play the steps.  step->word is NULL after the last. */
static void
play(struct peer *peer, const struct step *step)
{
    for (; step->word != NULL; step++) {
        begin(peer, step->word);
        step->kind->play(peer, step);
        if (fflush(stdout) == EOF)
            fail(peer, "standard output: %s", strerror(errno));
    }
    hang_up(peer);
}

/* Connections */

static int
open_socket(const struct peer *peer, in_port_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = {
        .sin_family = AF_INET,
        .sin_addr = peer->own,
        .sin_port = htons(port),
    };
    if (fd == -1)
        fail(peer, "socket: %s", strerror(errno));
    if (peer->receive_buffer > 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &peer->receive_buffer,
                   sizeof peer->receive_buffer) == -1)
        fail(peer, "SO_RCVBUF: %s", strerror(errno));
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == -1)
        fail(peer, "bind: %s", strerror(errno));
    return fd;
}

/* Have every call of send leave as a packet of its own. */
static void
send_at_once(const struct peer *peer)
{
    const int on = 1;
    if (setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
        fail(peer, "TCP_NODELAY: %s", strerror(errno));
}

static void
connect_to(struct peer *peer, in_port_t port)
{
    struct sockaddr_in server = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons(port),
    };
    struct timeval patience = {.tv_sec = peer->patience + 1};
    peer->fd = open_socket(peer, 0);
    /* This goes for connect(2) too (socket(7)). */
    if (setsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
                   sizeof patience) == -1)
        fail(peer, "SO_SNDTIMEO: %s", strerror(errno));
    if (connect(peer->fd, (struct sockaddr *)&server, sizeof server) == -1)
        fail(peer, "connect: %s",
             strerror(errno == EINPROGRESS ? ETIMEDOUT : errno));
    send_at_once(peer);
}

static int
open_listener(const struct peer *peer)
{
    int listen_fd = open_socket(peer, 0);
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    char address[INET_ADDRSTRLEN];
    if (listen(listen_fd, SOMAXCONN) == -1 ||
        getsockname(listen_fd, (struct sockaddr *)&own, &length) == -1)
        fail(peer, "listen: %s", strerror(errno));
    inet_ntop(AF_INET, &own.sin_addr, address, sizeof address);
    printf("listening on %s:%d\n", address, ntohs(own.sin_port));
    fflush(stdout);
    return listen_fd;
}

/* Play the script with several clients in turn.  The listener is closed as soon
   as the last one is there: whoever comes later is refused. */
static void
serve_each(struct peer *peer, uint64_t clients, const struct step *steps)
{
    begin(peer, "listen");
    int listen_fd = open_listener(peer);
    while (clients-- > 0) {
        begin(peer, "accept");
        if (!wait_ready(peer, listen_fd, POLLIN))
            fail(peer, "expected a client, none came in %g s", peer->patience);
        peer->fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (peer->fd == -1)
            fail(peer, "accept: %s", strerror(errno));
        if (clients == 0)
            close(listen_fd);
        send_at_once(peer);
        play(peer, steps);
    }
}

/* The number in an argument of the program that is no step. */
static uint64_t
number_argument(const char *text, uint64_t number_max)
{
    const struct kind kind = {.number_max = number_max};
    struct step step = {.kind = &kind, .word = text};
    parse_number(&step, text, '\0');
    return step.number;
}

/* Read the script.  Returns its steps; behind the last one is an empty one. */
static struct step *
parse_script(int count, char **words)
{
    struct step *steps = calloc(count + 1, sizeof *steps);
    if (steps == NULL)
        err(FAILURE, "calloc");
    bool leading = true;
    for (int i = 0; i < count; i++) {
        steps[i] = parse_step(words[i]);
        bool about_socket = is_about_socket(&steps[i]);
        if (about_socket && !leading)
            wrong_word(words[i], "goes before all other steps");
        leading = leading && (about_socket || is_deadline(&steps[i]));
    }
    return steps;
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
        number = number_argument(argv[2], connects ? UINT16_MAX : INT_MAX);
    const struct step *step =
        parse_script(argc - first_step, argv + first_step);

    struct peer peer = {
        .fd = -1,
        .patience = 10 * scale(),
        .own.s_addr = htonl(connects ? INADDR_ANY : INADDR_LOOPBACK),
    };
    for (; step->word != NULL && (is_about_socket(step) || is_deadline(step));
         step++)
        step->kind->play(&peer, step);
    if (connects) {
        begin(&peer, "connect");
        connect_to(&peer, number);
        play(&peer, step);
    } else {
        serve_each(&peer, number, step);
    }
}
