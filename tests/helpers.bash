# helpers.bash: what the suites have in common. A suite begins with
#
#     load helpers
#
# and judges the program $STAGE_DIR/$SERVER (stage1_fork, server), started behind
# the command $WRAP, if that is set (valgrind ...). Deadlines are multiplied by
# $TIMEOUT_SCALE (1), and what is waited for is given up after $TIMEOUT_PERCENT
# (100) of its time. Call everything plainly, not through `run`, unless noted
# with (run).
#
# A server
#   start_server [ARG...]     start it on a free port and wait until it listens;
#                             sets SERVER_PID, SERVER_PORT, SERVER_ADDRESS
#   stop_server [SIGNAL [SECONDS]]  send it TERM (or SIGNAL), then wait_server
#   wait_server [SECONDS]     wait for its end (10 s); sets SERVER_STATUS
#   start_injected SPEC [ARG...]  start_server under strace, which makes system
#                             calls fail: accept4:error=EINTR:when=1
#   assert_injected           fail unless a call of start_injected did fail
#   start_short [ARG...]      start_server with the shim that cuts every read and
#                             write to 7 bytes (short_io.c)
#   with_short_io COMMAND...  the same for a command, as $STAGE_DIR/client (run)
#   assert_short NAME         fail unless a program NAME had the shim at work
#   run_server [ARG...]       the server in the foreground, at most 10 s: for
#                             --help and wrong usage (run)
#   server_log                print all that servers wrote to stderr (run)
#   wait_for_log REGEX [SECONDS]  wait until a line of it matches
#   expect_crash              a crash or a sanitizer's report is intended here
# Set the array SERVER_PREFIX to start the server behind further words:
#   SERVER_PREFIX=(setsid)
#
# Clients
#   run_client [ARG...]       ./client of the stage, on the port of the server, at
#                             most 20 s (run). A further -p PORT wins.
#   start_client [ARG...]     the same in the background; sets CLIENT_PID; output
#                             goes to $BATS_TEST_TMPDIR/client.out and client.err
#   hold_client FD            connect this fd, 5 to 9, to the server and keep it.
#                             With a name, hold_client alice, the shell chooses an
#                             fd, and it is $alice
#   hold_clients N            connect so many; the fds are in the array HELD
#   ask FD TEXT               send a line on it; sets REPLY to the answer
#   release_client FD         close it
#   at_once N COMMAND...      run COMMAND 1 ... COMMAND N all at the same time and
#                             wait; output goes to $BATS_TEST_TMPDIR/crowd/1 ...;
#                             fails if one of them failed
#   evil STEP...              play a script on the server, see evil.c (run)
#   start_evil connect|listen|listen-each STEP...
#                             the same in the background, output to evil.out and
#                             evil.err in $BATS_TEST_TMPDIR; sets EVIL_PID, and
#                             EVIL_PORT if it listens; its step `hold` holds
#                             until release_evil
#   wait_evil                 release_evil, wait, fail unless all went as scripted
#   background COMMAND...     start COMMAND with no fd but 0, 1 and 2; sets
#                             BACKGROUND_PID; killed at the end of the test
#   wait_background PID [SECONDS]  wait for its end; sets BACKGROUND_STATUS
#
# Processes
#   wait_for CONDITION SECONDS   wait until the shell code CONDITION is true
#   is_running PID            neither gone nor a zombie
#   children PID              print the pids of its children, zombies left out
#   zombies PID               print the pids of the zombies among its children
#   fd_count PID              print how many fds it has open
#   server_processes          print the pids of all processes of servers
#
# Tools that may be missing: these skip the test
#   need_strace, need_gdb, need_userns
#
# Each test ends with end_test, which ends everything that is left and fails if a
# server leaves zombies, orphans, a crash or a sanitizer's report behind. A suite
# with a teardown of its own calls end_test there.

# shellcheck shell=bash

bats_require_minimum_version 1.5.0
export BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats}
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

