/* stop_midway.c: a library that stops a client in the middle of a download.

     LD_PRELOAD=build/stop_midway.so ./client FILE

   When the client is about to splice(2) the first bytes of a file it stops, as
   if Ctrl-Z were pressed, until it gets SIGCONT.  By then the server has begun
   to send, and soon it can go no further. */

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>

static bool has_stopped;

ssize_t
splice(int in_fd, off64_t *in_offset, int out_fd, off64_t *out_offset,
       size_t size, unsigned flags)
{
    __typeof__(&splice) real_splice =
        (__typeof__(&splice))dlsym(RTLD_NEXT, "splice");
    if (!has_stopped) {
        has_stopped = true;
        raise(SIGSTOP);
    }
    return real_splice(in_fd, in_offset, out_fd, out_offset, size, flags);
}
