#!/usr/bin/env bats
# A kernel that works while the server waits: whole conversations without a system
# call for each step, operations that fail or are cancelled midway, thousands of
# clients that hold no buffer, and places where there is no io_uring.

# shellcheck disable=SC2016 # $ is for wait_for and for other shells
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# shellcheck disable=SC2034 # helpers.bash reads SERVER_PREFIX
# shellcheck disable=SC2054 # these commas belong to words

load helpers

TRAIN_MAX=1048576

setup_file() {
    mkdir "$BATS_FILE_TMPDIR/data"
    cd "$BATS_FILE_TMPDIR/data" || return
    seq 700 >small
    seq -f %015.0f $((1024 * 1024)) >big # 16 MiB, more than buffers take
    truncate -s 64M huge
}

setup() {
    FILES=$BATS_FILE_TMPDIR/data
    OUT=$BATS_TEST_TMPDIR/out
    PROOF=$BATS_TEST_TMPDIR/ring.proof
    mkdir "$OUT"
}

# serve_with_fault SPEC [ARG...]: the same, and operations fail.
serve_with_fault() {
    start_ring_fault "$1" --directory "$FILES" "${@:2}"
}

assert_failed_operations() {
    [ -s "$PROOF" ] || explain "no operation was made to fail: nothing is proved"
}

# crowd N STEP...: so many clients come and stay. The last one does these steps.
crowd() {
    start_evil connect "crowd:$(($1 - 1))" say:here "${@:2}" hold
    in_time 30 grep -q here "$BATS_TEST_TMPDIR/evil.out" ||
        explain "$1 clients cannot connect:" \
            "$(cat "$BATS_TEST_TMPDIR/evil.err")"
}

# ---- Where there is no io_uring

# refused CALL ERROR: the server must end with a line that matches the output.
# shellcheck disable=SC2154 # run sets stderr
refused() {
    need_strace
    run --separate-stderr timeout 10 strace -qq -o "$BATS_TEST_TMPDIR/trace" \
        -e "trace=$1" -e "inject=$1:error=$2" "$STAGE_DIR/$SERVER" --port 0
    assert_failure 1
    assert_output '' # it does not say that it listens
    assert_injected "$BATS_TEST_TMPDIR/trace"
    [ "$(wc -l <<<"$stderr")" -eq 1 ] || explain "it says more than a line: $stderr"
    [[ $stderr == "$SERVER: io_uring: "*"$3"*server_reactor*": $4" ]] ||
        explain "it says: $stderr"
}

# bats test_tags=native
@test "where io_uring is forbidden, hidden or too old, a line says what to do [fault 140]" {
    refused io_uring_setup EPERM kernel.io_uring_disabled 'Operation not permitted'
    refused io_uring_setup ENOSYS seccomp 'Function not implemented'
    refused io_uring_setup EINVAL 'Linux 6.1' 'Invalid argument'
    refused io_uring_register EPERM kernel.io_uring_disabled \
        'Operation not permitted'
}

# ---- Near silence

# bats test_tags=native
@test "100 requests on a connection cost few system calls beside the waiting" {
    local trace=$BATS_TEST_TMPDIR/trace calls
    need_strace
    SERVER_PREFIX=(strace -D -f -qq -o "$trace")
    serve
    SERVER_PREFIX=()
    echo begin >>"$trace"
    evil 'repeat:100:\0\0\0\x05small' recv:272200 halfclose expect-eof >/dev/null
    wait_for_log ': done'
    calls=$(sed '1,/^begin/d' "$trace" | grep -Ec ' (read|recv|send|open|close|accept|epoll)' || true)
    [ "$calls" -eq 0 ] || explain "the server does itself what the kernel is to do:" \
        "$(sed '1,/^begin/d' "$trace" | head -n 20)"
    run grep -c ' io_uring_enter' "$trace"
    [[ $output -ge 3 && $output -le 700 ]] ||
        explain "it has waited $output times for 100 requests"
}

# ---- Many clients

# bats test_tags=native
@test "9,000 silent clients cost 300 bytes each, hold no buffer, and hold up nobody" {
    local before memory_before memory
    [ "$(ulimit -Hn)" -ge 18100 ] || skip "at most $(ulimit -Hn) fds are allowed"
    serve
    fetch_numbered 0
    before=$(fd_count "$SERVER_PID") memory_before=$(memory VmRSS "$SERVER_PID")
    crowd 9000
    in_time 20 has_fds $((before + 9000)) || explain "of 9,000 clients" \
        "$(($(fd_count "$SERVER_PID") - before)) were accepted"
    memory=$(memory VmRSS "$SERVER_PID")
    [ $(((memory - memory_before) * 1024 / 9000)) -le 300 ] ||
        explain "9,000 clients who say nothing take $((memory - memory_before)) kB"
    fetch_numbered 1 big
    in_time 5 is_at_rest "$SERVER_PID" || explain "all are silent, but the server is busy"
    release_evil
    in_time 20 has_fds "$before" ||
        explain "all have gone, but $(fd_count "$SERVER_PID") fds are open," \
            "$before before they came"
    wait_evil
}

# All of them have asked before the server looks.
@test "400 clients that ask at once are all answered, though there are fewer buffers" {
    local fd
    serve
    hold_clients 400
    wait_for "[ \"\$(server_log | grep -c ' is fd ')\" -eq 400 ]" 10
    signal_all STOP "$SERVER_PID"
    for fd in "${HELD[@]}"; do
        printf '\0\0\0\5small' >&"$fd"
    done
    signal_all CONT "$SERVER_PID"
    wait_for "[ \"\$(server_log | grep -c ': sent small')\" -eq 400 ]" 10
}