TESTS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TIMEOUT_SCALE=${TIMEOUT_SCALE:-1}
TIMEOUT_PERCENT=${TIMEOUT_PERCENT:-100}
STAGE_DIR=${STAGE_DIR:-$(dirname "$TESTS_DIR")/stage1_fork}
SERVER=${SERVER:-server}
export TIMEOUT_SCALE STAGE_DIR SERVER
# Not used here is BATS_TEST_TIMEOUT. On a busy machine Bats (1.8.2) can leave the
# `sleep` of its count-down behind, which keeps the output open: who reads it from
# a pipe waits until it is over. And it does not end what `run` waits for. So each
# wait has a deadline of its own: wait_for, wait_server, `read -t`, timeout(1).
unset BATS_TEST_TIMEOUT

SERVER_PREFIX=()
server_pids=()     # started and not yet stopped
background_pids=() # started by background
client_fds=()      # opened by hold_client
crash_expected=''
server_runs=0 # how often one was started; SERVER_RUN is for variant.bash

teardown() {
    end_test
}

# explain LINE...: say why a test fails.
explain() {
    printf '%s\n' "$@" >&2
    return 1
}

# ---- Waiting ---------------------------------------------------------------

# tick: wait for 20 ms, without a process.
tick() {
    if [ -z "${tick_fd-}" ]; then
        # A subshell may have been first.
        mkfifo "$BATS_TEST_TMPDIR/tick" 2>/dev/null ||
            [ -p "$BATS_TEST_TMPDIR/tick" ]
        exec {tick_fd}<>"$BATS_TEST_TMPDIR/tick"
    fi
    read -rt 0.02 -u "$tick_fd" || true # nobody ever writes there
}

