/* misbehave.c: a library that makes a good server a bad one.
   It shows that the tests of reliability notice what they are there to notice:

     LD_PRELOAD=build/misbehave.so MISBEHAVE=leak ./server

   MISBEHAVE  leak     each 20th client leaves a descriptor behind
              memory   each client leaves a page of memory behind
              wrong    each 5th larger send(2) has a wrong byte
              hang     each 20th client is accepted and then forgotten
              zombie   after ten children no more are waited for
              stay     a process that takes no notice of SIGTERM is left behind
              deny     signals to end it end it at once, with status 7
              lie      the same with status 0, as if all were well */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 10, PAGE = 4096, SMALL = 64, LARGE = 1 << 20 };

static __typeof__(&accept4) real_accept4;
static __typeof__(&send) real_send;
static __typeof__(&sigaction) real_sigaction;
static __typeof__(&waitpid) real_waitpid;

#define FIND(name) real_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static bool
is(const char *name)
{
    const char *wanted = getenv("MISBEHAVE");
    return wanted != NULL && strcmp(wanted, name) == 0;
}

static void
stay_behind(void)
{
    if (fork() != 0)
        return;
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    for (;;)
        pause();
}

__attribute__((constructor)) static void
set_up(void)
{
    FIND(accept4);
    FIND(send);
    FIND(sigaction);
    FIND(waitpid);
    if (is("stay"))
        stay_behind();
}

/* Once in n calls. */
static bool
once_in(int n)
{
    static int calls;
    return ++calls % n == 0;
}

int
accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    int client_fd = real_accept4(fd, address, length, flags);
    if (client_fd == -1)
        return -1;
    if (is("memory"))
        memset(malloc(PAGE), 1, PAGE);
    if (is("leak") && once_in(20))
        fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (is("hang") && once_in(20)) {
        errno = EAGAIN; /* and client_fd stays open */
        return -1;
    }
    return client_fd;
}

ssize_t
send(int fd, const void *bytes, size_t size, int flags)
{
    static char copy[LARGE];
    if (!is("wrong") || size < SMALL || size > LARGE || !once_in(5))
        return real_send(fd, bytes, size, flags);
    memcpy(copy, bytes, size);
    copy[size - 1] ^= 1;
    return real_send(fd, copy, size, flags);
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
    static int children;
    if (is("zombie") && children == CHILDREN)
        return 0;
    pid_t child = real_waitpid(pid, status, options);
    children += child > 0;
    return child;
}

static void
end_badly(int signal_number)
{
    (void)signal_number;
    _exit(is("lie") ? 0 : 7);
}

int
sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    struct sigaction other = {.sa_handler = end_badly};
    bool ends = number == SIGTERM || number == SIGINT || number == SIGUSR1;
    if (ends && action != NULL && (is("deny") || is("lie")))
        action = &other;
    return real_sigaction(number, action, before);
}
