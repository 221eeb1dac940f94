#!/usr/bin/env bats
# schedule.bats: do the schedules of the task queue find what is wrong with it,
# and nothing else? The bugs are put into copies of stage 6.

load helpers

setup_file() {
    make -s -C "$TESTS_DIR" build/schedule/schedules.a
}

setup() {
    stage=$(echo "$TESTS_DIR"/../stage6_*)
    copy=$BATS_TEST_TMPDIR/copy
    mkdir "$copy"
    cp "$stage/queue.c" "$stage/queue.h" "$copy"
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR"
}

teardown() {
    assert_equal "$(ls -A "$TMPDIR")" ''
    end_test
}

# schedules: try every schedule of the queue in the copy (run).
schedules() {
    DIR=$copy timeout $((60 * TIMEOUT_SCALE)) "$TESTS_DIR/schedule/schedule.sh" 6
}

# put_in BUG: break the copy; a bug of the museum has a number there.
put_in() {
    local bug=$TESTS_DIR/schedule/bugs/$1.patch
    [[ $1 == *[!0-9]* ]] || bug=$(echo "$TESTS_DIR/bugs/$1"-*.patch)
    patch -s -p1 -F0 -d "$copy" <"$bug"
}

# assert_found VERDICT LINE...: something goes wrong in this way, and the lines of
# the story (regular expressions) come in this order.
assert_found() {
    local verdict=$1 line
    shift
    run schedules
    assert_failure 1
    assert_equal "${lines[-1]}" "$verdict."
    for line in "${lines[@]}"; do
        [[ $# -eq 0 || ! $line =~ $1 ]] || shift
    done
    [ $# -eq 0 ] || explain "the story does not come to this: $1" "$output"
}

@test "nothing goes wrong with the queue, nor with those who use it" {
    run "$TESTS_DIR/schedule/schedule.sh" 6
    assert_success
    assert_line --regexp '^  two workers, two items +[0-9]+,[0-9]{3} schedules, none goes wrong$'
    assert_line --regexp '^  three workers, .* none goes wrong \*$'
    assert_line --regexp '^\* .* at most 2 preemptions'
    assert_line stage6_threadpool/pool.c
    assert_line --regexp '^  cancel, two workers, .* none goes wrong'
    assert_line stage6_threadpool/reactor/workers.c
    assert_line --partial 'make race'
    refute_output --partial ' wrong:'
}

@test "the end that wakes one thread only is found [fault 86]" {
    put_in one-woken
    assert_found 'worker-1 is stuck: it sleeps at queue->changed' \
        'closes the queue' '^worker-1' 'pthread_cond_wait\(' sleeps \
        '^worker-2' sleeps '^main' 'pthread_cond_signal\(' 'wakes worker-2' \
        'nobody can go on' 'worker-1 +sleeps at queue->changed \(queue.c:'
}

@test "the end that is tested only before the wait is found [trap 36]" {
    put_in flag-late
    assert_found 'worker-1 is stuck: it sleeps at queue->changed' \
        '^main' 'pthread_cond_broadcast\(' 'nobody sleeps: no effect' \
        '^worker-1' 'unlocks queue->mutex and sleeps'
}

@test "the end that is tested only after the wait is found [trap 36]" {
    put_in 36
    assert_found 'worker-1 is stuck: it sleeps at queue->changed' \
        'pthread_cond_broadcast\(' 'no effect' '^worker-1' sleeps
}

@test "an end that is told without the mutex is found [trap 37]" {
    put_in 37
    assert_found 'worker-1 is stuck: it sleeps at queue->changed' \
        '^worker-1' 'pthread_mutex_lock' '^main' 'no effect' '^worker-1' sleeps
}

@test "a wait that is not repeated is found [fault 87] [trap 39]" {
    put_in 39
    assert_found 'main is stuck: it waits until the item is taken' \
        '^worker-1' sleeps 'wakes up for no reason and locks queue->mutex' \
        'learns that no more will come'
}

@test "a signal that is missing is found" {
    put_in no-signal
    assert_found 'worker-1 is stuck: it sleeps at queue->changed' \
        sleeps '^main' 'puts item 1 in'
}

@test "an unlock that is missing is found" {
    put_in no-unlock
    assert_found 'main is stuck: it waits for queue->mutex, which it holds' \
        'tries to put another one in' 'if \(queue->count < queue->size|lock'
}

@test "a mutex that is taken to the grave is found [trap 35]" {
    put_in 35
    assert_found 'main is stuck: it waits for queue->mutex, which worker-1 took to its grave' \
        'cancels worker-1' '^worker-1' 'pthread_cond_wait' 'is cancelled here' \
        'takes queue->mutex to its grave' 'nobody can go on'
}

@test "what is left behind when the queue is closed is found" {
    put_in 194
    assert_found 'item 1 is lost: it never came out' \
        'closes the queue' '^worker-1' 'learns that no more will come'
}

@test "a ring that is one too long is found" {
    put_in ring
    run schedules
    assert_failure 1
    assert_output --partial 'comes out, and was never put in (read outside of'
}

@test "something put in without the mutex is found" {
    put_in push-unlocked
    assert_found 'worker-1 is stuck: it sleeps at queue->changed' \
        '^worker-1' 'pthread_mutex_lock' '^main' 'puts item 1 in' 'no effect' \
        '^worker-1' sleeps
}

@test "room that is not told of is found [fault 88]" {
    put_in full-late
    assert_found 'worker-1 is stuck: it sleeps at queue->changed' \
        'main +waits for an event'
}

@test "what is written outside of the ring is found" {
    sed -i 's/int last = .*/int last = queue->count + 2;/' "$copy/queue.c"
    assert_found 'main writes outside of the memory that malloc gave' 'puts item'
}

@test "a crash, an assertion and an endless loop are verdicts like any other" {
    sed -i 's/int fd = queue->fds/abort(); &/' "$copy/queue.c"
    assert_found 'worker-1 calls abort'
    sed -i 's/abort();/*(volatile int *)16 = 0;/' "$copy/queue.c"
    assert_found 'worker-1 crashes'
    sed -i 's/\*(volatile int \*)16 = 0;/for (;;) ;/' "$copy/queue.c"
    assert_found 'worker-1 turns in a circle and makes no call'
    cp "$stage/queue.c" "$copy"
    sed -i '1i #include <assert.h>' "$copy/queue.c"
    sed -i 's/int fd = queue->fds/assert(queue->count > 1); &/' "$copy/queue.c"
    run schedules
    assert_failure 1
    assert_line --regexp '^queue.c:[0-9]+: assertion queue->count > 1 failed\.$'
}

@test "a mutex that is unlocked through a pointer is known" {
    sed -i 's/push(unlock, /push((void (*)(void *))pthread_mutex_unlock, /
        /^static void/,/^}/d' "$copy/queue.c"
    run schedules
    assert_success
}

@test "a call that the engine does not know is named" {
    sed -i 's/pthread_cond_wait(\(.*\));/pthread_cond_timedwait(\1, NULL);/' \
        "$copy/queue.c"
    run schedules
    assert_failure 2
    assert_line 'schedule.sh: queue.c calls what the engine does not know: pthread_cond_timedwait '
}

@test "a stage without a queue, and a folder without one, are clear errors" {
    run "$TESTS_DIR/schedule/schedule.sh" 3
    assert_failure 2
    assert_output 'schedule.sh: there is no queue.c in stage3_protocol: stage 6 has the task queue'
    DIR=$BATS_TEST_TMPDIR run "$TESTS_DIR/schedule/schedule.sh" 6
    assert_failure 2
    DIR=/nosuch run "$TESTS_DIR/schedule/schedule.sh" 6
    assert_failure 2
    assert_output 'schedule.sh: /nosuch is no folder'
}

# ---- Queues that are built otherwise

# A queue of two counting semaphores; TAIL is how queue_close ends it.
semaphore_queue() {
    cat >"$copy/queue.h" <<'EOF'
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
struct queue {
    pthread_mutex_t guard;
    sem_t items;
    int ring[8], size, first, count;
    bool closed;
};
int queue_init(struct queue *queue, int size);
void queue_release(struct queue *queue);
bool queue_is_full(struct queue *queue);
bool queue_push(struct queue *queue, int fd);
bool queue_pop(struct queue *queue, int *fd, bool *was_full);
void queue_close(struct queue *queue);
bool queue_drain(struct queue *queue, int *fd);
EOF
    cat >"$copy/queue.c" <<'EOF'
#include "queue.h"
int queue_init(struct queue *q, int size)
{
    *q = (struct queue){.size = size};
    pthread_mutex_init(&q->guard, NULL);
    return sem_init(&q->items, 0, 0);
}
void queue_release(struct queue *q)
{
    sem_destroy(&q->items);
    pthread_mutex_destroy(&q->guard);
}
bool queue_is_full(struct queue *q)
{
    pthread_mutex_lock(&q->guard);
    bool full = q->count == q->size;
    pthread_mutex_unlock(&q->guard);
    return full;
}
bool queue_push(struct queue *q, int fd)
{
    pthread_mutex_lock(&q->guard);
    bool fits = q->count < q->size;
    if (fits)
        q->ring[(q->first + q->count++) % q->size] = fd;
    pthread_mutex_unlock(&q->guard);
    if (fits)
        sem_post(&q->items);
    return fits;
}
bool queue_drain(struct queue *q, int *fd)
{
    pthread_mutex_lock(&q->guard);
    bool found = q->count > 0;
    if (found) {
        *fd = q->ring[q->first];
        q->first = (q->first + 1) % q->size;
        q->count--;
    }
    pthread_mutex_unlock(&q->guard);
    return found;
}
bool queue_pop(struct queue *q, int *fd, bool *was_full)
{
    for (;;) {
        sem_wait(&q->items);
        pthread_mutex_lock(&q->guard);
        bool found = q->count > 0, closed = q->closed;
        *was_full = q->count == q->size;
        if (found) {
            *fd = q->ring[q->first];
            q->first = (q->first + 1) % q->size;
            q->count--;
        }
        pthread_mutex_unlock(&q->guard);
        if (!found && closed)
            sem_post(&q->items); /* for the next one */
        if (found || closed)
            return found;
    }
}
void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->guard);
    q->closed = true;
    pthread_mutex_unlock(&q->guard);
    sem_post(&q->items);
}
EOF
}

