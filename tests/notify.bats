#!/usr/bin/env bats
# notify.bats: workers that share the listener and are told to come and accept.
# What they say to clients is tried in echo.bats.

# shellcheck disable=SC2034 # helpers.bash reads SERVER_PREFIX
# shellcheck disable=SC2054 # these commas belong to words

load helpers

# Who has the parent told to accept, in the order of telling?
told() {
    server_log | sed -n 's/.*worker \([0-9]*\): come and accept$/\1/p'
}

# visit NUMBER: a client comes, is answered, and goes.
visit() {
    local client
    hold_client client
    ask "$client" "client $1"
    assert_is "the answer to client $1, behind '[ID] '" "client $1" "${REPLY#*] }"
    release_client "$client"
}

# As visit, but the worker may die meanwhile. A client that waits for ever fails.
visit_or_be_cut() {
    local client
    hold_client client
    echo "client $1" >&"$client" || true
    read -r -t $((10 * TIMEOUT_SCALE)) -u "$client" REPLY || [ $? -le 128 ] ||
        explain "client $1 waits for ever: nobody accepts it"
    release_client "$client"
}

@test "workers take turns" {
    local i
    start_server --workers 3
    for i in {1..6}; do
        visit "$i"
    done
    assert_is "workers that were told to accept (all should be)" \
        "$(children "$SERVER_PID" | sort)" "$(told | sort -u)"
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
        assert_is "the answer to client $i" \
            "[$(children "$SERVER_PID")] client $i" "$REPLY"
    done
}

@test "a worker that is gone is passed over and replaced [trap 46]" {
    local pid
    start_server --workers 2
    pid=$(children "$SERVER_PID" | head -n 1)
    kill -KILL "$pid"
    visit 1
    visit 2
    visit 3
    wait_for_log "worker $pid killed by signal 9"
    wait_for_workers 2
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
    at_once 100 visit_or_be_cut
    wait $!
    wait_for_workers 4
    visit 101
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

# one_more_comes: somebody comes, and leaves. Are two workers there again?
one_more_comes() {
    : <>"/dev/tcp/$SERVER_ADDRESS/$SERVER_PORT"
    [ "$(children "$SERVER_PID" | wc -l)" -eq 2 ]
}

# bats test_tags=native
@test "clients that keep coming do not keep it from starting what is missing [fault 130]" {
    local pids
    start_server --workers 2
    mapfile -t pids < <(children "$SERVER_PID")
    prlimit --pid "$SERVER_PID" --nofile=4: # no channel can be made
    signal_all KILL "${pids[@]}"
    wait_for_log "worker ${pids[0]} killed"
    wait_for_log "worker ${pids[1]} killed"
    prlimit --pid "$SERVER_PID" --nofile=1000:
    in_time 5 one_more_comes ||
        explain "clients come faster than four in a second, and as long as they" \
            "do no worker is started:" "$(server_log | tail -n 5)"
    visit 1
}

# bats test_tags=native
@test "a client of whom no worker could be told is told of later [fault 131]" {
    local trace=$BATS_TEST_TMPDIR/trace
    need_strace
    SERVER_PREFIX=(strace -D -qq -o "$trace" -e trace=sendto
        -e inject=sendto:error=ENOBUFS:when=1) # of the parent: no -f
    start_server --workers 1
    SERVER_PREFIX=()
    visit 1
    assert_injected "$trace"
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
        in_time 5 is_over "$pid" ||
            explain "the server is gone, and so is the last client of worker $pid," \
                "but it does not end"
    done
    does_not_listen || explain "the server is gone, but somebody still listens"
}

@test "workers that do not end are killed after 3 s, or by a second signal [fault 132]" {
    local pids second
    for second in '' INT TERM; do
        start_server --workers 2
        mapfile -t pids < <(children "$SERVER_PID")
        signal_all STOP "${pids[@]}"
        signal_all TERM "$SERVER_PID"
        wait_for_log "\\[$SERVER_PID\\] Terminated: stopping"
        [ -z "$second" ] || signal_all $second "$SERVER_PID"
        wait_server
        assert_equal "$SERVER_STATUS" 0
        [ -z "$second" ] || wait_for_log "(Interrupt|Terminated): killing what"
        wait_for_log "worker ${pids[0]} killed by signal 9"
        wait_for_log "worker ${pids[1]} killed by signal 9"
    done
}

@test "SIGTERM and SIGINT end all workers and the parent, with status 0" {
    local signal
    for signal in TERM INT; do
        start_server --workers 3
        hold_clients 2
        ask "${HELD[0]}" hello
        stop_server $signal
        assert_server_status 0
    done
}

# bats test_tags=native
@test "SIGTERM ends the workers that live and nobody else, though one is missing" {
    local neighbour worker
    # A session of its own: whoever signals "process 0" reaches all of it.
    # shellcheck disable=SC2034 # helpers.bash reads it
    SERVER_PREFIX=(setsid bash -c 'tail -f /dev/null & exec "$@"' neighbour)
    start_injected 'clone,clone3,?fork,?vfork:error=EAGAIN:when=3+' --workers 2
    neighbour=$(pgrep -P "$SERVER_PID" -x tail)
    worker=$(children "$SERVER_PID" | grep -vx "$neighbour" | head -n 1)
    kill -KILL "$worker"
    wait_for_log 'no new worker: '
    stop_server
    assert_equal "$SERVER_STATUS" 0
    ! in_time 1 is_over "$neighbour" ||
        fail "a process of the server's group that is no worker was ended, too"
    kill "$neighbour"
}

# bats test_tags=native
@test "a worker keeps no channel of a sibling: each notices by itself that the parent is gone [fault 36] [trap 8]" {
    local client pid last
    start_server --workers 3
    last=$(children "$SERVER_PID" | sort -n | tail -n 1)
    # Whoever is served by the last worker that was started keeps it alive.
    for client in 5 6 7; do
        hold_client $client
        ask $client hello
        [[ $REPLY == "[$last] "* ]] || release_client $client
    done
    mapfile -t pids < <(children "$SERVER_PID")
    stop_server KILL
    for pid in "${pids[@]}"; do
        [ "$pid" -ne "$last" ] || continue
        in_time 5 is_over "$pid" || explain "the parent is gone, but worker $pid" \
            "does not notice: worker $last, which was started later and still" \
            "serves a client, has a copy of the other end of its channel"
    done
    is_running "$last" || explain "worker $last had a client: this proves nothing"
}

# bats test_tags=native
@test "a worker that is gone leaves no descriptor to the parent [fault 107]" {
    local before pid
    start_server --workers 2
    before=$(fd_count "$SERVER_PID")
    for _ in 1 2 3; do
        pid=$(children "$SERVER_PID" | head -n 1)
        kill -KILL "$pid"
        wait_for_workers 2 "$pid"
    done
    has_fds "$before" || explain "three workers were killed and replaced. Before, the" \
        "parent had $before descriptors, and now:" "$(fd_list "$SERVER_PID")"
}

# bats test_tags=native
@test "a signal handler keeps errno, and does not block when the pipe is full [fault 80] [fault 81]" {
    [ -e "$STAGE_DIR/notify/signal_pipe.c" ] || skip "it has no signal_pipe.c"
    build_unit "$BATS_TEST_TMPDIR/signal_pipe_check" signal_pipe_check \
        notify/signal_pipe.c "-I$STAGE_DIR/notify"
    assert_unit 20 "$BATS_TEST_TMPDIR/signal_pipe_check"
}
