#!/usr/bin/env bats
# fork.bats: a process for each client: who has which descriptors, who waits for
# whom, how many there may be.

# shellcheck disable=SC2034,SC2153,SC2154 # helpers.bash or run sets or reads it

load helpers

# talk FD: ask on this connection; sets PID to the process that answers.
talk() {
    ask "$1" hello
    PID=${REPLY#[}
    PID=${PID%%]*}
    [ "$REPLY" = "[$PID] hello" ] || fail "the answer is '$REPLY'"
}

# assert_closed FD: the connection comes to its end.
assert_closed() {
    local status=0 rest
    read -rt $((5 * TIMEOUT_SCALE)) -u "$1" rest || status=$?
    ((status <= 128)) || fail "the connection does not end"
    assert_equal "$rest" ''
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
    ) || fail "a client got no answer"
    wait_for "[ -z \"\$(ps -o pid= --ppid $SERVER_PID)\" ]" 5
}

@test "each client has a process of its own, which is the server's child" {
    local first second
    start_server
    hold_client 5
    hold_client 6
    talk 5
    first=$PID
    talk 6
    second=$PID
    talk 5
    assert_equal "$PID" "$first"
    assert_equal "$(children "$SERVER_PID" | sort)" \
        "$(printf '%s\n' "$first" "$second" | sort)"
    release_client 5
    wait_for "[ \$(children $SERVER_PID | wc -l) -eq 1 ]" 5
    talk 6
}

@test "a child ends with its client and leaves no zombie [fault 1] [trap 1]" {
    start_server
    serve_many 20
    assert_equal "$(ps -o pid= --ppid "$SERVER_PID")" ''
    run server_log
    assert_equal "$(grep -c 'ended with status 0$' <<<"$output")" 20
}

@test "children that die at the same time all leave [fault 2] [trap 1]" {
    local fd
    start_server
    for fd in {5..9}; do
        hold_client "$fd"
        talk "$fd"
    done
    # The signals of five deaths become one while the server is stopped.
    kill -STOP "$SERVER_PID"
    for fd in {5..9}; do
        release_client "$fd"
    done
    wait_for "[ \$(zombies $SERVER_PID | wc -l) -eq 5 ]" 5
    kill -CONT "$SERVER_PID"
    wait_for "[ -z \"\$(zombies $SERVER_PID)\" ]" 5
    hold_client 5
    talk 5
}

@test "children are waited for though SIGCHLD was held back at the start" {
    SERVER_PREFIX=(env --block-signal=CHLD)
    start_server
    serve_many 1
}

@test "the parent keeps no client: the end of its child is its end [fault 3] [trap 2]" {
    start_server
    hold_client 5
    talk 5
    kill -KILL "$PID"
    assert_closed 5
}

@test "the child keeps no listener: the port is free with the parent gone [fault 4] [trap 3]" {
    start_server
    hold_client 5
    talk 5
    stop_server KILL
    start_server --port "$SERVER_PORT"
    hold_client 6
    talk 6
    talk 5 # by the child of the one before
}

@test "a child has its client and nothing else of its parent's [fault 3] [fault 4]" {
    local i
    start_server
    for i in 5 6; do
        hold_client $i
        talk $i
        run find "/proc/$PID/fd" -lname 'socket:*'
        assert_equal "${#lines[@]}" 1
        [ -n "${WRAP-}" ] || assert_equal "$(fd_count "$PID")" 4
        run find "/proc/$SERVER_PID/fd" -lname 'socket:*'
        assert_equal "${#lines[@]}" 1
    done
}

