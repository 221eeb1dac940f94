#!/usr/bin/env bats
# pool.bats: a pool of processes made beforehand. Accepted clients are passed to
# workers, one at a time each; dead workers are replaced; nobody is dropped.
#
# A worker is busy from its first answer to a client until this client goes. The
# tests ask through `hold` and `use`: where clients send lines, the question is a
# line; where they ask for files, it is the request of a small one.

# shellcheck disable=SC2016,SC2030,SC2031 # each test has its own variables
# shellcheck disable=SC2034,SC2153,SC2154 # helpers.bash sets or reads it

load helpers

setup() {
    set +T      # Bats follows every command: not those of functions, to save time
    ulimit -c 0 # no core files of the workers that are killed
    if speaks_lines; then
        SPEAKS=lines
        QUESTION='hello\n'
        OPTIONS=()
    else
        SPEAKS=trains
        QUESTION='\0\0\0\x05hello'
        OPTIONS=(--directory "$BATS_TEST_TMPDIR/served")
        mkdir "$BATS_TEST_TMPDIR/served"
        echo hello >"$BATS_TEST_TMPDIR/served/hello"
    fi
}

# ---- The pool

# start_pool N: a server with N workers; sets WORKERS to their pids.
start_pool() {
    start_server --workers "$1" "${OPTIONS[@]}"
    find_workers "$1"
}

# find_workers N: set WORKERS to the server's children, which must be so many.
find_workers() {
    mapfile -t WORKERS < <(children "$SERVER_PID")
    assert_is "workers, with --workers $1" "$1" ${#WORKERS[@]}
}

# start_injected_pool SPEC N: the same with start_injected.
start_injected_pool() {
    start_injected "$1" --workers "$2" "${OPTIONS[@]}"
    find_workers "$2"
}

# start_traced_pool CALLS N: the same under strace, which shows these calls.
start_traced_pool() {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -e "trace=$1")
    start_pool "$2"
}

# assert_same_workers PID...: the workers are these still: none was replaced.
assert_same_workers() {
    mapfile -t WORKERS < <(children "$SERVER_PID")
    assert_is "the workers (none should have been replaced)" "$*" "${WORKERS[*]}"
}

# other_than PID...: set REPLY to a worker that is none of these.
other_than() {
    for REPLY in "${WORKERS[@]}"; do
        is_one_of "$REPLY" "$@" || return 0
    done
    explain "among the workers ${WORKERS[*]} there should be another one than $*"
}

have_ended() {
    local pid
    for pid in "$@"; do
        is_over "$pid" || return 1
    done
}

# assert_go PID...: wait until these workers have ended.
assert_go() {
    in_time 5 have_ended "$@" ||
        explain "the server is gone, so these workers should go, but they do" \
            "not: $*" "Does another process hold a copy of the server's end of" \
            "their channels?"
}

# ---- Clients

# request FD: ask, and do not wait for the answer.
request() {
    # In a subshell: writing to a connection that is gone ends the process.
    # shellcheck disable=SC2059 # it is a format
    (printf "$QUESTION" >&"$1") ||
        explain "the server takes no request: it has closed the connection"
}

# receive FD SECONDS: set REPLY to the next answer. Status 1: the connection is
# closed; more than 128: no answer in time.
receive() {
    local nothing
    IFS= read -rt "$2" -u "$1" REPLY 2>/dev/null || return
    [ "$SPEAKS" = trains ] || return 0
    # The newline was the last byte of the file. Behind it comes an empty train,
    # four zero bytes, each of which ends a read of this kind. (Those before the
    # newline are ignored by the shell.)
    IFS= read -rd '' -t "$2" -u "$1" nothing &&
        IFS= read -rd '' -t "$2" -u "$1" nothing &&
        IFS= read -rd '' -t "$2" -u "$1" nothing &&
        IFS= read -rd '' -t "$2" -u "$1" nothing
}

# answered FD: wait for the answer to a request.
answered() {
    local status=0
    receive "$1" $((10 * TIMEOUT_SCALE)) || status=$?
    if ((status > 128)); then
        explain "no answer came within 10 s"
    elif ((status != 0)); then
        explain "no answer came: the server has closed the connection"
    elif [[ $REPLY != *hello* ]]; then
        explain "a wrong answer came: '$REPLY'"
    fi
}

use() {
    request "$1" || return
    answered "$1"
}

# hold NAME: connect, and get an answer: from now on a worker is busy. The fd is
# $NAME.
hold() {
    hold_client "$1" || return
    use "${!1}"
}

