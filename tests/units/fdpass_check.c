/* fdpass_check.c: try fdpass.c on its own, without a server.
   The suite fdpass.bats links it with the fdpass.c that is to be judged.  All
   calls of sendmsg and recvmsg go through wrappers (fdpass_check_channel.c).

   fdpass_check        print the names of the checks
   fdpass_check CHECK  run one.  Status 0, or 1 and a line that says what was
                       expected and what came */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fdpass.h"
#include "fdpass_check_channel.h"

static void
check_same_file(void)
{
    char bytes[3];
    int sent = open_file();
    lseek(sent, 5, SEEK_SET);
    send_order('f', sent);
    int received = receive_order('f');
    expect(received != -1, "expected a descriptor");
    expect(received != sent, "expected another number than %d", sent);
    expect(lseek(received, 0, SEEK_CUR) == 5,
           "expected that the receiver begins where the sender has stopped");
    expect(read(received, bytes, sizeof bytes) == sizeof bytes, "read");
    expect(lseek(sent, 0, SEEK_CUR) == 8,
           "expected that the sender goes on where the receiver has stopped");
}

static void
check_sender_closes(void)
{
    int sent = make_file();
    ino_t number = file_number(sent);
    send_order('f', sent);
    expect(fcntl(sent, F_GETFD) != -1,
           "expected that fdpass_send leaves the descriptor open");
    close(sent);
    int decoy = open_file();
    expect(decoy == sent, "expected that the number %d is free again", sent);
    int received = receive_order('f');
    expect(file_number(received) == number,
           "expected the file that was sent, not what now has its number");
}

static void
check_close_on_exec(void)
{
    send_order('f', some_file);
    int received = receive_order('f');
    expect(fcntl(received, F_GETFD) == FD_CLOEXEC,
           "expected that the descriptor is close-on-exec: MSG_CMSG_CLOEXEC");
}

static void
check_without_fd(void)
{
    int before = count_fds();
    send_order('q', -1);
    int received = receive_order('q');
    expect(received == -1, "expected no descriptor, not %d", received);
    expect_fds(before);
}

static void
check_every_order(void)
{
    for (int order = CHAR_MIN; order <= CHAR_MAX; order++) {
        send_order(order, order % 2 == 0 ? some_file : -1);
        int received = receive_order(order);
        expect((received != -1) == (order % 2 == 0),
               "expected a descriptor with even orders, got %d", received);
        if (received != -1)
            close(received);
    }
}

/* A stream has no messages, but ancillary data stays with the byte it was sent
   with. */
static void
check_queued(void)
{
    enum { FILES = 20 };
    int files[FILES];
    for (int i = 0; i < FILES; i++) {
        files[i] = make_file();
        send_order('f', files[i]);
        send_order('a', -1);
        send_order('b', -1);
    }
    for (int i = 0; i < FILES; i++) {
        int received = receive_order('f');
        expect(file_number(received) == file_number(files[i]),
               "expected each descriptor with its own order");
        close(received);
        expect(receive_order('a') == -1 && receive_order('b') == -1,
               "expected no descriptor with the orders between");
    }
    expect_nothing_left();
}

static void
check_several_fds(void)
{
    const int counts[] = {2, 3, 4, 5, FDS_IN_MESSAGE_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        send_fds(some_file, counts[i], 1);
        expect_refusal(EPROTO);
    }
    check_without_fd(); /* it goes on */
    check_same_file();
}

/* Only a socket that keeps messages apart can carry one of no bytes. */
static void
check_without_order(void)
{
    close_channel();
    open_channel(SOCK_SEQPACKET);
    send_fds(some_file, 1, 0);
    expect_refusal(EPROTO);
    check_same_file();
}

