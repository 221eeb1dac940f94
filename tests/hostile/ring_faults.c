/* ring_faults.c: a library that puts faults into a program that uses io_uring.
   There are no system calls to cut or to make fail, so it changes what is
   submitted.  Preload it:

     LD_PRELOAD=build/ring_faults.so SHORT_IO=7 ./server_proactor

   SHORT_IO        receive, read, send and splice move at most that many bytes
   SHORT_IO_PROOF  as for short_io.c
   RING_FAULT      OPERATION:ERRNO:FIRST:LAST, numbers but for the operation: its
                   submissions from the first to the last of these are not done
                   but fail with this error
   RING_PROOF      for each of those a line "PID OPERATION" goes to this file

   A step of a chain that is cut short or fails breaks the chain, as the kernel
   would do it: what is linked to it is not done, and not reported. */

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAULTS_MAX = 4096 };

static const struct {
    const char *name;
    int code;
    bool moves_bytes;
} operations[] = {
    {"accept", IORING_OP_ACCEPT, false}, {"openat", IORING_OP_OPENAT, false},
    {"read", IORING_OP_READ, true},      {"recv", IORING_OP_RECV, true},
    {"send", IORING_OP_SEND, true},      {"splice", IORING_OP_SPLICE, true},
};

static unsigned limit;      /* SHORT_IO; 0: none */
static char fault_name[32]; /* of RING_FAULT */
static int fault_error;
static int fault_first;
static int fault_last;
static int seen; /* submissions of that operation */

/* Failed ones that have not been completed. */
static __u64 failed[FAULTS_MAX];
static int failed_count;

static __typeof__(&io_uring_submit) real_submit;
static __typeof__(&io_uring_submit_and_wait) real_submit_and_wait;

__attribute__((constructor)) static void
set_up(void)
{
    real_submit = (__typeof__(real_submit))dlsym(RTLD_NEXT, "io_uring_submit");
    real_submit_and_wait = (__typeof__(real_submit_and_wait))dlsym(
        RTLD_NEXT, "io_uring_submit_and_wait");
    const char *text = getenv("SHORT_IO");
    limit = text == NULL ? 0 : atoi(text);
    text = getenv("RING_FAULT");
    if (text != NULL && sscanf(text, "%31[a-z]:%d:%d:%d", fault_name,
                               &fault_error, &fault_first, &fault_last) != 4)
        abort();
}

/* Add a line to the file that this variable names. */
static void
prove(const char *variable, const char *what)
{
    const char *path = getenv(variable);
    int fd = path == NULL
                 ? -1
                 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd == -1)
        return;
    dprintf(fd, "%d %s\n", getpid(), what);
    close(fd);
}

static bool
is_to_fail(const char *name)
{
    if (strcmp(name, fault_name) != 0)
        return false;
    seen++;
    return seen >= fault_first && seen <= fault_last &&
           failed_count < FAULTS_MAX;
}

/* Change a submission.  Returns whether it breaks its chain. */
static bool
change(struct io_uring_sqe *submission)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (submission->opcode != operations[i].code)
            continue;
        if (is_to_fail(operations[i].name)) {
            prove("RING_PROOF", operations[i].name);
            failed[failed_count++] = submission->user_data;
            submission->opcode = IORING_OP_NOP;
            submission->flags = 0;
            submission->rw_flags = 0;
            return true;
        }
        if (operations[i].moves_bytes && limit > 0 && submission->len > limit) {
            prove("SHORT_IO_PROOF", program_invocation_short_name);
            submission->len = limit;
            submission->flags &= ~(IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
            return true;
        }
    }
    return false;
}

/* Leave the place, but nothing to do. */
static void
empty(struct io_uring_sqe *submission)
{
    submission->opcode = IORING_OP_NOP;
    submission->flags = IOSQE_CQE_SKIP_SUCCESS;
    submission->rw_flags = 0;
    submission->user_data = 0;
}

/* Change what is about to be submitted. */
static void
change_all(struct io_uring *ring)
{
    bool broken = false;
    for (unsigned i = ring->sq.sqe_head; i != ring->sq.sqe_tail; i++) {
        struct io_uring_sqe *submission =
            &ring->sq.sqes[i & *ring->sq.kring_mask];
        bool goes_on = submission->flags & IOSQE_IO_LINK;
        if (broken)
            empty(submission);
        else
            broken = change(submission);
        broken = broken && goes_on;
    }
}

/* Let those fail that have been completed without having been done. */
static void
fail_completions(struct io_uring *ring)
{
    unsigned tail = io_uring_smp_load_acquire(ring->cq.ktail);
    for (unsigned i = *ring->cq.khead; i != tail; i++) {
        struct io_uring_cqe *completion =
            &ring->cq.cqes[i & *ring->cq.kring_mask];
        for (int j = 0; j < failed_count; j++) {
            if (failed[j] == completion->user_data) {
                completion->res = -fault_error;
                failed[j] = failed[--failed_count];
                break;
            }
        }
    }
}

int
io_uring_submit(struct io_uring *ring)
{
    change_all(ring);
    int result = real_submit(ring);
    fail_completions(ring);
    return result;
}

int
io_uring_submit_and_wait(struct io_uring *ring, unsigned count)
{
    change_all(ring);
    int result = real_submit_and_wait(ring, count);
    fail_completions(ring);
    return result;
}