# hold_all N: hold so many; the fds are in the array HELD.
hold_all() {
    local fd
    hold_clients "$1" || return
    for fd in "${HELD[@]}"; do
        use "$fd" || return
    done
}

# serve_at_once N [COMMAND...]: so many clients connect and ask. After the command
# each of them is to be answered, and goes.
serve_at_once() {
    local fd
    hold_clients "$1"
    for fd in "${HELD[@]}"; do
        request "$fd"
    done
    "${@:2}"
    for fd in "${HELD[@]}"; do
        answered "$fd"
        release_client "$fd"
    done
}

# serve_in_turn N: so many clients, one after the other.
serve_in_turn() {
    local i client
    for ((i = 0; i < $1; i++)); do
        hold client
        release_client "$client"
    done
}

# assert_done COMMAND...: it succeeds within 20 s. (Connecting may take minutes if
# the listener's queue is short.)
assert_done() {
    local out=$BATS_TEST_TMPDIR/done
    background "$@" >"$out" 2>&1
    wait_background "$BACKGROUND_PID" 20 || return
    [ "$BACKGROUND_STATUS" -eq 0 ] || explain "$(<"$out")"
}

# addresses FD: print our address and the server's, as in /proc/net/tcp, and the
# numbers (inodes) of the two sockets.
addresses() {
    local socket
    socket=$(readlink "/proc/self/fd/$1")
    awk -v own="${socket//[^0-9]/}" '
        $10 == own { ours = $2; theirs = $3 }
        { inode[$2, $3] = $10 }
        END { print ours, theirs, own, inode[theirs, ours] }' /proc/net/tcp
}

# link_of FD: print what ls(1) shows for the server's end of this connection.
link_of() {
    local inode
    read -r _ _ _ inode < <(addresses "$1")
    echo "socket:[$inode]"
}

# owners FD: print which processes of the server hold this connection, a line
# each, with the number that it has there.
owners() {
    local link pids
    link=$(link_of "$1")
    mapfile -t pids < <(children "$SERVER_PID")
    pids=("${pids[@]/#//proc/}")
    find "/proc/$SERVER_PID/fd" "${pids[@]/%//fd}" \
        -lname "${link//[[]/\\[}" 2>/dev/null | awk -F/ '{ print $3, $5 }'
}

# worker_of FD: set REPLY to the worker that has this connection.
worker_of() {
    REPLY=$(owners "$1" | awk -v server="$SERVER_PID" '$1 != server { print $1 }')
    is_one_of "$REPLY" "${WORKERS[@]}" ||
        explain "a connection is not with one of the workers ${WORKERS[*]}," \
            "but with: '$REPLY'"
}

has_one_owner() {
    [ "$(owners "$1" | wc -l)" -eq 1 ]
}

# assert_one_owner FD: wait until one process of the server holds this connection.
assert_one_owner() {
    in_time 5 has_one_owner "$1" ||
        explain "a connection should be held by one process only, the worker. The" \
            "server is $SERVER_PID; it is held by (process, number there):" \
            "$(owners "$1")"
}

# ---- Processes

# fds_of PID: print its descriptors other than 0, 1 and 2, a line each: the
# number and what it is.
fds_of() {
    find "/proc/$1/fd" -type l -printf '%f %l\n' 2>/dev/null | awk '$1 > 2'
}