/* Control data that is no descriptor, but looks like one. */
static void
check_other_control_data(void)
{
    const int levels[] = {SOL_SOCKET, IPPROTO_IP, SOL_SOCKET};
    const int types[] = {SCM_CREDENTIALS, SCM_RIGHTS, 0x7777};
    int victim = open_file();
    int before = count_fds();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        union {
            char bytes[CMSG_LEN(sizeof(int))];
            struct cmsghdr header;
        } control = {
            .header.cmsg_level = levels[i],
            .header.cmsg_type = types[i],
            .header.cmsg_len = CMSG_LEN(sizeof(int)),
        };
        memcpy(CMSG_DATA(&control.header), &victim, sizeof victim);
        forged = &control.header;
        send_order('q', -1);
        int received = receive_order('q');
        forged = NULL;
        expect(received == -1,
               "expected no descriptor from control data of level %d and type "
               "%d, not %d: only SCM_RIGHTS carries some",
               levels[i], types[i], received);
        expect_fds(before);
    }
}

/* The kernel adds the sender's credentials, for which there is no room. */
static void
check_credentials(void)
{
    const int on = 1;
    expect(setsockopt(ours, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0,
           "SO_PASSCRED");
    int before = count_fds();
    send_order('q', some_file);
    char order;
    int fd = -2;
    int result = fdpass_receive(ours, &order, &fd);
    expect((result == -1) == (fd == -1),
           "expected a descriptor or a failure, not result %d, descriptor %d",
           result, fd);
    expect_fds(before + (fd != -1));
}

static void
check_end(void)
{
    char order;
    int fd = -2;
    send_order('q', -1);
    close(theirs);
    receive_order('q'); /* what was sent before still arrives */
    int result = fdpass_receive(ours, &order, &fd);
    expect(result == 0, "expected 0 when the other side has closed, not %d",
           result);
    expect(fd == -1, "expected that *fd is -1, not %d", fd);
}

static void
check_limit(void)
{
    struct rlimit before = limit_fds(0);
    send_order('f', some_file);
    expect_refusal(EMFILE);
    setrlimit(RLIMIT_NOFILE, &before);
    expect_nothing_left();
    check_same_file(); /* it goes on */

    before = limit_fds(1); /* room for the first of two */
    send_fds(some_file, 2, 1);
    expect_refusal(EPROTO);
    setrlimit(RLIMIT_NOFILE, &before);
    check_without_fd();
}

static void
check_receive_interrupted(void)
{
    int before = count_fds();
    send_order('f', some_file);
    interruptions = 2;
    int received = receive_order('f');
    expect(interruptions == 0, "expected that recvmsg is called again");
    expect(received != -1, "expected a descriptor");
    expect_fds(before + 1);
}

static void
check_send_interrupted(void)
{
    int before = count_fds();
    interruptions = 2;
    send_order('f', some_file);
    expect(interruptions == 0, "expected that sendmsg is called again");
    close(receive_order('f'));
    expect_nothing_left();
    expect_fds(before);
}

static void
check_send_fails(void)
{
    int result = fdpass_send(theirs, 'f', FDS_MAX - 1);
    expect(result == -1 && errno == EBADF,
           "expected -1 for a descriptor that is not open, not %d", result);
    expect_nothing_left();
    close(ours);
    result = fdpass_send(theirs, 'q', -1);
    expect(result == -1 && errno == EPIPE,
           "expected -1 when the other side has closed, not %d", result);
}

static const struct {
    const char *name;
    void (*run)(void);
} checks[] = {
    {"same-file", check_same_file},
    {"sender-closes", check_sender_closes},
    {"close-on-exec", check_close_on_exec},
    {"without-fd", check_without_fd},
    {"every-order", check_every_order},
    {"queued", check_queued},
    {"several-fds", check_several_fds},
    {"without-order", check_without_order},
    {"other-control-data", check_other_control_data},
    {"credentials", check_credentials},
    {"end", check_end},
    {"limit", check_limit},
    {"receive-interrupted", check_receive_interrupted},
    {"send-interrupted", check_send_interrupted},
    {"send-fails", check_send_fails},
};

int
main(int argc, char **argv)
{
    size_t count = sizeof checks / sizeof *checks;
    for (size_t i = 0; i < count; i++) {
        if (argc < 2) {
            puts(checks[i].name);
        } else if (strcmp(argv[1], checks[i].name) == 0) {
            open_channel(SOCK_STREAM);
            some_file = open_file();
            checks[i].run();
            return 0;
        }
    }
    if (argc >= 2)
        fprintf(stderr, "fdpass_check: there is no check '%s'\n", argv[1]);
    return argc < 2 ? 0 : 2;
}
