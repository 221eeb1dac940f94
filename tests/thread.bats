#!/usr/bin/env bats
# The pool of threads: one process, a queue with an end, and threads that can be
# cancelled wherever they are.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# shellcheck disable=SC2034,SC2154 # the helpers, or run, set or read it

load helpers

setup_file() {
    mkdir "$BATS_FILE_TMPDIR/data"
    cd "$BATS_FILE_TMPDIR/data" || return
    seq 700 >small
    seq -f %015.0f $((1024 * 1024)) >big # 16 MiB, more than buffers take
}

setup() {
    FILES=$BATS_FILE_TMPDIR/data
    OUT=$BATS_TEST_TMPDIR/out
    mkdir "$OUT"
}

@test "a queue longer than there are descriptors leaves enough for the files [fault 124]" {
    local reply
    SERVER_PREFIX=(prlimit --nofile=100:100)
    serve --workers 1 --queue 200
    hold_client 5
    hold_clients 120
    printf '\0\0\0\5small' >&5
    # The zero bytes of lengths are lost on the shell.
    read -rt $((10 * TIMEOUT_SCALE)) -N 5 -u 5 reply || true
    [[ $reply == *+sma* ]] ||
        explain "with 120 clients, a queue for 200 and 100 descriptors the first" \
            "client asks for a file, and gets: '$reply'" "$(server_log | tail -n 3)"
}

# start_stopping_client: a client that asks for big, and stops itself when its
# first bytes come.
start_stopping_client() {
    background env "LD_PRELOAD=$TESTS_DIR/build/stop_midway.so" \
        "$STAGE_DIR/client" -p "$SERVER_PORT" --quiet --output "$OUT" big \
        >"$BATS_TEST_TMPDIR/client.out" 2>"$BATS_TEST_TMPDIR/client.err"
    CLIENT_PID=$BACKGROUND_PID
}

# stop_client_midway: the same, and by now it has stopped.
stop_client_midway() {
    start_stopping_client
    in_time 10 is_stopped "$CLIENT_PID" ||
        explain "the client does not stop in mid-transfer. It says:" \
            "$(cat "$BATS_TEST_TMPDIR/client.err")"
}

# finish_client STATUS: let the client that has stopped itself go on; it must end
# with this status.
finish_client() {
    signal_all CONT "$CLIENT_PID"
    wait_background "$CLIENT_PID"
    assert_background_status "$1" "It is the client that stopped in mid-transfer," \
        "and $(said "$(<"$BATS_TEST_TMPDIR/client.err")")"
}

# assert_cut_short: that client, when it goes on, finds its download cut.
assert_cut_short() {
    finish_client 1
    run cat "$BATS_TEST_TMPDIR/client.err"
    assert_output --regexp '^client: big: connection closed after [0-9]+ of 16777216'
    assert_is "files that a cut download leaves" '' "$(ls -A "$OUT")"
}

# task_ids NAME: print the ids of the server's threads with this name (a pattern).
task_ids() {
    local task name
    for task in "/proc/$SERVER_PID/task"/*; do
        read -r name <"$task/comm"
        # shellcheck disable=SC2053 # a pattern
        [[ $name != $1 ]] || echo "${task##*/}"
    done
}

# has_tasks NAME N
has_tasks() {
    [ "$(task_ids "$1" | wc -l)" -eq "$2" ]
}

# assert_tasks NAME N: wait until there are so many threads with this name.
assert_tasks() {
    in_time 5 has_tasks "$@" ||
        explain "there should be $2 threads called $1. Those that are there:" \
            "$(cat "/proc/$SERVER_PID/task"/*/comm)"
}

# assert_stopped SERVED CUT: the server's log says that so many were.
assert_stopped() {
    wait_for_log "^.$SERVER_PID. stopped: $1 clients served, $2 cut$"
}

# ---- One process, N threads

@test "the workers are named threads of one process" {
    local number
    serve --workers 5
    assert_is "processes beside the server's one" '' "$(children "$SERVER_PID")"
    for number in 1 2 3 4 5; do
        assert_tasks "worker-$number" 1
    done
    assert_tasks 'worker-*' 5
    at_once 10 fetch_numbered
    assert_tasks 'worker-*' 5
}

