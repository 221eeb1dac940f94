/* bad_wire.c: a network that loses, delays, doubles and reorders packets.
   It makes a network interface (tun) of which this program is the other end:
   who connects to 10.99.0.2 reaches 10.99.0.1, which is this very machine, and
   all packets, both ways, go over the wire.  No second machine is needed: when a
   packet's source and destination are exchanged all its checksums stay right.
   The kernel has the like in netem (tc-netem(8)), but not every kernel, and not
   with random numbers that can be had again.

   bad_wire [OPTION]...   until SIGTERM or SIGINT; then a line of figures.  It
                          prints "ready" when the interface is up.

     --delay MS           each packet is under way so long (75)
     --loss PERMILLE      so many of 1,000 packets are lost (20)
     --reorder PERMILLE   so many overtake all that are under way (50)
     --double PERMILLE    so many come twice (10)
     --mtu BYTES          no packet is larger (576)
     --seed N             of the random numbers (1)

   It needs a network namespace of its own and the right to administer it:
   unshare -rn.  Status: 0 if a signal ended it, 1 if something failed, 2 wrong
   usage. */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PACKET_MAX = 2048,
    UNDER_WAY_MAX = 16384, /* a router drops what it has no room for, too */
    SOURCE_AT = 12,        /* in an IPv4 header: RFC 791, 3.1 */
    DESTINATION_AT = 16,
    ADDRESS_SIZE = 4,
};

enum setting { DELAY, LOSS, REORDER, DOUBLE, MTU, SEED, SETTINGS };

static const struct option long_options[] = {
    {"delay", required_argument, NULL, DELAY},
    {"loss", required_argument, NULL, LOSS},
    {"reorder", required_argument, NULL, REORDER},
    {"double", required_argument, NULL, DOUBLE},
    {"mtu", required_argument, NULL, MTU},
    {"seed", required_argument, NULL, SEED},
    {0},
};

static long settings[SETTINGS] = {75, 20, 50, 10, 576, 1};

struct packet {
    int64_t due_ms;
    size_t size;
    unsigned char bytes[PACKET_MAX];
};

/* A ring: all are under way equally long, so who came first is due first. */
static struct packet under_way[UNDER_WAY_MAX];
static unsigned first, count;
static unsigned long packets, lost, overtaking, doubled;
static volatile sig_atomic_t told_to_end;

static void
on_signal(int signal_number)
{
    (void)signal_number;
    told_to_end = 1;
}

static int64_t
clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static bool
chance(enum setting permille)
{
    return random() % 1000 < settings[permille];
}

/* ---- The interface ------------------------------------------------------- */

static void
set_address(int socket_fd, struct ifreq *request, unsigned long operation,
            const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    inet_pton(AF_INET, address, &in.sin_addr);
    memcpy(&request->ifr_addr, &in, sizeof in);
    if (ioctl(socket_fd, operation, request) == -1)
        err(1, "address %s", address);
}

/* Make the interface and bring it up.  Returns the descriptor of its other
   end. */
static int
open_wire(void)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int wire_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (wire_fd == -1)
        err(1, "/dev/net/tun");
    if (ioctl(wire_fd, TUNSETIFF, &request) == -1)
        err(1, "TUNSETIFF (is this a namespace of its own? unshare -rn)");
    int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_fd == -1)
        err(1, "socket");
    set_address(socket_fd, &request, SIOCSIFADDR, "10.99.0.1");
    set_address(socket_fd, &request, SIOCSIFDSTADDR, "10.99.0.2");
    request.ifr_mtu = settings[MTU];
    if (ioctl(socket_fd, SIOCSIFMTU, &request) == -1)
        err(1, "MTU %ld", settings[MTU]);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(socket_fd, SIOCSIFFLAGS, &request) == -1)
        err(1, "cannot bring the interface up");
    close(socket_fd);
    return wire_fd;
}

/* ---- The wire ------------------------------------------------------------ */

