#!/usr/bin/env bats
# fork.bats: a process for each client: who has which descriptors, who waits for
# whom, how many there may be.

# shellcheck disable=SC2034,SC2153,SC2154 # helpers.bash or run sets or reads it

load helpers

# greet FD: ask on this connection; sets PID to the process that answers.
greet() {
    ask "$1" hello
    PID=${REPLY#[}
    PID=${PID%%]*}
    [ "$REPLY" = "[$PID] hello" ] ||
        explain "expected the answer '[PID] hello', got '$REPLY'"
}

# assert_children N: the server has so many, zombies left out.
assert_children() {
    assert_is "processes that serve a client" "$1" \
        "$(children "$SERVER_PID" | wc -l)"
}

# wait_for_reaping: until the server has waited for all children that ended.
wait_for_reaping() {
    in_time 5 no_zombies "$SERVER_PID" ||
        explain "children ended, but the server does not wait for them:" \
            "$(ps -o pid,ppid,stat,comm --ppid "$SERVER_PID")"
}

# serve_many N: N clients, one after the other.
serve_many() {
    (
        trap - DEBUG ERR # Bats follows every command, which takes time
        local i line
        for ((i = 0; i < $1; i++)); do
            exec 9<>"/dev/tcp/$SERVER_ADDRESS/$SERVER_PORT"
            echo hello >&9
            read -rt $((5 * TIMEOUT_SCALE)) -u 9 line
            exec 9>&-
            [[ $line == *hello ]] || exit 1
        done
    ) || explain "one of $1 clients, one after the other, got no answer"
    wait_for "[ -z \"\$(ps -o pid= --ppid $SERVER_PID)\" ]" 5 \
        "All clients have gone, so the server should have no child, nor a zombie."
}

@test "each client has a process of its own, which is the server's child" {
    local first second
    start_server
    hold_client 5
    hold_client 6
    greet 5
    first=$PID
    greet 6
    second=$PID
    greet 5
    assert_is "the process that answers the first client again" "$first" "$PID"
    assert_is "children of the server (those that answered)" \
        "$(printf '%s\n' "$first" "$second" | sort)" \
        "$(children "$SERVER_PID" | sort)"
    release_client 5
    wait_for "[ \$(children $SERVER_PID | wc -l) -eq 1 ]" 5 \
        "Of two clients one has gone: its process should end, the other stay."
    greet 6
}

@test "a child ends with its client and leaves no zombie [fault 1] [trap 1]" {
    start_server
    serve_many 20
    assert_is "lines of the log with 'ended with status 0'" 20 \
        "$(server_log | grep -c 'ended with status 0$')"
}

@test "children that die at the same time all leave [fault 2] [trap 1]" {
    local fd
    start_server
    for fd in {5..9}; do
        hold_client "$fd"
        greet "$fd"
    done
    # The signals of five deaths become one while the server is stopped.
    kill -STOP "$SERVER_PID"
    for fd in {5..9}; do
        release_client "$fd"
    done
    wait_for "[ \$(zombies $SERVER_PID | wc -l) -eq 5 ]" 5 \
        "The server is stopped, its five children should end with their clients."
    kill -CONT "$SERVER_PID"
    wait_for_reaping
    hold_client 5
    greet 5
}

@test "children are waited for though SIGCHLD was held back at the start" {
    SERVER_PREFIX=(env --block-signal=CHLD)
    start_server
    serve_many 1
}

@test "the parent keeps no client: the end of its child is its end [fault 3] [trap 2]" {
    start_server
    hold_client 5
    greet 5
    kill -KILL "$PID"
    assert_closed 5
}

@test "the child keeps no listener: the port is free with the parent gone [fault 4] [trap 3]" {
    start_server
    hold_client 5
    greet 5
    stop_server KILL
    start_server --port "$SERVER_PORT"
    hold_client 6
    greet 6
    greet 5 # by the child of the one before
}

