/* process.c: what a program inherits from whoever started it. */

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "process.h"

static int
open_standard_fds(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR); /* takes the lowest free number */
    while (fd != -1 && fd <= STDERR_FILENO);
    if (fd == -1)
        return -1;
    return close(fd);
}

static int
reset_signals(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t none;
    sigemptyset(&none);
    if (sigaction(SIGCHLD, &standard, NULL) == -1 ||
        sigaction(SIGTERM, &standard, NULL) == -1 ||
        sigaction(SIGXFSZ, &ignore, NULL) == -1)
        return -1;
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

int
process_init(void)
{
    if (open_standard_fds() == -1)
        return -1;
    return reset_signals();
}
