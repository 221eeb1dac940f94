#!/usr/bin/env bats
# crowd.bats: a thread for each client: how many there may be, and what is left of
# one that has ended, or that could not be started.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# shellcheck disable=SC2034,SC2054,SC2154 # helpers.bash sets or reads it; commas
# belong to words

load helpers

# serve_in_turn N: so many clients, one after the other.
serve_in_turn() {
    local - i client
    set +T # Bats follows every command, which takes time
    for ((i = 0; i < $1; i++)); do
        hold_client client
        ask "$client" hello
        release_client "$client"
    done
}

has_one_thread() {
    local tasks=("/proc/$SERVER_PID/task"/*)
    [ ${#tasks[@]} -eq 1 ]
}

# only_one_thread: wait until no client is served any more.
only_one_thread() {
    in_time 5 has_one_thread || explain "all clients are gone, but there are" \
        "threads: $(ls "/proc/$SERVER_PID/task")"
}

# bats test_tags=native
@test "a thread that has ended leaves no memory behind, nor its stack" {
    local before after
    start_server
    serve_in_turn 20
    only_one_thread
    before=$(memory VmSize "$SERVER_PID")
    serve_in_turn 60
    only_one_thread
    after=$(memory VmSize "$SERVER_PID")
    # A stack takes 8 MiB of addresses, which the C library uses again.
    ((after - before < 5 * 8192)) ||
        explain "after 20 clients the server had $before kB of addresses, after 80" \
            "it has $after kB: the stacks of threads that have ended are kept until" \
            "somebody joins them, unless they are detached (pthread_detach(3))"
}

@test "no more than --workers are served at once, further clients wait [fault 7]" {
    start_server --workers 2
    hold_client 5
    hold_client 6
    ask 5 one
    ask 6 two
    hold_client 7
    echo three >&7
    assert_waits 7
    release_client 6
    read -rt $((5 * TIMEOUT_SCALE)) -u 7 line ||
        explain "a client has gone, but the one that waited is not served"
    ask 7 four
}

# bats test_tags=native
@test "a client for whom there can be no thread is let go, and takes nobody's place [fault 92]" {
    local fds
    # With one place, a client that were still counted would shut out all others.
    start_injected clone,clone3:error=EAGAIN:when=1+2 --workers 1
    fds=$(fd_count "$SERVER_PID")
    hold_client 5
    assert_closed 5
    assert_injected
    wait_for_log 'thread: Resource temporarily unavailable$'
    hold_client 6
    ask 6 hello
    release_client 6
    release_client 5
    in_time 5 has_fds "$fds" ||
        explain "the server had $fds descriptors, and now it has:" \
            "$(fd_list "$SERVER_PID")"
}

# bats test_tags=native
@test "when no thread can be made the server rests between clients [fault 92]" {
    local fd pause
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -ttt -o "$TRACE" -e trace=clone,clone3
        -e inject=clone,clone3:error=EAGAIN)
    start_server
    hold_clients 4
    for fd in "${HELD[@]}"; do
        assert_closed "$fd"
    done
    assert_injected
    run awk '/^[0-9]+ .*INJECTED/ {
        if (last != "")
            printf "%d\n", ($2 - last) * 1000
        last = $2
    }' "$TRACE"
    [ ${#lines[@]} -eq 3 ] || explain "expected 4 attempts:" "$(<"$TRACE")"
    for pause in "${lines[@]}"; do
        [ "$pause" -ge 90 ] ||
            explain "4 clients were waiting, and no thread could be made. Between" \
                "two attempts the server should rest for 100 ms, but it rested for" \
                "$pause ms"
    done
}

# The thread that leaves is held up at each futex(2). It must have counted itself
# out before it wakes who waits for that: else that one looks, and sleeps for good.
# bats test_tags=native
@test "who waits for a place is not woken before it is free [fault 86]" {
    local i client
    start_traced_futex --workers 1
    for i in 1 2 3 4; do
        hold_client client
        ask "$client" "client $i"
        hold_client next
        echo "next $i" >&"$next"
        release_client "$client"
        read -rt $((5 * TIMEOUT_SCALE)) -u "$next" line ||
            explain "the only client has gone, but the next one waits for ever:" \
                "was the wake-up sent before the place was free?"
        release_client "$next"
    done
    assert_delayed
}

start_traced_futex() {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -e trace=futex
        -e inject=futex:delay_exit=50ms)
    start_server "$@"
    SERVER_PREFIX=()
}