/* Deliver a packet.  If the kernel has no room for it, it is lost. */
static void
deliver(int wire_fd, const struct packet *packet)
{
    if (write(wire_fd, packet->bytes, packet->size) == -1)
        lost++;
}

static void
turn_round(struct packet *packet)
{
    unsigned char *source = packet->bytes + SOURCE_AT;
    unsigned char *destination = packet->bytes + DESTINATION_AT;
    unsigned char address[ADDRESS_SIZE];
    memcpy(address, source, ADDRESS_SIZE);
    memcpy(source, destination, ADDRESS_SIZE);
    memcpy(destination, address, ADDRESS_SIZE);
}

static void
send_off(const struct packet *packet)
{
    if (count == UNDER_WAY_MAX) {
        lost++;
        return;
    }
    under_way[(first + count++) % UNDER_WAY_MAX] = *packet;
}

static bool
is_ipv4(const struct packet *packet)
{
    return packet->size >= DESTINATION_AT + ADDRESS_SIZE &&
           packet->bytes[0] >> 4 == 4;
}

/* Returns false if none is there. */
static bool
take_packet(int wire_fd)
{
    static struct packet packet;
    ssize_t n = read(wire_fd, packet.bytes, sizeof packet.bytes);
    if (n == -1)
        return false;
    packet.size = n;
    if (!is_ipv4(&packet))
        return true;
    packets++;
    turn_round(&packet);
    packet.due_ms = clock_ms() + settings[DELAY];
    if (chance(LOSS)) {
        lost++;
    } else if (chance(REORDER)) {
        overtaking++;
        deliver(wire_fd, &packet);
    } else {
        send_off(&packet);
        if (chance(DOUBLE)) {
            doubled++;
            send_off(&packet);
        }
    }
    return true;
}

/* Deliver what is due.  Returns for how long nothing else will be, -1: until
   something comes. */
static int
deliver_due(int wire_fd)
{
    int64_t now_ms = clock_ms();
    while (count > 0 && under_way[first].due_ms <= now_ms) {
        deliver(wire_fd, &under_way[first]);
        first = (first + 1) % UNDER_WAY_MAX;
        count--;
    }
    return count == 0 ? -1 : under_way[first].due_ms - now_ms;
}

/* Until a signal comes, which is let in only while nothing else is done. */
static void
run(int wire_fd, const sigset_t *while_waiting)
{
    struct pollfd readable = {.fd = wire_fd, .events = POLLIN};
    while (!told_to_end) {
        int wait_ms = deliver_due(wire_fd);
        struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};
        if (ppoll(&readable, 1, wait_ms == -1 ? NULL : &wait, while_waiting) ==
                -1 &&
            errno != EINTR)
            err(1, "ppoll");
        while (take_packet(wire_fd))
            ;
    }
}

static void
parse(int argc, char **argv)
{
    int setting;
    while ((setting = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        char *end = NULL;
        if (setting == '?')
            exit(2);
        settings[setting] = strtol(optarg, &end, 10);
        if (end == optarg || *end != '\0' || settings[setting] < 0)
            errx(2, "--%s: '%s' is not a number", long_options[setting].name,
                 optarg);
    }
    if (optind < argc)
        errx(2, "what is '%s'?", argv[optind]);
    if (settings[MTU] > PACKET_MAX)
        errx(2, "--mtu: %d at most", PACKET_MAX);
}

int
main(int argc, char **argv)
{
    sigset_t ends, before;
    struct sigaction action = {.sa_handler = on_signal};
    parse(argc, argv);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    if (sigprocmask(SIG_BLOCK, &ends, &before) == -1 ||
        sigaction(SIGTERM, &action, NULL) == -1 ||
        sigaction(SIGINT, &action, NULL) == -1)
        err(1, "signals");
    srandom(settings[SEED]);
    int wire_fd = open_wire();
    printf("ready\n");
    fflush(stdout);
    run(wire_fd, &before);
    printf("packets=%lu lost=%lu overtaking=%lu doubled=%lu\n", packets, lost,
           overtaking, doubled);
    return fflush(stdout) == EOF ? 1 : 0;
}