# now: set now_ms to the milliseconds since some moment.
now() {
    read -r now_ms _ </proc/uptime
    now_ms=$((10#${now_ms/./} * 10))
}

# in_time SECONDS COMMAND...: wait until the command succeeds.
in_time() {
    local - now_ms deadline_ms
    set +T # else Bats follows every command from here on, which takes time
    now
    deadline_ms=$((now_ms + $1 * 10 * TIMEOUT_PERCENT * TIMEOUT_SCALE))
    until "${@:2}"; do
        now
        ((now_ms < deadline_ms)) || return 1
        tick
    done
}

wait_for() {
    in_time "$2" eval "$1" || explain "waited for $2 s, but it did not come: $1"
}

wait_for_log() {
    in_time "${2:-5}" grep -Eq -e "$1" "$BATS_TEST_TMPDIR/server.err" ||
        explain "waited for ${2:-5} s, but no line of the server's log matches" \
            "  $1" "The log:" "$(server_log)"
}

# ---- Processes -------------------------------------------------------------

# state_of PID: set REPLY to the letter of its state (ps(1)), '' if it is gone.
state_of() {
    local stat=''
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || true
    REPLY=${stat##*) }
    REPLY=${REPLY:0:1}
}

is_running() {
    local REPLY
    state_of "$1"
    [[ -n $REPLY && $REPLY != [ZX] ]]
}

is_over() {
    ! is_running "$1"
}

children() {
    ps -o pid=,stat= --ppid "$1" | awk '$2 !~ /^Z/ { print $1 }'
}

zombies() {
    ps -o pid=,stat= --ppid "$1" | awk '$2 ~ /^Z/ { print $1 }'
}

fd_count() {
    local fds=("/proc/$1/fd"/*)
    echo ${#fds[@]}
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

no_zombies() {
    [ -z "$(zombies "$1")" ]
}

# signal_all SIGNAL PID...: those that are gone do not matter.
signal_all() {
    local signal=$1
    shift
    [ $# -eq 0 ] || kill -s "$signal" "$@" 2>/dev/null || true
}

# only_standard_fds COMMAND...: become COMMAND, without the fds of the tests:
# fd 3, on which Bats waits, and connections that a test holds open.
only_standard_fds() {
    trap - DEBUG ERR # Bats follows every command, which takes time
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/} # 255 belongs to the shell
        ((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
    done
    if [ "$(type -t "$1")" = function ]; then
        "$@"
    else
        exec "$@"
    fi
}

background() {
    (only_standard_fds "$@") <&0 &
    BACKGROUND_PID=$!
    background_pids+=("$BACKGROUND_PID")
}

wait_background() {
    BACKGROUND_STATUS=0
    in_time "${2:-10}" is_over "$1" ||
        explain "waited for ${2:-10} s, but process $1 did not end" \
            "$(ps -o pid,stat,args -p "$1")" || return
    wait "$1" || BACKGROUND_STATUS=$?
}

# ---- Servers ---------------------------------------------------------------

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
        explain "there is no program $STAGE_DIR/$SERVER" \
            "Build it first: make -C $STAGE_DIR"
}

run_server() {
    server_command || return
    timeout $((10 * TIMEOUT_SCALE)) "${server_command[@]}" "$@" 3>&-
}

# launch_server ARG...: start it in the background. Its standard output can be
# read from SERVER_OUT.
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

expect_crash() {
    crash_expected=yes
}

# ---- Faults ----------------------------------------------------------------

start_injected() {
    local prefix=("${SERVER_PREFIX[@]}")
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    # -D: the server, not strace, is our child, and gets our signals.
    SERVER_PREFIX+=(strace -D -f -qq -o "$TRACE" -e "trace=${1%%:*}"
        -e "inject=$1")
    start_server "${@:2}"
    SERVER_PREFIX=("${prefix[@]}")
}

assert_injected() {
    in_time 2 grep -q INJECTED "${1:-$TRACE}" ||
        explain "no system call was made to fail: the test proves nothing." \
            "The trace:" "$(tail -n 20 "${1:-$TRACE}")"
}

# short_io: set the array short_io to the words that switch the shim on, for env.
short_io=()
short_io() {
    short_io=(
        "LD_PRELOAD=$TESTS_DIR/build/short_io.so${LD_PRELOAD:+:$LD_PRELOAD}"
        "SHORT_IO=${SHORT_IO:-7}"
        "SHORT_IO_PROOF=$BATS_TEST_TMPDIR/short_io.proof"
    )
}

start_short() {
    local prefix=("${SERVER_PREFIX[@]}")
    short_io
    SERVER_PREFIX+=(env "${short_io[@]}")
    start_server "$@"
    SERVER_PREFIX=("${prefix[@]}")
}

with_short_io() {
    short_io
    env "${short_io[@]}" "$@"
}

assert_short() {
    grep -q " $1\$" "$BATS_TEST_TMPDIR/short_io.proof" ||
        explain "no read or write of a program named $1 was cut short:" \
            "the test proves nothing. These were:" \
            "$(cat "$BATS_TEST_TMPDIR/short_io.proof" 2>&1)"
}

need_strace() {
    [ -z "${WRAP-}" ] || skip "strace does not go with WRAP=$WRAP"
    strace -qq -e trace=none true 2>/dev/null ||
        skip "strace cannot run programs here"
}

need_gdb() {
    gdb -nx -q -batch -ex run --args true </dev/null 2>&1 |
        grep -q 'exited normally' || skip "gdb cannot run programs here"
}

need_userns() {
    unshare -rm true 2>/dev/null || skip "no user namespaces here"
}

# ---- Clients ---------------------------------------------------------------

run_client() {
    timeout $((20 * TIMEOUT_SCALE)) "$STAGE_DIR/client" \
        ${SERVER_PORT:+-a "$SERVER_ADDRESS" -p "$SERVER_PORT"} "$@" 3>&-
}

start_client() {
    background "$STAGE_DIR/client" -a "$SERVER_ADDRESS" -p "$SERVER_PORT" "$@" \
        >"$BATS_TEST_TMPDIR/client.out" 2>"$BATS_TEST_TMPDIR/client.err"
    # shellcheck disable=SC2034 # for the suites
    CLIENT_PID=$BACKGROUND_PID
}

hold_client() {
    local to=/dev/tcp/$SERVER_ADDRESS/$SERVER_PORT
    case $1 in
    [5-9])
        eval "exec $1<>$to" || explain "no connection to $to" || return
        client_fds+=("$1")
        ;;
    [a-zA-Z]*)
        eval "exec {$1}<>$to" || explain "no connection to $to" || return
        client_fds+=("${!1}")
        ;;
    *)
        explain "hold_client: '$1' is neither an fd from 5 to 9 nor a name"
        ;;
    esac
}

hold_clients() {
    local fd i
    HELD=()
    for ((i = 0; i < $1; i++)); do
        hold_client fd || return
        HELD+=("$fd")
    done
}

release_client() {
    eval "exec $1>&-"
}

ask() {
    REPLY=''
    # In a subshell: writing to a connection that is gone ends the process.
    (printf '%s\n' "$2" >&"$1") ||
        explain "the server does not take '$2': it has closed the connection" ||
        return
    IFS= read -rt $((10 * TIMEOUT_SCALE)) -u "$1" REPLY ||
        explain "no answer to '$2', only '$REPLY'"
}

# member_of_crowd NUMBER COMMAND...
member_of_crowd() {
    set -e
    # shellcheck disable=SC2064 # the number of now
    trap "leave_crowd $1" EXIT
    "${@:2}" "$1"
}

leave_crowd() {
    local status=$?
    [ $status -eq 0 ] || echo "$1" >>"$BATS_TEST_TMPDIR/crowd/failed"
    echo "$1" >>"$BATS_TEST_TMPDIR/crowd/done"
}

crowd_is_done() {
    [ "$(wc -l <"$BATS_TEST_TMPDIR/crowd/done")" -eq "$1" ]
}

at_once() {
    local i crowd=$BATS_TEST_TMPDIR/crowd
    rm -rf "$crowd"
    mkdir "$crowd"
    : >"$crowd/done"
    for ((i = 1; i <= $1; i++)); do
        background member_of_crowd $i "${@:2}" >"$crowd/$i" 2>&1
    done
    in_time 30 crowd_is_done "$1" ||
        explain "waited for 30 s, but only $(wc -l <"$crowd/done") of $1 are" \
            "done with: ${*:2}" || return
    [ ! -e "$crowd/failed" ] ||
        explain "$(wc -l <"$crowd/failed") of $1 times it failed: ${*:2}" \
            "One of them printed:" "$(cat "$crowd/$(head -n 1 "$crowd/failed")")"
}

# ---- The peer that plays a script --------------------------------------------

evil() {
    "$TESTS_DIR/build/evil" connect "$SERVER_PORT" "$@" 3>&-
}

start_evil() {
    local out=$BATS_TEST_TMPDIR/evil.out hold=$BATS_TEST_TMPDIR/evil.hold
    local -a role=("$1")
    shift
    [ "${role[0]}" != connect ] || role+=("$SERVER_PORT")
    release_evil
    rm -f "$hold"
    mkfifo "$hold"
    exec {evil_fd}<>"$hold" # else the next line would wait for a writer
    : >"$out"
    background "$TESTS_DIR/build/evil" "${role[@]}" "$@" \
        <"$hold" >"$out" 2>"$BATS_TEST_TMPDIR/evil.err"
    EVIL_PID=$BACKGROUND_PID
    [ "${role[0]}" != connect ] || return 0
    in_time 5 grep -q '^listening on ' "$out" ||
        explain "evil does not listen:" "$(cat "$BATS_TEST_TMPDIR/evil.err")"
    # shellcheck disable=SC2034 # for the suites
    EVIL_PORT=$(sed -n '1s/.*://p' "$out")
}

release_evil() {
    [ -z "${evil_fd-}" ] || exec {evil_fd}>&-
    evil_fd=''
}

wait_evil() {
    release_evil
    wait_background "$EVIL_PID" "${1:-15}" || return
    [ "$BACKGROUND_STATUS" -eq 0 ] ||
        explain "not all went as the script of evil says:" \
            "$(cat "$BATS_TEST_TMPDIR/evil.err")"
}

# ---- The end of a test -------------------------------------------------------

close_clients() {
    local fd
    for fd in "${client_fds[@]}"; do
        eval "exec $fd>&-"
    done
    client_fds=()
    release_evil
}

# is_child PID: still a child of ours? The number of one that has ended may soon be
# that of a stranger.
is_child() {
    local stat=''
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || true
    [[ ${stat##*) } == ?" $$ "* ]]
}

end_background() {
    local pid
    for pid in "${background_pids[@]}"; do
        ! is_child "$pid" || signal_all CONT "$pid"
        ! is_child "$pid" || signal_all KILL "$pid"
    done
    [ ${#background_pids[@]} -eq 0 ] ||
        wait "${background_pids[@]}" 2>/dev/null || true
    background_pids=()
}

# end_server PID: end a server that the test has left running.
end_server() {
    local problems=0
    if is_child "$1" && is_running "$1"; then
        in_time 5 no_zombies "$1" || explain \
            "the server (process $1) does not wait for children that ended:" \
            "$(ps -o pid,ppid,stat,comm --ppid "$1")" || problems=1
        signal_all TERM "$1"
        in_time 5 is_over "$1" || explain \
            "the server (process $1) did not end within 5 s of TERM," \
            "though all its clients are gone" || problems=1
        signal_all KILL "$1"
    fi
    forget_server "$1"
    case $SERVER_STATUS in
    132 | 134 | 135 | 136 | 139)
        [ -n "$crash_expected" ] || explain \
            "the server (process $1) crashed: signal $((SERVER_STATUS - 128))" || problems=1
        ;;
    esac
    return $problems
}

# Everything that was left by servers must go by itself.
end_orphans() {
    local pids
    in_time 5 no_server_processes && return
    mapfile -t pids < <(server_processes)
    explain "the server is gone, these processes of it are not:" \
        "$(ps -o pid,ppid,stat,wchan:20,args -p "$(IFS=,; echo "${pids[*]}")")" ||
        true
    signal_all KILL "${pids[@]}"
    return 1
}

check_log() {
    local log=$BATS_TEST_TMPDIR/server.err
    local crash=' killed by signal (4|6|7|8|11|31) '
    local report='(Address|Leak|Memory)Sanitizer|ThreadSanitizer: '
    report+='|runtime error: |^==[0-9]+== (Invalid|Conditional|Use of uninit)'
    report+='|^==[0-9]+== ERROR SUMMARY: [1-9]'
    [ -z "$crash_expected" ] || return 0
    ! grep -Eqs -e "$crash" "$log" ||
        explain "a process of the server crashed (see the server's log)" || return
    ! grep -Eqs -e "$report" "$log" ||
        explain "a checking tool reports an error (see the server's log)"
}

end_test() {
    local problems=0 pid pids
    close_clients
    end_background
    mapfile -t pids < <(server_processes)
    signal_all CONT "${pids[@]}" # some test may have stopped them
    for pid in "${server_pids[@]}"; do
        end_server "$pid" || problems=1
    done
    end_orphans || problems=1
    check_log || problems=1
    if [ $problems -ne 0 ] || [ -z "${BATS_TEST_COMPLETED-}" ]; then
        [ ! -s "$BATS_TEST_TMPDIR/server.err" ] ||
            explain "The end of the server's log:" \
                "$(tail -n 40 "$BATS_TEST_TMPDIR/server.err")" || true
    fi
    return $problems
}
