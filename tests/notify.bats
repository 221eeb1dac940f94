#!/usr/bin/env bats
# notify.bats: workers that share the listener and are told to come and accept.
# What they say to clients is tried in echo.bats.

load helpers

# Who has the parent told to accept, in the order of telling?
told() {
    server_log | sed -n 's/.*worker \([0-9]*\): come and accept$/\1/p'
}

talk() {
    local client
    hold_client client
    ask "$client" "client $1"
    assert_equal "${REPLY#*] }" "client $1"
    release_client "$client"
}

# As talk, but the worker may die meanwhile. A client that waits for ever fails.
talk_or_be_cut() {
    local client
    hold_client client
    echo "client $1" >&"$client" || true
    read -r -t $((10 * TIMEOUT_SCALE)) -u "$client" REPLY || [ $? -le 128 ] ||
        fail "client $1 waits for ever: nobody accepts it"
    release_client "$client"
}

@test "workers take turns" {
    local i
    start_server --workers 3
    for i in {1..6}; do
        talk "$i"
    done
    assert_equal "$(told | sort -u)" "$(children "$SERVER_PID" | sort)"
}

@test "a burst of clients is served although it is reported once [fault 41] [trap 45]" {
    start_server --workers 2
    kill -STOP "$SERVER_PID"
    hold_clients 50
    kill -CONT "$SERVER_PID"
    local fd
    for fd in "${HELD[@]}"; do
        ask "$fd" hello
    done
}

@test "one worker serves many clients at once" {
    start_server --workers 1
    hold_clients 20
    local i
    for ((i = 19; i >= 0; i--)); do # the last one first
        ask "${HELD[i]}" "client $i"
        assert_equal "$REPLY" "[$(children "$SERVER_PID")] client $i"
    done
}

@test "a worker that is gone is passed over and replaced [trap 46]" {
    local pid
    start_server --workers 2
    pid=$(children "$SERVER_PID" | head -n 1)
    kill -KILL "$pid"
    talk 1
    talk 2
    talk 3
    wait_for_log "worker $pid killed by signal 9"
    # shellcheck disable=SC2016 # evaluated later
    wait_for '[ "$(children "$SERVER_PID" | wc -l)" -eq 2 ]' 5
}

@test "clients of workers that are killed do not wait for ever" {
    local i
    start_server --workers 4
    (
        for i in {1..10}; do
            kill -KILL "$(children "$SERVER_PID" | shuf -n 1)" 2>/dev/null
            tick
        done
    ) &
    at_once 100 talk_or_be_cut
    wait $!
    # shellcheck disable=SC2016 # evaluated later
    wait_for '[ "$(children "$SERVER_PID" | wc -l)" -eq 4 ]' 5
    talk 101
}

@test "a client for whom no worker lives is served by the next one" {
    local pid client
    start_server --workers 1
    pid=$(children "$SERVER_PID")
    kill -STOP "$pid"
    hold_client client
    wait_for_log "worker $pid: come and accept"
    kill -KILL "$pid"
    ask "$client" hello
}

@test "when the parent is gone a worker goes after its last client [fault 36]" {
    local pids client
    start_server --workers 2
    pids=$(children "$SERVER_PID")
    hold_client client
    ask "$client" before
    kill -KILL "$SERVER_PID"
    wait_server
    ask "$client" after
    release_client "$client"
    local pid
    for pid in $pids; do
        wait_for "! is_running $pid" 5
    done
    run ss -tlnH "sport = :$SERVER_PORT"
    assert_output ''
}

@test "SIGTERM and SIGINT end all workers and the parent, with status 0" {
    local signal
    for signal in TERM INT; do
        start_server --workers 3
        hold_clients 2
        ask "${HELD[0]}" hello
        stop_server $signal
        assert_equal "$SERVER_STATUS" 0
    done
}
