/* program.c: running programs that are not ours.
   SIMPLIFIED: what leaves the process group (setsid(2), as daemons do) is not
   killed with it; a control group could do that.  And a worker that is killed
   itself leaves its program running until that writes to the broken pipe. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "program.h"

enum { INPUT, OUTPUT, ERRORS, PIPES };

/* Our end of each pipe, and the program's. */
static const int our_end[PIPES] = {1, 0, 0};
static const int its_end[PIPES] = {0, 1, 1};

void
program_close(int *fd)
{
    int saved_errno = errno;
    if (*fd != -1)
        close(*fd);
    *fd = -1;
    errno = saved_errno;
}

static int
open_pipes(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++)
        if (pipe2(pipes[i], O_CLOEXEC) == -1 ||
            fcntl(pipes[i][our_end[i]], F_SETFL, O_NONBLOCK) == -1)
            return -1;
    return 0;
}

/* Say what becomes of descriptors between fork and exec, in this order. */
static int
set_actions(posix_spawn_file_actions_t *actions, int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++) {
        int error =
            posix_spawn_file_actions_adddup2(actions, pipes[i][its_end[i]], i);
        if (error != 0)
            return error;
    }
    return posix_spawn_file_actions_addclosefrom_np(actions, PIPES);
}

/* Say what else is to be done.  exec keeps ignored signals ignored, such as our
   SIGPIPE, and blocked ones blocked. */
static int
set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    /* None of these can fail with valid arguments. */
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
                                                    POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
}

/* Start the process.  Between fork and exec the C library does only what is
   listed, and it comes back when exec has succeeded or failed: the group is
   there by then.  The path is the only argument; no shell reads it.  Returns 0,
   -1 with errno. */
static int
spawn(pid_t *pid, const char *path, char *const *environment,
      int pipes[PIPES][2])
{
    char *const arguments[] = {(char *)path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    errno = posix_spawn_file_actions_init(&actions);
    if (errno != 0)
        return -1;
    errno = posix_spawnattr_init(&attributes);
    if (errno == 0) {
        errno = set_actions(&actions, pipes);
        if (errno == 0)
            errno = set_attributes(&attributes);
        if (errno == 0)
            errno = posix_spawn(pid, path, &actions, &attributes, arguments,
                                environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return errno == 0 ? 0 : -1;
}

/* Have SIGCHLD arrive at a descriptor: then it can be waited for along with all
   else.  If our parent ignored it, so would we, and nobody could be waited for.
   Returns the fd, -1 with errno. */
static int
open_end(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    if (sigaction(SIGCHLD, &action, NULL) == -1 ||
        sigprocmask(SIG_BLOCK, &ends, NULL) == -1)
        return -1;
    return signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
}

int
program_start(struct program *program, const char *path,
              char *const *environment)
{
    int pipes[PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    *program = (struct program){.end_fd = open_end()};
    int result = program->end_fd == -1 ? -1 : open_pipes(pipes);
    if (result == 0)
        result = spawn(&program->pid, path, environment, pipes);
    /* With its ends open here, ours would never read as ended. */
    for (int i = 0; i < PIPES; i++)
        program_close(&pipes[i][its_end[i]]);
    program->input_fd = pipes[INPUT][our_end[INPUT]];
    program->output_fd = pipes[OUTPUT][our_end[OUTPUT]];
    program->error_fd = pipes[ERRORS][our_end[ERRORS]];
    if (result == 0)
        return 0;
    int saved_errno = errno;
    program_end(program);
    errno = saved_errno;
    return -1;
}

/* Until the program has been waited for, nobody else can get its number. */
static void
kill_group(const struct program *program)
{
    kill(-program->pid, SIGKILL);
}

void
program_collect(struct program *program)
{
    struct signalfd_siginfo signal;
    while (read(program->end_fd, &signal, sizeof signal) > 0)
        ; /* it may have been about an earlier program */
    siginfo_t info = {.si_pid = 0};
    waitid(P_PID, program->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == 0)
        return;
    program->has_ended = true;
    program->has_crashed = info.si_code != CLD_EXITED;
    kill_group(program);
}

void
program_end(struct program *program)
{
    program_close(&program->input_fd);
    program_close(&program->output_fd);
    program_close(&program->error_fd);
    program_close(&program->end_fd);
    if (program->pid == 0)
        return; /* it was never started */
    kill_group(program);
    int status;
    pid_t pid;
    do
        pid = waitpid(program->pid, &status, 0);
    while (pid == -1 && errno == EINTR);
    if (pid == program->pid)
        log_process_end("program", program->pid, status);
}