@test "a queue with a counting semaphore is tried, healthy and broken" {
    semaphore_queue
    run schedules
    assert_success
    assert_line --regexp 'two workers, two items .* none goes wrong'
    sed -i '/for the next one/d; s/if (!found && closed)/if (0) ;/' "$copy/queue.c"
    run schedules
    assert_failure 1
    assert_line --regexp '^worker-[12] is stuck: it waits at q->items\.$'
}

@test "a queue with a second condition variable is tried, and the wrong one is found" {
    sed -i 's/pthread_cond_t changed;.*/&\n    pthread_cond_t ended;/' "$copy/queue.h"
    sed -i 's/    pthread_cond_init(&queue->changed, NULL);/&\n    pthread_cond_init(\&queue->ended, NULL);/
        s/    pthread_cond_broadcast(&queue->changed);/&\n    pthread_cond_broadcast(\&queue->ended);/' \
        "$copy/queue.c"
    run schedules
    assert_success
    sed -i '/pthread_cond_broadcast(&queue->changed)/d' "$copy/queue.c"
    assert_found 'worker-1 is stuck: it sleeps at queue->changed' \
        'pthread_cond_broadcast\(&queue->ended' 'no effect'
}

# What is in the pipe has no mutex; how many may be in it has one.
pipe_queue() {
    semaphore_queue
    sed -i 's/sem_t items;/int ends[2];/' "$copy/queue.h"
    cat >"$copy/queue.c" <<'EOF'
#include <unistd.h>
#include "queue.h"
int queue_init(struct queue *q, int size)
{
    *q = (struct queue){.size = size};
    pthread_mutex_init(&q->guard, NULL);
    return pipe(q->ends);
}
void queue_release(struct queue *q)
{
    close(q->ends[0]);
}
bool queue_is_full(struct queue *q)
{
    pthread_mutex_lock(&q->guard);
    bool full = q->count == q->size;
    pthread_mutex_unlock(&q->guard);
    return full;
}
bool queue_push(struct queue *q, int fd)
{
    if (queue_is_full(q))
        return false;
    pthread_mutex_lock(&q->guard);
    q->count++;
    pthread_mutex_unlock(&q->guard);
    return write(q->ends[1], &fd, sizeof fd) == sizeof fd;
}
bool queue_pop(struct queue *q, int *fd, bool *was_full)
{
    bool found = read(q->ends[0], fd, sizeof *fd) == sizeof *fd;
    pthread_mutex_lock(&q->guard);
    *was_full = q->count == q->size;
    q->count -= found;
    pthread_mutex_unlock(&q->guard);
    return found;
}
bool queue_drain(struct queue *q, int *fd)
{
    (void)q, (void)fd;
    return false; /* nobody may wait here */
}
void queue_close(struct queue *q)
{
    close(q->ends[1]);
}
EOF
}