@test "beyond the limit of descriptors further clients wait, and are served" {
    local i room pids=()
    SERVER_PREFIX=(prlimit --nofile=64:64)
    serve
    SERVER_PREFIX=()
    room=$(server_log | sed -n 's/.* room for \([0-9]*\) clients.*/\1/p')
    crowd "$room"
    in_time 5 has_connections "$room"
    wait_for "[ \"\$(server_log | grep -c ' is fd ')\" -eq $room ]" 5
    for i in {1..3}; do
        background fetch_numbered "$i"
        pids+=("$BACKGROUND_PID")
    done
    in_time 5 has_connections $((room + 3)) # the kernel has let them in
    in_time 5 is_at_rest "$SERVER_PID" || explain "it is busy while clients wait"
    release_evil
    for i in "${pids[@]}"; do
        wait_background "$i"
        [ "$BACKGROUND_STATUS" -eq 0 ] ||
            explain "a client that had to wait was not served"
    done
    wait_evil
}

@test "when no descriptor is left it backs off, and accepts again [fault 141]" {
    serve_with_fault accept:24:1:3
    fetch_numbered 1
    assert_failed_operations
    wait_for_log 'accept: Too many open files'
    [ "$(server_log | grep -c 'accept: ')" -eq 3 ] ||
        explain "three times it could not accept, but it says so" \
            "$(server_log | grep -c 'accept: ') times"
}

@test "20 clients that do not read cost no thread, and hold up nobody [trap 43]" {
    local i fd
    serve --workers 1
    for i in {1..20}; do
        hold_client fd
        printf '\0\0\0\4huge' >&"$fd"
    done
    hold_client fd
    printf '\0\0\0\4sm' >&"$fd" # half a request
    fetch_numbered 1 big
    in_time 5 is_at_rest "$SERVER_PID" || explain "nobody reads, but the server is busy"
    wait_for '[ "$(ls "/proc/$SERVER_PID/task" | wc -l)" -le 8 ]' 5
}

@test "a client's time runs from its last sign of life, whatever others do" {
    local fd
    serve --timeout 0.5
    hold_client 5
    for fd in 6 7 8; do
        hold_client $fd
        printf '\0\0\0\5small' >&$fd
    done
    run timeout 10 cat <&5 # until the server has closed
    assert_success
    wait_for_log 'Connection timed out'
}

# ---- Operations that fail

@test "a file that cannot be spliced is copied [fault 142]" {
    serve_with_fault splice:22:1:1
    fetch_numbered 1 big
    assert_failed_operations
    wait_for_log 'splice: Invalid argument; copying instead'
    stop_server
    rm "$PROOF"
    serve_with_fault splice:22:3:3 # in mid-file
    fetch_numbered 2 big
    assert_failed_operations
}

@test "a file that cannot be read without waiting is read by a thread of the kernel" {
    serve_with_fault read:11:1:1
    fetch_numbered 1
    assert_failed_operations
}

@test "operations that are interrupted are submitted again" {
    local operation
    for operation in recv read send splice; do
        rm -f "$PROOF"
        serve_with_fault $operation:4:1:3
        fetch_numbered "$operation-small"
        fetch_numbered "$operation-big" big
        assert_failed_operations
        stop_server
    done
}

@test "an operation that fails for good ends that transfer only" {
    local operation
    for operation in read:5:1:1 send:104:1:1 splice:5:2:2; do
        rm -f "$PROOF"
        serve_with_fault $operation
        run run_client --quiet --output "$OUT" small big
        assert_failure 1
        assert_failed_operations
        fetch_numbered "${operation//:/.}" big
        stop_server
    done
}

@test "no buffer is left just then: the client is received from again" {
    serve_with_fault recv:105:1:5
    fetch_numbered 1
    assert_failed_operations
}

# ---- The end

@test "1,000 silent clients are cut at once, or when the drain time-out is over" {
    local mode
    for mode in cancel drain; do
        serve --exit $mode --drain-timeout 0.2
        crowd 1000
        in_time 10 has_connections 1000
        wait_for "[ \"\$(server_log | grep -c '\[$SERVER_PID\].* is fd')\" -eq 1000 ]" 10
        stop_server
        assert_equal "$SERVER_STATUS" 1
        run server_log
        assert_line "[$SERVER_PID] stopped: 0 clients served, 1000 cut"
        wait_evil
    done
}

@test "clients that do not read are cut in the middle of a chain" {
    local fd
    serve --exit cancel
    for fd in 5 6 7; do
        hold_client $fd
        printf '\0\0\0\4huge' >&$fd
    done
    in_time 5 is_stuck
    wait_for "[ \"\$(server_log | grep -c ' is fd ')\" -eq 3 ]" 5
    stop_server
    assert_equal "$SERVER_STATUS" 1
    run server_log
    assert_line --partial 'stopped: 0 clients served, 3 cut'
}

# What an operation under way has open stays open, whoever closes it: of a server
# that was killed for as long as the kernel needs to take the ring apart.
@test "the port is free as soon as the server has ended" {
    local port
    serve
    port=$SERVER_PORT
    crowd 100
    in_time 5 has_connections 100
    stop_server
    serve --port "$port"
    signal_all KILL "$SERVER_PID"
    wait_server
    in_time 5 does_not_listen "$port"
    release_evil
}

