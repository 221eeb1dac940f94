#!/usr/bin/env bats
# system.bats: what every server asks of the kernel, and gives back: descriptors,
# processes, CPU time. All tests run for all servers: the clients here say nothing
# that depends on the protocol.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# shellcheck disable=SC2034,SC2154 # helpers.bash sets or reads it

load helpers

# start_any [ARG...]: start the server, in a folder of its own.
start_any() {
    local prefix=("${SERVER_PREFIX[@]}")
    mkdir -p "$BATS_TEST_TMPDIR/served/cgi-bin"
    SERVER_PREFIX=(env -C "$BATS_TEST_TMPDIR/served" "${prefix[@]}")
    start_server "$@"
    SERVER_PREFIX=("${prefix[@]}")
}

# start_traced OPTION... -- ARG...: the same under strace; the trace is in $TRACE.
start_traced() {
    local options=()
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" "${options[@]}")
    start_any "${@:2}"
    SERVER_PREFIX=()
}

# processes: print the pids of the server and of its children.
processes() {
    echo "$SERVER_PID"
    children "$SERVER_PID"
}

# accepted N: so many lines of the log say that a client was accepted. (Pools
# name it again when a worker has it.)
accepted() {
    [ "$(server_log | grep -c 'client 127.* is fd')" -ge "$1" ]
}

# ---- Descriptors

# kept_at_exec PID: print what a program would have open that this process starts.
kept_at_exec() {
    local file fd flags
    for file in "/proc/$1/fdinfo"/*; do
        fd=${file##*/}
        flags=$(awk '/^flags:/ { print $2 }' "$file" 2>/dev/null)
        ((fd <= 2)) || [ -z "$flags" ] || ((8#$flags & 8#2000000)) ||
            echo "fd $fd: $(readlink "/proc/$1/fd/$fd")"
    done
}

assert_all_close_on_exec() {
    local pid kept
    for pid in $(processes); do
        kept=$(kept_at_exec "$pid")
        [ -z "$kept" ] ||
            explain "process $pid has what is not close-on-exec (O_CLOEXEC in" \
                "open(2)), $1:" "$kept" || return
    done
}

# bats test_tags=native
@test "nothing would be open in a program that the server starts [fault 5]" {
    start_any --workers 2
    assert_all_close_on_exec 'without a client'
    # Where processes wait for clients, the first one stays with the parent.
    # shellcheck disable=SC2046 # several words
    signal_all STOP $(children "$SERVER_PID")
    hold_client 5
    in_time 1 accepted 1 || true # where workers accept, they cannot now
    assert_all_close_on_exec 'with a client that no worker takes'
    # shellcheck disable=SC2046
    signal_all CONT $(children "$SERVER_PID")
    hold_client 6
    in_time 5 accepted 2 || explain "two clients came, but only these were accepted:" \
        "$(server_log)"
    assert_all_close_on_exec 'with clients'
}

# bats test_tags=native
@test "a client whose socket cannot be set up leaves no descriptor behind [fault 150]" {
    [ "$SERVER" != server_proactor ] ||
        skip "it sets up its listener, from which clients inherit that"
    local before client pids
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    # The first call is about the listener.
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -e trace=setsockopt
        -e inject=setsockopt:error=ENOBUFS:when=2+)
    start_any --workers 2
    mapfile -t pids < <(processes)
    before=$(fd_count "${pids[@]}")
    for client in 5 6 7; do
        hold_client $client
    done
    assert_injected
    in_time 5 has_connections 0 || true # or they are kept, as they are
    close_clients
    in_time 5 has_fds "$before" "${pids[@]}" ||
        explain "three clients came, whose sockets could not be set up" \
            "(setsockopt failed), and went. Before, the server had $before" \
            "descriptors, and now it has:" "$(fd_list "${pids[@]}")"
}

# bats test_tags=native
@test "no call is made on a descriptor that is closed already [fault 151]" {
    local pid
    start_traced -Z -e trace='!close' -- --workers 2
    hold_client 5
    hold_client 6
    in_time 10 accepted 2
    run evil rst
    release_client 5
    pid=$(children "$SERVER_PID" | head -n 1)
    [ -z "$pid" ] || signal_all KILL "$pid"
    release_client 6
    hold_client 7
    in_time 10 accepted 3 || explain "the third client is not accepted"
    release_client 7
    stop_server TERM 20
    in_time 10 no_server_processes
    run grep EBADF "$TRACE"
    assert_silent "calls that failed because the descriptor was closed, which is \
well as long as no other has its number by then"
}

# ---- Processes

# bats test_tags=native
@test "a child that ends does not run what belongs to the exit of its parent [fault 8] [trap 4]" {
    local log=$BATS_TEST_TMPDIR/handlers pids others
    SERVER_PREFIX=(env "LD_PRELOAD=$TESTS_DIR/build/exit_handler.so"
        "EXIT_HANDLER_LOG=$log")
    start_any --workers 2
    SERVER_PREFIX=()
    hold_client 5
    in_time 5 accepted 1
    release_client 5
    [ -n "$(ldd "$STAGE_DIR/$SERVER")" ] # else there is no such library in it
    wait_for_log 'done|worker|ended|stderr|408|connection' 5 || true
    stop_server TERM
    in_time 5 no_server_processes
    others=$(grep -vx "$SERVER_PID" "$log" 2>/dev/null) || true
    assert_is "processes that ran an exit handler, and are not the first one (a \
forked child ends by _exit)" '' "$others"
}

# bats test_tags=native
@test "while clients say nothing, nobody takes CPU time" {
    local pids
    start_any --workers 2 --timeout 0
    hold_clients 3 # one more than there are workers
    in_time 5 accepted 2
    mapfile -t pids < <(processes)
    in_time 5 is_at_rest "${pids[@]}" ||
        explain "three clients are connected and say nothing, but the server does" \
            "not sleep. CPU time so far:" "$(ps -o pid,stat,time,wchan:20,args \
                -p "$(IFS=,; echo "${pids[*]}")")"
}

# ---- The log

# bats test_tags=native
@test "a line of the log leaves errno as it was, though it cannot be written [fault 152]" {
    local sources=(log.c)
    [ -e "$STAGE_DIR/log.c" ] || skip "this server's log is not in log.c"
    [ ! -e "$STAGE_DIR/text.c" ] || sources+=(text.c)
    build_unit "$BATS_TEST_TMPDIR/log_check" log_check "${sources[@]}"
    assert_unit 10 "$BATS_TEST_TMPDIR/log_check"
}