@test "a queue that is a pipe is tried, and the end that nobody tells is found" {
    pipe_queue
    run schedules
    assert_success
    sed -i 's/^    close(q->ends\[1\]);//' "$copy/queue.c"
    run schedules
    assert_failure 1
    assert_line --regexp '^worker-1 is stuck: it waits for something to read\.$'
}

# ---- The game: you are the scheduler

# play [KEYS]: with REPLAY, or else in the terminal (run).
play() {
    [ $# -eq 0 ] || export REPLAY=$1
    timeout $((60 * TIMEOUT_SCALE)) "$TESTS_DIR/schedule/play.sh" 6
}

@test "a recorded game drives the broken queue wrong" {
    BUG=one-woken run play 11220002022
    assert_success
    assert_line 'Bug one-woken: The end wakes one thread only'
    assert_line ' 1 worker-1  sleeps at queue->changed'
    assert_line --regexp '^     queue.c:[0-9]+ pthread_cond_wait\(&queue->changed, &queue->mutex\);$'
    assert_line ' 2 worker-2  has ended'
    assert_line 'queue  [ ] 0 of 2, closed'
    assert_line 'mutex  free'
    assert_line 'asleep worker-1'
    assert_line 'You have won: worker-1 is stuck: it sleeps at queue->changed.'
}

@test "the same keys do not drive the healthy queue wrong" {
    CASE=idle run play 112200020221
    assert_failure 2
    assert_output "schedule: key 8, '2': this thread cannot go on"
    CASE=idle run play 11220000112200
    assert_failure 1
    assert_line 'All went well: you have not won.'
    refute_output --partial 'You have won'
}

@test "the game shows what is in the queue, who holds the mutex, who can go on" {
    BUG=35 CASE=one run play 000000001
    assert_failure 1
    assert_line 'queue  [ 2 ] 1 of 2, open'
    assert_line 'mutex  queue->mutex: worker-1 holds it'
    assert_line 'asleep nobody'
    assert_line --regexp '^>1 worker-1  can go on$'
}

@test "a step back is as if it had never been made" {
    local once
    once=$(CASE=two play 11 || true)
    CASE=two run play 1122uu
    assert_output "$once"
    CASE=two run play 1u0u11
    assert_output "$once"
    CASE=two run play u
    assert_failure 2
    assert_output --partial 'this is the beginning'
}

@test "a bug that does not exist or does not fit is a clear error" {
    BUG=nosuch run play 0
    assert_failure 2
    assert_line --index 0 "play.sh: there is no bug 'nosuch'; there are:"
    assert_output --regexp ' one-woken .* 35-mutex-to-the-grave '
    refute_output --partial zombies # it is not in the queue
    sed -i 's/pthread_cond_broadcast/pthread_cond_signal/' "$copy/queue.c"
    BUG=one-woken DIR=$copy run play 0
    assert_failure 2
    assert_output --partial "the bug 'one-woken' does not fit"
}

@test "a copy that goes wrong is played in a case that can" {
    put_in 194
    DIR=$copy run play ''
    assert_failure 1
    assert_line 'one worker, two items; step 0'
}

# in_terminal KEYS: play in a terminal of 80 columns, and show it afterwards (run).
in_terminal() {
    local out=$BATS_TEST_TMPDIR/typescript
    rm -f "$out"
    type_keys "$1" "$out" |
        TERM=xterm timeout $((60 * TIMEOUT_SCALE)) script --quiet --flush \
            --return --command "stty rows 24 cols 80
                CASE=idle $TESTS_DIR/schedule/play.sh 6
                echo \"status \$?\"; stty -a" "$out"
}

# type_keys KEYS FILE: print the keys when the game is there, and stay until it
# has ended.
type_keys() {
    in_time 20 grep -qs 'who goes next' "$2" && printf '%b' "$1"
    in_time 20 grep -qs 'status [0-9]' "$2"
}

@test "in a terminal, q and Ctrl-C end the game and leave the terminal as it was" {
    need_ncurses
    local key
    for key in q '\003'; do
        unset NO_COLOR
        run in_terminal "11?xu$key"
        assert_success
        assert_output --partial 'sleeps at queue->changed (may wake up'
        assert_output --partial 'You are the scheduler.'
        assert_output --partial $'\e[32m'
        assert_output --partial 'status 0'
        assert_output --regexp '[[:space:]]isig icanon .* echo '
    done
    NO_COLOR=1 run in_terminal q
    refute_output --partial $'\e[32m'
}

need_ncurses() {
    echo | "${CC:-cc}" -E -include ncurses.h -x c - >/dev/null 2>&1 ||
        skip "ncurses.h is not here"
}

@test "without a terminal, or without ncurses.h, the game says so in a line" {
    need_ncurses
    run play </dev/null
    assert_failure 2
    assert_output 'schedule: this is played in a terminal (or give it --replay KEYS)'
    cat >"$BATS_TEST_TMPDIR/cc" <<'EOF'
#!/bin/sh
case $* in *ncurses*) exit 1 ;; esac
exec cc "$@"
EOF
    chmod +x "$BATS_TEST_TMPDIR/cc"
    CC=$BATS_TEST_TMPDIR/cc run play
    assert_failure 2
    assert_output 'play.sh: the game needs ncurses.h: sudo apt-get install libncurses-dev'
    CC=$BATS_TEST_TMPDIR/cc CASE=idle run play 11
    assert_failure 1
    assert_line 'asleep worker-1'
}