# bats test_tags=native
@test "no signal that ends the server can come to a worker [fault 91]" {
    local id blocked signals
    signals=$((1 << 0 | 1 << 1 | 1 << 9 | 1 << 14)) # HUP, INT, USR1, TERM
    serve --workers 3
    assert_tasks 'worker-*' 3
    for id in $(task_ids 'worker-*'); do
        blocked=$(sed -n 's/^SigBlk:\t*//p' "/proc/$SERVER_PID/task/$id/status")
        [ $((16#$blocked & signals)) -eq $signals ] ||
            explain "thread $id does not block all signals: SigBlk $blocked"
    done
    blocked=$(sed -n 's/^SigBlk:\t*//p' "/proc/$SERVER_PID/status")
    [ $((16#$blocked & signals)) -eq 0 ] ||
        explain "the main thread blocks signals as well: SigBlk $blocked"
}

# Signals to a thread that blocks them go to one that does not.
@test "every signal is taken, in each of 20 runs [fault 91]" {
    local run signals=(INT TERM USR1)
    for run in {1..20}; do
        serve --workers 4
        stop_server "${signals[run % 3]}" 5
        assert_server_status 0
    done
}

# bats test_tags=native
@test "a thread that cannot be started ends the server with a message [fault 92]" {
    local which
    need_strace
    for which in 1 2 3; do
        run --separate-stderr timeout $((10 * TIMEOUT_SCALE)) strace -f -qq \
            -o "$BATS_TEST_TMPDIR/trace" -e trace=clone,clone3 \
            -e "inject=clone,clone3:error=EAGAIN:when=$which" \
            "$STAGE_DIR/$SERVER" --port 0 --workers 3
        [ "$status" -eq 1 ] ||
            explain "without its thread number $which the server ends with" \
                "$(status_text "$status"), expected 1"
        assert_silent "without its thread number $which, on standard output"
        # shellcheck disable=SC2154 # run sets it
        [[ $stderr == *"$SERVER: "*"Resource temporarily unavailable"* ]] ||
            explain "without its thread number $which the server should say why" \
                "('Resource temporarily unavailable'), but $(said "$stderr")"
        assert_injected "$BATS_TEST_TMPDIR/trace"
    done
}

# ---- The queue

@test "the queue has an end: further clients wait in the kernel, and cost nothing [fault 88] [trap 38]" {
    local before i pids=()
    serve --workers 1 --queue 2
    stop_client_midway
    before=$(fd_count "$SERVER_PID") # with one client and its file
    for i in {1..12}; do
        background fetch_numbered "$i"
        pids+=("$BACKGROUND_PID")
    done
    in_time 10 has_fds $((before + 2)) ||
        explain "12 clients came. With --queue 2 the server should have" \
            "$((before + 2)) fds, it has $(fd_count "$SERVER_PID")"
    # Now the queue is full: all the rest must be known to the kernel only.
    in_time 10 has_connections 13 ||
        explain "13 clients should be connected, there are" \
            "$(sockets connected | wc -l)"
    has_fds $((before + 2)) ||
        explain "with --queue 2 the server has $(fd_count "$SERVER_PID") fds;" \
            "before there were any clients in the queue it had $before"
    finish_client 0
    for i in "${pids[@]}"; do
        wait_background "$i"
        assert_background_status 0 "It is a client that had to wait."
    done
    stop_server
    assert_server_status 0
    assert_stopped 13 0
}

@test "while a thread is free a client that does not read holds up nobody [fault 89] [trap 43]" {
    local i
    serve --workers 2
    stop_client_midway
    for i in a b c; do
        fetch_numbered "$i"
    done
    at_once 10 fetch_numbered
    finish_client 0
    assert_same big
}

# bats test_tags=native
@test "200 clients leave no fd and no thread behind" {
    # fewer than before, if the first client was still being parted from
    at_most() { (($(fd_count "$SERVER_PID") <= $1)); }
    local before i
    serve --workers 4
    fetch_numbered 0
    before=$(fd_count "$SERVER_PID")
    for i in {1..20}; do
        ten_connections
    done
    in_time 5 at_most "$before" ||
        explain "after 200 clients the server has $(fd_count "$SERVER_PID")" \
            "fds, before it had $before:" "$(ls -l "/proc/$SERVER_PID/fd")"
    assert_tasks 'worker-*' 4
    fetch_numbered 1
}

# Half of them ask for a file.
ten_connections() {
    local - fd
    set +T # see in_time
    hold_clients 10
    for fd in "${HELD[@]:5}"; do
        printf '\0\0\0\5small' >&"$fd"
    done
    for fd in "${HELD[@]}"; do
        release_client "$fd"
    done
}

# bats test_tags=native
@test "no client is forgotten when the wake-up of its thread comes late [fault 86]" {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -e trace=futex
        -e inject=futex:delay_enter=20ms)
    serve --workers 3 --queue 4
    SERVER_PREFIX=()
    at_once 16 fetch_numbered
    assert_delayed
    stop_server
    assert_server_status 0
    assert_stopped 16 0
}

# ---- Cancel

NEVER=$((60 * TIMEOUT_SCALE)) # seconds: a drain time-out that none sees

# cancel: end a server that runs with --exit cancel; it must not wait for anybody.
cancel() {
    stop_server TERM 10 ||
        explain "With --exit cancel it waits. Its threads, and where they are:" \
            "$(ps -L -o tid,comm,wchan:20 -p "$SERVER_PID")"
}

@test "threads that wait for a client are cancelled at once, 20 times [trap 35]" {
    local run
    for run in {1..20}; do
        serve --exit cancel --workers 8 --drain-timeout $NEVER
        cancel
        assert_server_status 0
    done
}

# cancel_transfers METHOD: five times, with more threads idle.
cancel_transfers() {
    local run
    for run in 1 2 3 4 5; do
        serve --exit cancel --method "$1" --workers 3 --drain-timeout $NEVER
        stop_client_midway
        in_time 10 buffers_are_full || explain "the client does not read, but the" \
            "server goes on sending, or sends nothing: $(sockets connected)"
        cancel
        assert_server_status 1
        assert_cut_short
        assert_stopped 0 1
    done
}

# buffers_are_full: the server has sent what the client does not read, and no
# more is sent. The fifth column begins with what is unsent.
buffers_are_full() {
    local queue
    queue=$(sockets connected | awk '{ print $5 }')
    [[ $queue != 00000000:* && $queue == "${queue_before-}" ]] || {
        queue_before=$queue
        return 1
    }
}

@test "a thread that sends by copy is cancelled at once" {
    cancel_transfers copy
}

@test "a thread that holds a mapped file is cancelled at once" {
    cancel_transfers mmap
}

# sendfile(2) is no cancellation point (pthreads(7)).
@test "a thread that sits in sendfile is cancelled at once" {
    cancel_transfers sendfile
}

@test "a thread that holds a pipe is cancelled at once" {
    cancel_transfers splice
}

@test "threads that wait, send, and read a request are cancelled together" {
    local run
    for run in 1 2 3 4 5; do
        serve --exit cancel --method splice --workers 4 --drain-timeout $NEVER
        hold_client 5 # says nothing
        hold_client 6
        printf '\0\0\0\5sm' >&6 # half a request
        stop_client_midway
        cancel
        assert_server_status 1
        assert_cut_short
        assert_stopped 0 3
    done
}

# is_held_up NAME: strace holds up the thread of this name.
is_held_up() {
    local REPLY id
    id=$(task_ids "$1")
    state_of "$SERVER_PID/task/$id"
    [ "$REPLY" = t ] || return 1
    tick # it may be the short stop of any system call
    state_of "$SERVER_PID/task/$id"
    [ "$REPLY" = t ]
}

# A worker that takes a client from a full queue tells the event loop by an
# eventfd that there is room again. It is held up there: no longer in the queue,
# the client is not yet known as the worker's.
# bats test_tags=native
@test "a client between the queue and its thread is cut like all others [fault 78]" {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -e trace=write
        -P 'anon_inode:[eventfd]' -e inject=write:delay_enter=700ms:when=1)
    serve --workers 1 --queue 1 --drain-timeout $NEVER
    start_stopping_client
    in_time 10 is_held_up worker-1 ||
        explain "worker-1 should be writing to the eventfd, but it is not. The" \
            "threads:" "$(ps -L -o tid,stat,comm,wchan:20 -p "$SERVER_PID")"
    signal_all TERM "$SERVER_PID"
    in_time 10 does_not_listen ||
        explain "10 s after the signal the server still listens"
    stop_server TERM 10
    assert_delayed
    assert_server_status 1
    assert_stopped 0 1
    finish_client 1
}

# A thread says in its last write that it is about to end. Held up there it does
# not run into what is freed at the end: the server waits for it.
# bats test_tags=native
@test "who is still at work when the pool ends is waited for [trap 40]" {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -e trace=write
        -P 'anon_inode:[eventfd]' -e inject=write:delay_enter=700ms:when=2)
    serve --workers 1 --queue 1 # when a client is taken, there is room again
    fetch 1
    wait_for_log ': done$'
    signal_all TERM "$SERVER_PID"
    wait_for_log stopping
    stop_server TERM 10
    grep -q DELAYED "$TRACE"
    run ! grep -E 'write\(.* = \?' "$TRACE"
}

# bats test_tags=native
@test "a client that a thread parts from is not cut any more" {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -e 'trace=close,shutdown'
        -e inject=close:delay_exit=1s:when=1) # of each thread
    serve --workers 1 --exit cancel
    hold_client 5
    in_time 10 has_connections 1
    release_client 5
    in_time 10 has_connections 0
    in_time 10 has_socket_fds 1 # the listener's
    stop_server TERM 10
    grep -q DELAYED "$TRACE"
    run ! grep -E 'shutdown\(.* = -1 (EBADF|ENOTSOCK|ENOTCONN)' "$TRACE"
}

# has_socket_fds N: the server has so many.
has_socket_fds() {
    [ "$(find "/proc/$SERVER_PID/fd" -lname 'socket:*' 2>/dev/null | wc -l)" -eq "$1" ]
}

# A thread that ends gives back most of its stack (madvise): all are held up there.
# bats test_tags=native
@test "the process does not end before its threads have" {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -e 'trace=madvise,exit,exit_group'
        -e inject=madvise:delay_enter=300ms)
    serve --workers 4
    SERVER_PREFIX=()
    stop_server
    assert_server_status 0
    assert_delayed
    assert_is "threads that had ended when the process did (all its workers; see \
pthread_join(3))" 4 "$(awk '/ exit_group\(/ { exit } / exit\(/' "$TRACE" | wc -l)"
}

# ---- The queue by itself

# build_queue_check PROGRAM [FLAG...]: with the queue of the stage, which may be
# built otherwise: without a condition variable of that name.
build_queue_check() {
    local other=()
    grep -q 'pthread_cond_t changed;' "$STAGE_DIR/queue.h" ||
        other=(-DOTHER_QUEUE)
    build_unit "$1" queue_check queue.c "${other[@]}" "${@:2}"
}

# assert_keeps CHECK...: the queue keeps these promises.
assert_keeps() {
    local check program=$BATS_TEST_TMPDIR/queue_check
    build_queue_check "$program"
    for check in "$@"; do
        assert_unit 20 "$program" "$check"
    done
}

# bats test_tags=native
@test "the queue keeps the order, and its size" {
    assert_keeps order crowd
}

# bats test_tags=native
@test "when the queue is closed all are woken, and nobody waits again [fault 86] [trap 36]" {
    assert_keeps close
}

# bats test_tags=native
@test "who is cancelled in the queue leaves it to the others [trap 35]" {
    assert_keeps cancel race
}

# bats test_tags=native
@test "a wake-up for no reason is no client [fault 87] [trap 39]" {
    assert_keeps spurious
}

# bats test_tags=native
@test "the thread sanitizer finds no race in the queue [fault 85] [trap 37]" {
    local check prefix=() program=$BATS_TEST_TMPDIR/queue_check
    echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/empty.c"
    "${CC:-cc}" -fsanitize=thread -o "$BATS_TEST_TMPDIR/empty" \
        "$BATS_TEST_TMPDIR/empty.c" 2>/dev/null ||
        skip "the compiler has no thread sanitizer"
    # Where addresses are too random for it, it does not start without setarch.
    "$BATS_TEST_TMPDIR/empty" 2>/dev/null || prefix=(setarch -R)
    "${prefix[@]}" "$BATS_TEST_TMPDIR/empty" || skip "programs with it do not run"
    build_queue_check "$program" -fsanitize=thread
    for check in order crowd close cancel race spurious; do
        assert_unit 60 "${prefix[@]}" "$program" "$check"
    done
}