@test "a child has its client and nothing else of its parent's [fault 3] [fault 4]" {
    local i
    start_server
    for i in 5 6; do
        hold_client $i
        greet $i
        run find "/proc/$PID/fd" -lname 'socket:*'
        assert_is "sockets of a child (its client)" 1 ${#lines[@]}
        [ -n "${WRAP-}" ] || assert_is "descriptors of a child (its client, 0-2)" \
            4 "$(fd_count "$PID")"
        run find "/proc/$SERVER_PID/fd" -lname 'socket:*'
        assert_is "sockets of the parent (the listener)" 1 ${#lines[@]}
    done
}

@test "no socket would be open in a program that is started [fault 5]" {
    local pid file fd flags
    start_server
    hold_client 5
    greet 5
    for pid in "$SERVER_PID" "$PID"; do
        for file in "/proc/$pid/fdinfo"/*; do
            fd=${file##*/}
            [[ $(readlink "/proc/$pid/fd/$fd") == socket:* ]] || continue
            flags=$(awk '/^flags:/ { print $2 }' "$file")
            ((8#$flags & 8#2000000)) ||
                explain "fd $fd of process $pid is not close-on-exec"
        done
    done
}

# bats test_tags=native
@test "a client for whom there can be no process is let go, not the next [fault 6] [trap 50]" {
    start_injected 'clone,clone3,?fork,?vfork:error=EAGAIN:when=2'
    hold_client 5
    greet 5
    hold_client 6
    assert_closed 6
    hold_client 7
    greet 7
    greet 5
    assert_injected
    wait_for_log 'fork: Resource temporarily unavailable$'
}

@test "a child that is killed is reported, and only its client suffers" {
    local victim
    start_server
    hold_client 5
    hold_client 6
    greet 5
    victim=$PID
    kill -KILL "$victim"
    wait_for_log "process $victim killed by signal 9 \(Killed\)\$"
    assert_closed 5
    greet 6
    hold_client 7
    greet 7
}

@test "no more than --workers are served at once, further clients wait [fault 7]" {
    start_server --workers 2
    hold_client 5
    hold_client 6
    greet 5
    greet 6
    hold_client 7
    echo hello >&7
    assert_waits 7
    assert_children 2
    release_client 5
    read -rt $((5 * TIMEOUT_SCALE)) -u 7 line ||
        explain "a client has gone, but the one that waited is not served"
    assert_regex "$line" '^\[[0-9]+\] hello$'
    assert_children 2
}

@test "a child that was killed makes room for the next client" {
    start_server --workers 1
    hold_client 5
    greet 5
    hold_client 6
    kill -KILL "$PID"
    greet 6
}

@test "a child that was there before the server makes no room when it ends" {
    local before
    SERVER_PREFIX=(bash -c 'tail -f /dev/null & exec "$@"' before)
    start_server --workers 1
    before=$(children "$SERVER_PID")
    hold_client 5
    greet 5
    kill "$before"
    wait_for "! kill -0 $before 2>/dev/null" 5 \
        "The server should wait for this child all the same: it stays a zombie."
    hold_client 6
    echo hello >&6
    assert_waits 6 # --workers is 1
    greet 5
}

# bats test_tags=native
@test "a death just before the server waits does not go unnoticed" {
    # The child comes and goes between the parent's look at its children and its
    # waiting. Were the signal lost then, the parent would take the second client
    # only when something else happens, which does not.
    start_injected wait4:delay_exit=200ms:when=2+ --workers 1
    hold_client 5
    greet 5
    release_client 5
    hold_client 6
    greet 6
    assert_delayed
}

@test "many clients leave no descriptor and no memory behind [fault 107]" {
    local fds memory
    start_server
    serve_many 10
    fds=$(fd_count "$SERVER_PID")
    memory=$(memory VmData "$SERVER_PID")
    serve_many $((TIMEOUT_SCALE > 1 ? 20 : 200))
    assert_is "descriptors of the server" "$fds" "$(fd_count "$SERVER_PID")"
    [ -n "${WRAP-}" ] || assert_is "kB of data of the server (VmData)" \
        "$memory" "$(memory VmData "$SERVER_PID")"
}

@test "the log tells a connection's story, each event once [fault 8] [trap 4]" {
    local log i
    start_server
    hold_client 5
    greet 5
    release_client 5
    wait_for_log "process $PID ended"
    run server_log
    for i in "^\[$SERVER_PID\] client 127.* process $PID serves it\$" \
        "^\[$PID\] client 127.* 1 lines" \
        "^\[$SERVER_PID\] process $PID ended with status 0\$"; do
        assert_is "lines of the log that match $i" 1 "$(grep -Ec "$i" <<<"$output")"
    done
    stop_server
    run cat <&"$SERVER_OUT"
    assert_silent "on standard output, after 'listening on'"
}

# ---- A child's signals, and the listener's

@test "a child blocks no signal: it serves with the mask of the start" {
    local blocked
    start_server
    hold_client 5
    greet 5
    blocked=$(sed -n 's/^SigBlk:\t*//p' "/proc/$PID/status")
    assert_is "signals that a child blocks (SigBlk in proc(5))" \
        0000000000000000 "$blocked"
}

# bats test_tags=native
@test "a client that another takes away before it is accepted does not stop the server [fault 153]" {
    local proof=$BATS_TEST_TMPDIR/stolen
    SERVER_PREFIX=(env "LD_PRELOAD=$TESTS_DIR/build/thief.so" THIEF_AT=2
        "THIEF_PROOF=$proof")
    start_server
    hold_client 5
    greet 5
    hold_client 6
    wait_for "[ -e '$proof' ]" 5 "No client was taken away: this proves nothing."
    release_client 5 # its child ends
    wait_for_reaping
    hold_client 7
    greet 7
}

# pauses CALL: print how many milliseconds passed between failures of this call, a
# line each. The clock is that of strace, so what else is slow makes it more only.
pauses() {
    awk -v call="^($1)\\\\(" '
        $3 ~ call && /INJECTED/ {
            if (last != "")
                printf "%d\n", ($2 - last) * 1000
            last = $2
        }' "$TRACE"
}

# bats test_tags=native
@test "when no process can be made the server rests between clients [fault 6]" {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -ttt -o "$TRACE" -e 'trace=clone,clone3,?fork'
        -e 'inject=clone,clone3,?fork:error=EAGAIN')
    start_server
    hold_clients 4
    for fd in "${HELD[@]}"; do
        assert_closed "$fd"
    done
    assert_injected
    run pauses 'clone|clone3|fork'
    [ ${#lines[@]} -eq 3 ] || explain "expected 4 attempts to fork:" "$(<"$TRACE")"
    for pause in "${lines[@]}"; do
        [ "$pause" -ge 90 ] ||
            explain "4 clients were waiting, and each fork(2) failed. Between two" \
                "attempts the server should rest for 100 ms, so that a flood of" \
                "clients does not make it spin, but it rested for $pause ms"
    done
}
