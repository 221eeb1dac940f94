/* fail_once.c: run a program and make one of its system calls fail, once.

   fail_once TRACE count PROGRAM ARG...
   fail_once TRACE ROLE:CALL:ERROR:N PROGRAM ARG...    main:accept4:EMFILE:1

   ROLE is main, the thread that is started here, or worker, all its other
   threads and the processes that are copies of it, taken together: the Nth time
   that one of them makes this call it fails.  (strace(1) counts for each
   process: a call that fails once in every new worker never lets one live.)
   What the dynamic loader does before main() is not counted, and programs that
   the program executes are left alone.

   TRACE gets a line when it has happened: "INJECTED main:accept4:EMFILE:1 PID",
   or, for count, a line "ROLE CALL TIMES" for each call when all have ended.

   The calls are decided on by a seccomp filter with a listener
   (seccomp_unotify(2)), which runs beside the program as its brother: the
   program's parent, descriptors, children and signals are as without it.
   Status: the program's; 2: wrong usage; 3: not possible here. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAIN, WORKER, ROLES, CALLS_MAX = 1024, ERRNO_MAX = 133 };

static const char *const role_names[ROLES] = {"main", "worker"};

static const struct {
    const char *name;
    int number;
} call_names[] = {
#include "syscall_names.inc"
};

enum { CALL_NAMES = sizeof call_names / sizeof call_names[0] };

struct watch {
    const char *what; /* as given */
    bool counting;
    int role;
    int call;
    int error;
    long nth;
    int listener_fd;
    int trace_fd;
    pid_t main_pid;
    bool started;   /* the loader is done */
    char exe[4096]; /* the program, to know its copies */
    long counts[ROLES][CALLS_MAX];
};

static int
call_number(const char *name)
{
    for (size_t i = 0; i < CALL_NAMES; i++)
        if (strcmp(call_names[i].name, name) == 0)
            return call_names[i].number;
    errx(2, "no system call is called '%s'", name);
}

static int
error_number(const char *name)
{
    for (int i = 1; i <= ERRNO_MAX; i++) {
        const char *known = strerrorname_np(i);
        if (known != NULL && strcmp(known, name) == 0)
            return i;
    }
    errx(2, "no error is called '%s'", name);
}

/* Read ROLE:CALL:ERROR:N or "count". */
static void
parse(struct watch *watch, char *text)
{
    char copy[128];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    watch->what = text;
    watch->counting = strcmp(text, "count") == 0;
    if (watch->counting)
        return;
    const char *parts[4];
    for (int i = 0; i < 4; i++)
        if ((parts[i] = strsep(&rest, ":")) == NULL)
            errx(2, "'%s' is not ROLE:CALL:ERROR:N", text);
    watch->role = strcmp(parts[0], role_names[WORKER]) == 0 ? WORKER : MAIN;
    if (strcmp(parts[0], role_names[watch->role]) != 0)
        errx(2, "'%s' is neither main nor worker", parts[0]);
    watch->call = call_number(parts[1]);
    watch->error = error_number(parts[2]);
    watch->nth = atol(parts[3]);
}

/* Have calls reported on a new descriptor: all, or those that matter. munmap is
   the last that the loader makes. */
static int
install_filter(const struct watch *watch)
{
    unsigned others =
        watch->counting ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, watch->call, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 2, 0),
        BPF_STMT(BPF_RET | BPF_K, others),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    struct sock_fprog program = {
        .len = sizeof filter / sizeof filter[0],
        .filter = filter,
    };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        return -1;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                   SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void
read_exe(pid_t pid, char *exe, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t length = readlink(path, exe, size - 1);
    exe[length == -1 ? 0 : length] = '\0';
}

/* Who makes the call?  -1: nobody of ours. */
static int
role_of(const struct watch *watch, pid_t pid)
{
    char exe[sizeof watch->exe];
    if (pid == watch->main_pid)
        return MAIN;
    read_exe(pid, exe, sizeof exe);
    return strcmp(exe, watch->exe) == 0 ? WORKER : -1;
}

/* Decide what becomes of a call: 0, or the error that it fails with. */
static int
decide(struct watch *watch, pid_t pid, int call)
{
    if (!watch->started) {
        watch->started = call == SYS_munmap;
        if (watch->started)
            read_exe(pid, watch->exe, sizeof watch->exe);
        return 0;
    }
    if (call >= CALLS_MAX || (!watch->counting && call != watch->call))
        return 0;
    int role = role_of(watch, pid);
    if (role == -1)
        return 0;
    long count = ++watch->counts[role][call];
    if (watch->counting || role != watch->role || count != watch->nth)
        return 0;
    dprintf(watch->trace_fd, "INJECTED %s %d\n", watch->what, pid);
    return watch->error;
}

static void
write_counts(const struct watch *watch)
{
    for (int role = 0; role < ROLES; role++)
        for (size_t i = 0; i < CALL_NAMES; i++)
            if (watch->counts[role][call_names[i].number] > 0)
                dprintf(watch->trace_fd, "%s %s %ld\n", role_names[role],
                        call_names[i].name,
                        watch->counts[role][call_names[i].number]);
}

/* Answer for every call until the last process with the filter has ended. */
static void
answer_calls(struct watch *watch)
{
    struct pollfd listener = {.fd = watch->listener_fd, .events = POLLIN};
    for (;;) {
        if (poll(&listener, 1, -1) == -1 && errno != EINTR)
            return;
        if (listener.revents & (POLLHUP | POLLERR))
            return;
        struct seccomp_notif notice = {.id = 0};
        if (ioctl(watch->listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &notice) == -1)
            continue; /* it was interrupted, and is made again */
        int error = decide(watch, notice.pid, notice.data.nr);
        struct seccomp_notif_resp reply = {.id = notice.id, .error = -error};
        if (error == 0)
            reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(watch->listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
    }
}

/* The brother.  It has the listener because the table of descriptors is still
   shared, and then keeps nothing else of it. */
__attribute__((noreturn)) static void
supervise(struct watch *watch, const volatile int *listener_fd)
{
    while (*listener_fd == -1)
        sched_yield();
    watch->listener_fd = *listener_fd;
    if (watch->listener_fd < 0 || unshare(CLONE_FILES) == -1)
        _exit(3);
    for (int fd = 0; fd < 256; fd++)
        if (fd != watch->listener_fd && fd != watch->trace_fd)
            close(fd);
    setsid(); /* no signal of the program's terminal or group is for us */
    answer_calls(watch);
    if (watch->counting)
        write_counts(watch);
    _exit(0);
}

int
main(int argc, char **argv)
{
    static struct watch watch;
    if (argc < 4)
        errx(2, "usage: fail_once TRACE count|ROLE:CALL:ERROR:N PROGRAM...");
    parse(&watch, argv[2]);
    watch.main_pid = getpid();
    watch.trace_fd =
        open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    volatile int *listener_fd =
        mmap(NULL, sizeof *listener_fd, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (watch.trace_fd == -1 || listener_fd == MAP_FAILED)
        err(3, "%s", argv[1]);
    *listener_fd = -1;
    switch (syscall(SYS_clone, CLONE_FILES | CLONE_PARENT | SIGCHLD, NULL, NULL,
                    NULL, 0)) {
    case -1:
        err(3, "clone");
    case 0:
        supervise(&watch, listener_fd);
    }
    int fd = install_filter(&watch);
    *listener_fd = fd == -1 ? -2 : fd;
    if (fd == -1)
        err(3, "seccomp");
    execv(argv[3], argv + 3);
    err(3, "%s", argv[3]);
}