# has_only_channel PID [SOCKET]: it has one Unix socket, and SOCKET.
has_only_channel() {
    local links
    mapfile -t links < <(fds_of "$1" | cut -d ' ' -f 2- | grep -Fvx "${2-none}")
    [ "$(fd_count "$1")" -eq $((3 + $#)) ] &&
        ((${#links[@]} == 1)) && [[ ${links[0]} == socket:* ]] &&
        grep -q " ${links[0]//[^0-9]/}\$" /proc/net/unix
}

assert_only_channel() {
    in_time 5 has_only_channel "$@" ||
        explain "worker $1 should have nothing open but 0, 1, 2, its end of its" \
            "channel${2:+ and its client ($2)}. It has also:" "$(fds_of "$1")"
}

# assert_fd_count PID N: wait until it has so many.
assert_fd_count() {
    in_time 5 has_fds "$2" "$1" ||
        explain "process $1 should have $2 descriptors, as before, but it has" \
            "$(fd_count "$1"):" "$(fds_of "$1")"
}

# assert_rests PID...: for 0.3 s none of them uses the CPU as a busy loop would.
assert_rests() {
    local pid _
    local -A used
    for pid in "$@"; do
        cpu_time "$pid"
        used[$pid]=$REPLY
    done
    for _ in {1..15}; do
        tick
    done
    for pid in "$@"; do
        cpu_time "$pid"
        ((REPLY -= used[$pid], REPLY < 5)) ||
            explain "process $pid does not sleep: of 300 ms it has used the CPU" \
                "for ${REPLY}0 ms. Is a descriptor always ready in its epoll set?"
    done
}

# allow_fds PID N: it may have no descriptor with a number of N or more.
allow_fds() {
    prlimit --pid "$1" --nofile="$2:"
}

# ---- Workers and clients

@test "the same few processes answer for ever" {
    local i first client worker
    start_pool 3
    first=("${WORKERS[@]}")
    for i in 1 2 3 4 5; do
        hold client
        worker_of "$client"
        worker=$REPLY
        if [ "$SPEAKS" = lines ]; then
            ask "$client" who
            assert_is "the answer to 'who'" "[$worker] who" "$REPLY"
        fi
        release_client "$client"
    done
    assert_same_workers "${first[@]}"
}

@test "as many clients are served at once as there are workers, each by its own" {
    local fd pids=()
    start_pool 3
    hold_all 3
    for fd in "${HELD[@]}"; do
        worker_of "$fd"
        pids+=("$REPLY")
    done
    assert_is "who serves the clients (all workers)" \
        "$(printf '%s\n' "${WORKERS[@]}" | sort)" \
        "$(printf '%s\n' "${pids[@]}" | sort)"
}

@test "a client for whom no worker is free waits, and nobody is dropped [trap 6]" {
    local i fd clients
    start_pool 2
    hold_all 2
    clients=("${HELD[@]}")
    hold_clients 3
    clients+=("${HELD[@]}")
    for fd in "${HELD[@]}"; do
        request "$fd"
    done
    assert_waits "${HELD[0]}"
    for fd in "${HELD[@]}"; do
        assert_waits "$fd" 0.01
        assert_is "who has a client that waits (only the kernel's queue)" '' \
            "$(owners "$fd")"
    done
    for i in 0 1 2; do # one comes to its turn as another one goes
        use "${clients[i]}"
        release_client "${clients[i]}"
        answered "${clients[i + 2]}"
    done
}

@test "a client that gives up while it waits does not cost a worker" {
    local _ busy client
    start_pool 1
    hold busy
    for _ in 1 2 3; do
        hold_client client
        request "$client"
        release_client "$client"
    done
    evil rst # accept(2) will still return this connection
    release_client "$busy"
    hold client
    wait_for_workers 1
    run grep 'accept:' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "a client that gave up is no failure; lines of the log with 'accept:'"
}

@test "it is the worker whose client went that is free again [trap 11]" {
    local fd freed client newcomers=()
    start_pool 3
    hold_all 3
    for fd in "${HELD[@]}"; do
        worker_of "$fd"
        freed=$REPLY
        release_client "$fd"
        hold client
        newcomers+=("$client")
        worker_of "$client"
        assert_is "the worker of the next client (whose client went)" "$freed" \
            "$REPLY"
    done
    for fd in "${newcomers[@]}"; do
        release_client "$fd"
    done
    hold_all 3 # all of them are free again
}

@test "a socket has another number in the server than in the worker, as the log says" {
    local client address pid number worker
    start_pool 1
    worker=${WORKERS[0]}
    kill -s STOP "$worker"
    hold_client client
    request "$client"
    wait_for_log "handed to worker $worker\$"
    read -r address _ < <(addresses "$client")
    address=127.0.0.1:$((16#${address#*:}))
    read -r pid number < <(owners "$client")
    assert_is "who has the client first (the server)" "$SERVER_PID" "$pid"
    wait_for_log "^\[$pid\] client $address is fd $number here: handed to worker $worker\$"
    kill -s CONT "$worker"
    answered "$client"
    assert_one_owner "$client"
    read -r pid number < <(owners "$client")
    assert_is "who has it then (the worker)" "$worker" "$pid"
    wait_for_log "^\[$pid\] client $address is fd $number here\$"
}

@test "the server keeps no socket of a client that a worker has" {
    local before
    start_pool 2
    before=$(fd_count "$SERVER_PID")
    hold_all 2
    assert_fd_count "$SERVER_PID" "$before"
    assert_one_owner "${HELD[0]}"
    assert_one_owner "${HELD[1]}"
}

# ---- Many clients

@test "a burst of 50 clients is served without a further one [fault 41]" {
    start_pool 3
    kill -s STOP "$SERVER_PID"
    assert_done serve_at_once 50 kill -s CONT "$SERVER_PID"
}

@test "200 clients at once are all served, and leave no descriptor behind [fault 107]" {
    local pid fd first before
    local -A count
    start_pool 3
    first=("${WORKERS[@]}")
    before=$(fd_count "$SERVER_PID")
    hold_all 3
    for pid in "${first[@]}"; do
        count[$pid]=$(($(fd_count "$pid") - 1)) # without its client
    done
    for fd in "${HELD[@]}"; do
        release_client "$fd"
    done
    assert_done serve_at_once 200
    assert_fd_count "$SERVER_PID" "$before"
    for pid in "${first[@]}"; do
        assert_fd_count "$pid" "${count[$pid]}"
    done
    assert_same_workers "${first[@]}"
}

# bats test_tags=native
@test "memory does not grow with the number of clients [fault 107]" {
    local before after
    start_pool 1
    assert_done serve_in_turn 50
    before=$(memory VmRSS "$SERVER_PID" "${WORKERS[0]}")
    assert_done serve_in_turn 100
    after=$(memory VmRSS "$SERVER_PID" "${WORKERS[0]}")
    ((after - before < 128)) ||
        explain "the server had $before KiB of memory after 50 clients," \
            "and $after KiB after 150"
}

# in_network COMMAND...: run it where the server is that start_short_queue started.
in_network() {
    nsenter --target "$SERVER_PID" --user --net --preserve-credentials "$@"
}

# One client of many: ask, through a connection that must come about quickly.
ask_soon() {
    in_network "$TESTS_DIR/build/evil" connect "$SERVER_PORT" deadline:0.5 \
        say: deadline:10 "send:$QUESTION" recv:1
}

# bats test_tags=native
@test "clients for whom the listener's queue has no room are told, the others are served [fault 43]" {
    local i pids=() statuses=()
    need_userns
    command -v ip nsenter >/dev/null || skip "no ip or no nsenter here"
    # A network of its own, in which no queue is longer than 1.
    SERVER_PREFIX=(unshare -rn bash -c 'ip link set lo up &&
        echo 1 >/proc/sys/net/core/somaxconn && exec "$@"' bash)
    start_pool 2
    kill -s STOP "$SERVER_PID"
    for i in 0 1 2 3 4; do
        background ask_soon >/dev/null 2>"$BATS_TEST_TMPDIR/error$i"
        pids+=("$BACKGROUND_PID")
    done
    wait_for "grep -q 'connect: Connection timed out' $BATS_TEST_TMPDIR/error?" 5 \
        "Five clients come to a stopped server whose queue has room for two."
    kill -s CONT "$SERVER_PID"
    for i in 0 1 2 3 4; do
        wait_background "${pids[i]}"
        statuses+=("$BACKGROUND_STATUS")
        ((BACKGROUND_STATUS == 0)) || assert_is "what client $i says" \
            "evil: step 'connect': connect: Connection timed out" \
            "$(<"$BATS_TEST_TMPDIR/error$i")"
    done
    is_one_of 0 "${statuses[@]}" || explain "of five clients none was served"
    is_one_of 1 "${statuses[@]}" ||
        explain "five clients had room in a queue of 1: this test proves nothing"
    ask_soon
    wait_for_workers 2
}

# ---- Dead workers

@test "a worker that crashes is reported with its signal and replaced, the others go on [fault 38] [trap 7]" {
    local client busy idle
    expect_crash
    # Of the sanitizers this crash is no business.
    export ASAN_OPTIONS+=:handle_segv=0 UBSAN_OPTIONS+=:handle_segv=0
    export TSAN_OPTIONS+=:handle_segv=0
    start_pool 3
    hold client
    worker_of "$client"
    busy=$REPLY
    other_than "$busy"
    idle=$REPLY
    kill -s SEGV "$idle"
    wait_for_workers 3 "$idle"
    wait_for_log "worker $idle killed by signal 11 "
    is_one_of "$busy" "${WORKERS[@]}" ||
        explain "worker $busy, which did not crash, is gone: ${WORKERS[*]}"
    use "$client"
    release_client "$client"
    hold_all 3
}

@test "whose worker is killed sees the end of the connection, the others go on [fault 38]" {
    local unlucky lucky killed worker
    start_pool 2
    hold unlucky
    hold lucky
    worker_of "$lucky"
    worker=$REPLY
    worker_of "$unlucky"
    killed=$REPLY
    kill -s KILL "$killed"
    assert_closed "$unlucky"
    wait_for_log "worker $killed killed by signal 9 "
    wait_for_workers 2 "$killed"
    use "$lucky"
    hold unlucky
    worker_of "$lucky"
    assert_is "the worker of the other client, as before" "$worker" "$REPLY"
}

@test "workers killed all at once are all replaced, and none stays a zombie [fault 38]" {
    local client killed
    start_pool 3
    killed=("${WORKERS[@]}")
    kill -s KILL "${killed[@]}"
    hold client # it waits for a new worker
    wait_for_workers 3 "${killed[@]}"
    in_time 2 no_zombies "$SERVER_PID" ||
        explain "the workers were killed, but these are zombies still:" \
            "$(zombies "$SERVER_PID")"
    hold_all 2
}

@test "a client that a worker has not taken when it is killed is served by another [fault 33]" {
    local client killed
    start_pool 1
    killed=${WORKERS[0]}
    kill -s STOP "$killed"
    hold_client client
    request "$client"
    wait_for_log "handed to worker $killed\$"
    kill -s KILL "$killed"
    answered "$client"
    wait_for_workers 1 "$killed"
    worker_of "$client"
}

# bats test_tags=native
@test "a client whose worker dies just before it says to have it is served by another [fault 33]" {
    local client killed
    need_strace
    start_pool 1
    killed=${WORKERS[0]}
    # The first thing that a worker does with a client is to ask for its name.
    attach_strace "$killed" getpeername signal=KILL
    hold client
    wait_for_log "worker $killed killed by signal 9 "
    wait_for_workers 1 "$killed"
    worker_of "$client"
}

# attach_strace PID CALL FAULT: have this system call of the process meet with a
# fault from now on. What happens is shown in $BATS_TEST_TMPDIR/trace.PID.
attach_strace() {
    need_strace
    background strace -qq -p "$1" -o "$BATS_TEST_TMPDIR/trace.$1" \
        -e "trace=$2" -e "inject=$2:$3"
    wait_for "! grep -q '^TracerPid:.0\$' /proc/$1/status" 5 \
        "strace should have attached to process $1."
}

# bats test_tags=native
@test "a worker that cannot report ends, and nobody waits for it [fault 117]" {
    local client pid
    start_pool 2
    for pid in "${WORKERS[@]}"; do
        attach_strace "$pid" sendto error=ENOBUFS:when=1
    done
    hold client # by the second worker, or by a new one
    cat "$BATS_TEST_TMPDIR"/trace.* >"$BATS_TEST_TMPDIR/trace"
    assert_injected "$BATS_TEST_TMPDIR/trace"
    wait_for_log "worker (${WORKERS[0]}|${WORKERS[1]}) ended with status 1"
    release_client "$client"
    wait_for_workers 2
    serve_at_once 2
}

# bats test_tags=native
@test "a worker that cannot report to be free is replaced [fault 117]" {
    local client
    start_pool 1
    hold client
    attach_strace "${WORKERS[0]}" sendto error=ENOBUFS:when=1
    release_client "$client"
    wait_for_workers 1 "${WORKERS[0]}"
    assert_injected "$BATS_TEST_TMPDIR"/trace.*
    serve_in_turn 2
}

# bats test_tags=native
@test "a client whose worker dies goes to one that is free, though no new one can be made [fault 118]" {
    local client other
    start_pool 2
    attach_strace "$SERVER_PID" clone,clone3,fork,vfork error=EAGAIN
    attach_strace "${WORKERS[0]}" getpeername signal=KILL
    hold client
    if ! grep -q "worker ${WORKERS[0]} killed" "$BATS_TEST_TMPDIR/server.err"; then
        hold_client other # it comes to the worker that dies, and has to wait
        request "$other"
        release_client "$client"
        answered "$other"
    fi
    wait_for_log "worker ${WORKERS[0]} killed by signal 9 "
} # end_test ends strace, and the server with it

# bats test_tags=native
@test "epoll_ctl failing for once costs no client and not the server [fault 119]" {
    local calls i client
    start_traced_pool epoll_ctl 1
    wait_for_log accepting
    calls=$(grep -c epoll_ctl "$TRACE")
    stop_server
    for ((i = calls; i < calls + 4; i++)); do
        SERVER_PREFIX=()
        start_injected_pool "epoll_ctl:error=ENOMEM:when=$i" 1
        hold client
        release_client "$client"
        hold client
        release_client "$client"
        assert_injected
        stop_server
    done
}

# bats test_tags=native
@test "a worker that cannot be watched is ended, and another takes its place [fault 119]" {
    local before killed
    start_pool 2
    before=$(fd_count "$SERVER_PID")
    killed=${WORKERS[0]}
    # The first call is about the worker that is killed, the second about a new one.
    attach_strace "$SERVER_PID" epoll_ctl error=ENOMEM:when=2
    kill -s KILL "$killed"
    assert_injected "$BATS_TEST_TMPDIR/trace.$SERVER_PID"
    wait_for_log 'no new worker: Cannot allocate memory'
    wait_for '[ "$(server_log | grep -c " started$")" -ge 4 ]' 5
    wait_for_workers 2 "$killed" # and no third one
    assert_fd_count "$SERVER_PID" "$before"
    in_time 2 no_zombies "$SERVER_PID"
}

# bats test_tags=native
@test "a client that another takes away before it is accepted does not stop the pool [fault 153]" {
    local client killed proof=$BATS_TEST_TMPDIR/stolen
    SERVER_PREFIX=(env "LD_PRELOAD=$TESTS_DIR/build/thief.so" THIEF_AT=1
        "THIEF_PROOF=$proof")
    start_pool 2
    hold_client client
    wait_for "[ -e '$proof' ]" 5 "No client was taken away: this proves nothing."
    killed=${WORKERS[0]}
    kill -s KILL "$killed"
    wait_for_workers 2 "$killed"
}

blocks_nothing() {
    [ "$(sed -n 's/^SigBlk:\t*//p' "/proc/$1/status")" = 0000000000000000 ]
}

@test "a worker blocks no signal: it serves with the mask of the start" {
    local pid
    start_pool 2
    for pid in "${WORKERS[@]}"; do
        in_time 5 blocks_nothing "$pid" || explain "worker $pid blocks signals:" \
            "$(grep SigBlk "/proc/$pid/status")"
    done
}

# bats test_tags=native
@test "a worker can start where close_range is forbidden [fault 120]" {
    local client
    start_injected_pool close_range:error=ENOSYS 2
    hold client
    release_client "$client"
    ! grep -q close_range "$TRACE" || assert_injected
}

@test "the death of a worker is reported though SIGCHLD was ignored at the start [fault 114]" {
    SERVER_PREFIX=(env --block-signal=CHLD --ignore-signal=CHLD)
    start_pool 1
    kill -KILL "${WORKERS[0]}"
    wait_for_log "worker ${WORKERS[0]} killed by signal 9 "
}

# bats test_tags=native
@test "the client of a worker that may have no further descriptor is served by another [fault 26] [trap 10]" {
    local i old
    start_pool 2
    old=("${WORKERS[@]}")
    allow_fds "${old[0]}" 3
    allow_fds "${old[1]}" 3
    hold_all 2
    wait_for_workers 2 "${old[@]}"
    for i in 0 1; do
        wait_for_log "^\[${old[i]}\] no client received: Too many open files"
        wait_for_log "worker ${old[i]} ended with status 1"
        worker_of "${HELD[i]}"
    done
}

# start_pool_with_clock N: a pool on whose clock (hostile/own_clock.c) pauses take no
# time; how long they were to be is in the file $PAUSES, in ms, a line each.
start_pool_with_clock() {
    CLOCK=$BATS_TEST_TMPDIR/clock
    PAUSES=$BATS_TEST_TMPDIR/pauses
    : >"$CLOCK"
    : >"$PAUSES"
    SERVER_PREFIX=(env "LD_PRELOAD=$TESTS_DIR/build/own_clock.so"
        "OWN_CLOCK=$CLOCK" "OWN_CLOCK_PAUSES=$PAUSES")
    start_pool "$1"
}

# replace_worker: kill the only worker, and wait for the next one.
replace_worker() {
    kill -s KILL "${WORKERS[0]}"
    wait_for_workers 1 "${WORKERS[0]}"
}

# bats test_tags=native
@test "a worker that dies young is replaced after a pause, which grows; an older one at once [fault 39]" {
    local i pauses
    start_pool_with_clock 1
    for i in {1..9}; do
        replace_worker
    done
    mapfile -t pauses <"$PAUSES"
    assert_is "pauses before workers that died young were replaced" 9 ${#pauses[@]}
    ((pauses[0] >= 100 && pauses[1] >= 2 * pauses[0] &&
        pauses[2] >= 2 * pauses[1])) ||
        explain "each worker died as soon as it was there, so the pauses before it is" \
            "replaced should grow. In ms they were: ${pauses[*]}"
    ((pauses[8] <= 10000)) ||
        explain "the pauses should grow to 8 s and no further: who mends what kills" \
            "the workers should not wait for hours. In ms they were: ${pauses[*]}"
    printf '++' >>"$CLOCK" # two seconds
    replace_worker
    assert_is "pauses before a worker that died at the age of 2 s was replaced" 0 \
        $(($(wc -l <"$PAUSES") - 9))
    replace_worker
    assert_is "ms of the pause after the next one that died young" "${pauses[0]}" \
        "$(tail -n 1 "$PAUSES")"
}

@test "a worker that cannot be replaced now is replaced later [fault 6]" {
    local client killed before
    start_injected_pool clone,clone3:error=EAGAIN:when=2 1
    killed=${WORKERS[0]}
    before=$(fd_count "$SERVER_PID")
    kill -s KILL "$killed"
    hold client
    assert_injected
    wait_for_log "no new worker: Resource temporarily unavailable"
    wait_for_workers 1 "$killed"
    assert_fd_count "$SERVER_PID" "$before"
}

@test "if not all workers can be started, none is left behind [fault 6]" {
    need_strace
    # shellcheck disable=SC2054 # these commas belong to words
    SERVER_PREFIX=(strace -D -f -qq -o "$BATS_TEST_TMPDIR/trace"
        -e trace=clone,clone3 -e inject=clone,clone3:error=EAGAIN:when=3)
    run run_server --port 0 --workers 3 "${OPTIONS[@]}"
    assert_failure 1
    assert_line "server: workers: Resource temporarily unavailable"
    assert_injected "$BATS_TEST_TMPDIR/trace"
    in_time 5 no_server_processes ||
        explain "the server has ended, but not these: $(server_processes)"
}

# bats test_tags=native
@test "a signal while the server waits for a dead worker leaves no zombie [fault 9]" {
    local killed
    start_injected_pool wait4:error=EINTR:when=1 2
    killed=${WORKERS[0]}
    kill -s KILL "$killed"
    wait_for_workers 2 "$killed"
    assert_injected
    in_time 1 no_zombies "$SERVER_PID" ||
        explain "wait4 was interrupted by a signal (EINTR), and was not called" \
            "again: worker $killed stays a zombie"
    wait_for_log "worker $killed killed by signal 9 "
}

# ---- No busy loops

# bats test_tags=native
@test "the server sleeps while a dead worker is still to be replaced [trap 7]" {
    start_pool 2
    kill -s KILL "${WORKERS[0]}"
    assert_rests "$SERVER_PID"
}

# bats test_tags=native
@test "the server and its workers sleep while all are busy and clients wait" {
    local client
    start_pool 2
    hold_all 2
    hold_client client
    request "$client"
    assert_rests "$SERVER_PID" "${WORKERS[@]}"
}

# bats test_tags=native
@test "the server sleeps while it may have no further descriptor, and then goes on [fault 11]" {
    local client killed before
    start_pool 2
    killed=${WORKERS[0]}
    before=$(prlimit --pid "$SERVER_PID" --nofile --output SOFT --noheadings)
    allow_fds "$SERVER_PID" 3
    kill -s KILL "$killed"
    hold_client client
    request "$client"
    wait_for_log "no new worker: Too many open files"
    wait_for_log "accept: Too many open files"
    assert_rests "$SERVER_PID"
    [ "$(server_log | wc -l)" -lt 40 ] ||
        explain "the server should rest, but it has logged $(server_log | wc -l) lines"
    allow_fds "$SERVER_PID" "${before// /}"
    answered "$client"
    wait_for_workers 2 "$killed"
}

# ---- Passing the socket

# bats test_tags=native
@test "an order that cannot be sent now is sent later [fault 29] [fault 32]" {
    local error client before
    for error in EAGAIN ETOOMANYREFS; do
        start_injected_pool sendmsg:error=$error:when=1 1
        before=$(fd_count "$SERVER_PID")
        hold client
        assert_injected
        assert_fd_count "$SERVER_PID" "$before"
        release_client "$client"
        stop_server
    done
}

# bats test_tags=native
@test "an order whose sending is interrupted by a signal is sent, and only once [fault 30]" {
    local client before
    start_injected_pool sendmsg:error=EINTR:when=1 1
    before=$(fd_count "$SERVER_PID")
    hold client
    assert_injected
    assert_fd_count "$SERVER_PID" "$before"
    assert_only_channel "${WORKERS[0]}" "$(link_of "$client")"
    release_client "$client"
    assert_only_channel "${WORKERS[0]}"
}

# bats test_tags=native
@test "a worker whose receiving is interrupted by a signal goes on [fault 9]" {
    local first
    start_injected_pool recvmsg:error=EINTR:when=1 2
    first=("${WORKERS[@]}")
    hold_all 2
    assert_injected
    assert_same_workers "${first[@]}"
}

@test "orders and reports arrive where no call moves more than one byte [fault 31]" {
    local client
    SHORT_IO=1 start_short --workers 1 "${OPTIONS[@]}"
    hold client
    release_client "$client"
    hold client
    assert_short server
}

# bats test_tags=native
@test "a worker receives the socket close-on-exec [fault 35]" {
    local client
    start_traced_pool recvmsg 1
    hold client
    assert_traced SCM_RIGHTS "$TRACE"
    run grep SCM_RIGHTS "$TRACE"
    assert_output --partial MSG_CMSG_CLOEXEC
}

# bats test_tags=native
@test "what the server closes has left its epoll set before [fault 34] [trap 12]" {
    local client killed
    start_traced_pool epoll_ctl,close 2
    hold client
    worker_of "$client"
    other_than "$REPLY"
    killed=$REPLY
    kill -s KILL "$killed"
    wait_for_workers 2 "$killed"
    release_client "$client"
    hold_all 2
    close_clients
    stop_server
    run awk -F '[ (),]+' -v server="$SERVER_PID" '
        $1 != server { next }
        $2 == "epoll_ctl" { epoll = $3 }
        $4 == "EPOLL_CTL_ADD" { watched[$5] = 1; added++ }
        $4 == "EPOLL_CTL_DEL" { delete watched[$5] }
        $2 == "close" && $3 == epoll { split("", watched) }
        $2 == "close" && watched[$3] { print "closed while watched: " $0 }
        / = -1 / { print "failed: " $0 }
        END { print added + 0 }' "$TRACE"
    assert_output --regexp '^[0-9]+$' # no complaint
    ((output >= 4)) || explain "with two workers the server should add four or more" \
        "descriptors to its epoll set, but $output were seen"
}

# ---- Who holds what, and the end of the server

# bats test_tags=native
@test "a worker holds its channel and its client, nothing of its siblings or of the server [fault 36] [trap 8]" {
    local pid client serving killed
    start_pool 3
    for pid in "${WORKERS[@]}"; do
        assert_only_channel "$pid"
    done
    hold client
    worker_of "$client"
    serving=$REPLY
    other_than "$serving"
    killed=$REPLY
    kill -s KILL "$killed"
    wait_for_workers 3 "$killed" # the new one might hold more than the first ones
    for pid in "${WORKERS[@]}"; do
        [ "$pid" -eq "$serving" ] || assert_only_channel "$pid"
    done
    assert_only_channel "$serving" "$(link_of "$client")"
    release_client "$client"
    assert_only_channel "$serving"
}

@test "when the server is killed, its workers go [fault 36]" {
    start_pool 3
    stop_server KILL
    assert_go "${WORKERS[@]}"
}

@test "when the server is killed, a worker serves its client to the end, then goes [fault 36] [trap 8]" {
    local fd pid idle fds=()
    start_pool 4
    hold_all 3
    for fd in "${HELD[@]}"; do
        worker_of "$fd"
        fds[REPLY]=$fd
    done
    other_than "${!fds[@]}"
    idle=$REPLY
    stop_server KILL
    assert_go "$idle"
    # The oldest first: younger ones might hold copies of the server's end of its
    # channel.
    for pid in "${!fds[@]}"; do
        use "${fds[pid]}"
        release_client "${fds[pid]}"
        assert_go "$pid"
    done
}

# bats test_tags=native
@test "when the server is killed while its workers are being started, they go [fault 37]" {
    # Each worker is stopped before it has closed what it inherited.
    start_injected_pool close_range:error=EINTR:signal=STOP:when=1 2
    assert_injected
    wait_for '[ "$(grep -c "stopped by SIGSTOP" "$TRACE")" -eq 2 ]' 5 \
        "The workers are not stopped at their first steps: this proves nothing."
    stop_server KILL
    signal_all CONT "${WORKERS[@]}"
    assert_go "${WORKERS[@]}"
}
