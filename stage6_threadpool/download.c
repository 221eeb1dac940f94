/* download.c: a file that appears when it is complete, or not at all. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "download.h"

#define TEMPLATE ".poolladder-XXXXXX.part"

enum { SUFFIX_LENGTH = sizeof ".part" - 1 };

enum { FATAL_SIGNALS = 3 };

static const int fatal_signals[FATAL_SIGNALS] = {SIGHUP, SIGINT, SIGTERM};

static int file_fd = -1;
static char temporary[] = TEMPLATE;
static volatile sig_atomic_t temporary_exists;

/* Clean up, and let the signal do what it does by default: SA_RESETHAND. */
static void
on_fatal_signal(int signal_number)
{
    if (temporary_exists)
        unlink(temporary);
    raise(signal_number);
}

/* The signals that end the program, as a set for sigprocmask(2). */
static sigset_t
fatal_set(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < FATAL_SIGNALS; i++)
        sigaddset(&set, fatal_signals[i]);
    return set;
}

int
download_init(void)
{
    struct sigaction action = {
        .sa_handler = on_fatal_signal,
        .sa_flags = SA_RESETHAND,
    };
    for (int i = 0; i < FATAL_SIGNALS; i++) {
        struct sigaction old;
        if (sigaction(fatal_signals[i], NULL, &old) == -1)
            return -1;
        if (old.sa_handler == SIG_IGN)
            continue; /* as nohup(1) wants it */
        if (sigaction(fatal_signals[i], &action, NULL) == -1)
            return -1;
    }
    return 0;
}

void
download_drop(void)
{
    int saved_errno = errno;
    if (file_fd != -1)
        close(file_fd);
    file_fd = -1;
    if (temporary_exists)
        unlink(temporary);
    temporary_exists = 0;
    errno = saved_errno;
}

int
download_open(void)
{
    mode_t mask = umask(0);
    umask(mask);
    /* Between creating the file and knowing about it no signal may come. */
    sigset_t held = fatal_set();
    sigset_t before;
    sigprocmask(SIG_BLOCK, &held, &before);
    strcpy(temporary, TEMPLATE);
    file_fd = mkostemps(temporary, SUFFIX_LENGTH, O_CLOEXEC);
    temporary_exists = file_fd != -1;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (file_fd != -1 && fchmod(file_fd, 0666 & ~mask) == -1)
        download_drop();
    return file_fd;
}

int
download_keep(const char *name)
{
    int result = fsync(file_fd);
    if (result == 0) {
        result = close(file_fd);
        file_fd = -1;
    }
    if (result == 0)
        result = rename(temporary, name);
    if (result == 0)
        temporary_exists = 0;
    download_drop();
    return result;
}
