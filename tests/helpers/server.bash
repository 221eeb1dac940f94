# server.bash: starting a server, stopping it, reading its log.
#
#   start_server [ARG...]     start it on a free port and wait until it listens;
#                             sets SERVER_PID, SERVER_PORT, SERVER_ADDRESS
#                             skips the test if io_uring, which it needs, is not
#                             to be had
#   stop_server [SIGNAL [SECONDS]]  send it TERM (or SIGNAL), then wait_server
#   wait_server [SECONDS]     wait for its end (10 s); sets SERVER_STATUS
#   launch_server [ARG...]    only start it; its standard output can be read from
#                             the fd SERVER_OUT
#   run_server [ARG...]       the server in the foreground, at most 10 s: for
#                             --help and wrong usage (run)
#   assert_server_status STATUS  fail unless SERVER_STATUS is that
#   server_log                print all that servers wrote to stderr (run)
#   wait_for_log REGEX [SECONDS]  wait until a line of it matches (5 s)
#   server_processes          print the pids of all processes of servers
#   no_server_processes       are there none?
#   wait_for_workers N [PID...]  wait until the server has N children, none of these
#                             among them (5 s); sets WORKERS to their pids
#   is_one_of WORD WORD...    is the first one among the others?
#   expect_crash              a crash or a sanitizer's report is intended here
#
# Set the array SERVER_PREFIX to start the server behind further words:
#   SERVER_PREFIX=(setsid)

# shellcheck shell=bash disable=SC2034,SC2154 # the variables are shared

SERVER_PREFIX=()
server_pids=() # started and not yet stopped
crash_expected=''
server_runs=0 # how often one was started; SERVER_RUN is for variant.bash

# server_command: set the array server_command to all but the arguments. The
# shell ignores INT and QUIT in what it starts in the background: undo that.
server_command() {
    local wrap
    read -ra wrap <<<"${WRAP-}"
    # shellcheck disable=SC2054 # the comma is meant
    server_command=(
        env --default-signal=INT,QUIT "POOLLADDER_TEST=$BATS_TEST_TMPDIR"
        "SERVER_RUN=$BATS_SUITE_TEST_NUMBER-$((++server_runs))"
        "${SERVER_PREFIX[@]}" "${wrap[@]}" "$STAGE_DIR/$SERVER"
    )
    [ -x "$STAGE_DIR/$SERVER" ] ||
        skip_unbuilt ||
        explain "there is no program $STAGE_DIR/$SERVER" \
            "Build it first: make -C $STAGE_DIR"
}

# skip_unbuilt: skip the test if the server cannot be built here.
skip_unbuilt() {
    local reason
    reason=$(make -s -C "$STAGE_DIR" "$SERVER" 2>&1 | grep ' needs ') || return
    skip "$reason"
}

run_server() {
    server_command || return
    timeout $((10 * TIMEOUT_SCALE)) "${server_command[@]}" "$@" 3>&-
}

launch_server() {
    local fifo=$BATS_TEST_TMPDIR/server.out.${#server_pids[@]}.$RANDOM
    server_command || return
    mkfifo "$fifo"
    (only_standard_fds "${server_command[@]}" "$@") \
        >"$fifo" 2>>"$BATS_TEST_TMPDIR/server.err" </dev/null &
    SERVER_PID=$!
    server_pids+=("$SERVER_PID")
    exec {SERVER_OUT}<"$fifo"
}

start_server() {
    local line=''
    launch_server --port 0 "$@" || return
    read -rt $((10 * TIMEOUT_SCALE)) -u "$SERVER_OUT" line || true
    if [ -z "$line" ] && server_log | grep -q ': io_uring: '; then
        skip "$(server_log | grep -m 1 ': io_uring: ')"
    fi
    if [[ ! $line =~ ^listening\ on\ (.+):([0-9]+)$ ]]; then
        explain "$SERVER $* did not say 'listening on ADDRESS:PORT'." \
            "Its standard output: '$line'" \
            "Its standard error:" "$(server_log)"
        return 1
    fi
    SERVER_ADDRESS=${BASH_REMATCH[1]//[\[\]]/}
    SERVER_PORT=${BASH_REMATCH[2]}
}

server_log() {
    cat "$BATS_TEST_TMPDIR/server.err"
}

# forget_server PID: wait for it, once it is over; sets SERVER_STATUS.
forget_server() {
    local pid kept=()
    SERVER_STATUS=0
    wait "$1" 2>/dev/null || SERVER_STATUS=$?
    for pid in "${server_pids[@]}"; do
        [ "$pid" -eq "$1" ] || kept+=("$pid")
    done
    server_pids=("${kept[@]}")
}

wait_server() {
    in_time "${1:-10}" is_over "$SERVER_PID" ||
        explain "the server (process $SERVER_PID) did not end within" \
            "${1:-10} s. It and its children:" \
            "$(ps -o pid,ppid,stat,wchan:20,args -p "$SERVER_PID" \
                --ppid "$SERVER_PID")" "Its log:" "$(server_log)" || return
    forget_server "$SERVER_PID"
}

stop_server() {
    signal_all "${1:-TERM}" "$SERVER_PID"
    wait_server "${2:-10}"
}

assert_server_status() {
    [ "$SERVER_STATUS" -eq "$1" ] ||
        explain "the server ended with $(status_text "$SERVER_STATUS")," \
            "expected status $1. Its log, below, may say why."
}

expect_crash() {
    crash_expected=yes
}

wait_for_log() {
    in_time "${2:-5}" grep -Eq -e "$1" "$BATS_TEST_TMPDIR/server.err" ||
        explain "waited for ${2:-5} s, but no line of the server's log matches" \
            "  $1" "The log:" "$(server_log)"
}

# All processes started by start_server carry a variable in their environment,
# and so do their descendants, whatever became of the parents.
server_processes() {
    local file
    grep -lzsFx "POOLLADDER_TEST=$BATS_TEST_TMPDIR" /proc/[0-9]*/environ |
        while IFS=/ read -r _ _ file _; do
            echo "$file"
        done
}

no_server_processes() {
    [ -z "$(server_processes)" ]
}

is_one_of() {
    local word
    for word in "${@:2}"; do
        [ "$word" != "$1" ] || return 0
    done
    return 1
}

has_workers() {
    local gone
    mapfile -t WORKERS < <(children "$SERVER_PID")
    ((${#WORKERS[@]} == $1)) || return 1
    for gone in "${@:2}"; do
        ! is_one_of "$gone" "${WORKERS[@]}" || return 1
    done
}

wait_for_workers() {
    in_time 5 has_workers "$@" ||
        explain "waited for 5 s, but the server does not have $1 workers" \
            "${2:+with new ones in place of ${*:2}}" "Its children: ${WORKERS[*]}"
}