@test "no socket would be open in a program that is started [fault 5]" {
    local pid file fd flags
    start_server
    hold_client 5
    talk 5
    for pid in "$SERVER_PID" "$PID"; do
        for file in "/proc/$pid/fdinfo"/*; do
            fd=${file##*/}
            [[ $(readlink "/proc/$pid/fd/$fd") == socket:* ]] || continue
            flags=$(awk '/^flags:/ { print $2 }' "$file")
            ((8#$flags & 8#2000000)) ||
                fail "fd $fd of process $pid is not close-on-exec"
        done
    done
}

# bats test_tags=native
@test "a client for whom there can be no process is let go, not the next [fault 6] [trap 50]" {
    start_injected 'clone,clone3,?fork,?vfork:error=EAGAIN:when=2'
    hold_client 5
    talk 5
    hold_client 6
    assert_closed 6
    hold_client 7
    talk 7
    talk 5
    assert_injected
    wait_for_log 'fork: Resource temporarily unavailable$'
}

@test "a child that is killed is reported, and only its client suffers" {
    local victim
    start_server
    hold_client 5
    hold_client 6
    talk 5
    victim=$PID
    kill -KILL "$victim"
    wait_for_log "process $victim killed by signal 9 \(Killed\)\$"
    assert_closed 5
    talk 6
    hold_client 7
    talk 7
}

@test "no more than --workers are served at once, further clients wait [fault 7]" {
    local status=0
    start_server --workers 2
    hold_client 5
    hold_client 6
    talk 5
    talk 6
    hold_client 7
    echo hello >&7
    read -rt 0.2 -u 7 || status=$?
    ((status > 128)) || fail "the third client is served, or sent away"
    assert_equal "$(children "$SERVER_PID" | wc -l)" 2
    release_client 5
    read -rt $((5 * TIMEOUT_SCALE)) -u 7 line
    assert_regex "$line" '^\[[0-9]+\] hello$'
    assert_equal "$(children "$SERVER_PID" | wc -l)" 2
}

@test "a child that was killed makes room for the next client" {
    start_server --workers 1
    hold_client 5
    talk 5
    hold_client 6
    kill -KILL "$PID"
    talk 6
}

@test "a child that was there before the server makes no room when it ends" {
    local before status=0
    SERVER_PREFIX=(bash -c 'tail -f /dev/null & exec "$@"' before)
    start_server --workers 1
    before=$(children "$SERVER_PID")
    hold_client 5
    talk 5
    kill "$before"
    wait_for "! kill -0 $before 2>/dev/null" 5 # it is waited for all the same
    hold_client 6
    echo hello >&6
    read -rt 0.2 -u 6 || status=$?
    ((status > 128)) || fail "there is a second client, and --workers is 1"
    talk 5
}

# bats test_tags=native
@test "a death just before the server waits does not go unnoticed" {
    # The child comes and goes between the parent's look at its children and its
    # waiting. Were the signal lost then, the parent would take the second client
    # only when something else happens, which does not.
    start_injected wait4:delay_exit=200ms:when=2+ --workers 1
    hold_client 5
    talk 5
    release_client 5
    hold_client 6
    talk 6
    run grep -c 'wait4.*DELAYED' "$TRACE"
    assert_success
}

@test "many clients leave no descriptor and no memory behind [fault 107]" {
    local fds memory
    start_server
    serve_many 10
    fds=$(fd_count "$SERVER_PID")
    memory=$(awk '/^VmData/ { print $2 }' "/proc/$SERVER_PID/status")
    serve_many $((TIMEOUT_SCALE > 1 ? 20 : 200))
    assert_equal "$(fd_count "$SERVER_PID")" "$fds"
    [ -n "${WRAP-}" ] || assert_equal "$(
        awk '/^VmData/ { print $2 }' "/proc/$SERVER_PID/status"
    )" "$memory"
}

@test "the log tells a connection's story, each event once [fault 8] [trap 4]" {
    local log i
    start_server
    hold_client 5
    talk 5
    release_client 5
    wait_for_log "process $PID ended"
    run server_log
    for i in "^\[$SERVER_PID\] client 127.* process $PID serves it\$" \
        "^\[$PID\] client 127.* 1 lines" \
        "^\[$SERVER_PID\] process $PID ended with status 0\$"; do
        assert_equal "$(grep -Ec "$i" <<<"$output")" 1
    done
    stop_server
    run cat <&"$SERVER_OUT"
    assert_output ''
}
