/* thief.c: a library that takes away the client that a program is about to accept,
   as another process could that has the listener, too.

     LD_PRELOAD=build/thief.so THIEF_AT=1 THIEF_PROOF=file ./server

   THIEF_AT      at which call of accept4 or accept, the first is 1
   THIEF_PROOF   this file is created when a client was taken

   The call itself is then made as if nothing had been: there may be nobody left. */

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_long calls;

static int
real_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    int (*next)(int, struct sockaddr *, socklen_t *, int) =
        (int (*)(int, struct sockaddr *, socklen_t *, int))dlsym(RTLD_NEXT,
                                                                 "accept4");
    return next(fd, address, length, flags);
}

static void
steal(int listen_fd)
{
    const char *at = getenv("THIEF_AT");
    const char *proof = getenv("THIEF_PROOF");
    struct pollfd listener = {.fd = listen_fd, .events = POLLIN};
    if (at == NULL || ++calls != atol(at) || poll(&listener, 1, 0) != 1)
        return;
    close(real_accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC));
    if (proof != NULL)
        close(open(proof, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

int
accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    steal(fd);
    return real_accept4(fd, address, length, flags);
}

int
accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return accept4(fd, address, length, 0);
}
