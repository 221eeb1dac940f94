#!/usr/bin/env bats
# One thread that waits for all clients: thousands of them at once, none of whom
# costs the others anything; threads that do the file work, and the eventfd by
# which they wake the loop.

# shellcheck disable=SC2016 # $ is for wait_for and for other shells
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
# shellcheck disable=SC2034,SC2154 # the helpers, or run, set or read it
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
    mkdir "$OUT"
}

teardown() {
    local pid
    # shellcheck disable=SC2154 # server_log is a function
    pid=$(cat "$BATS_TEST_TMPDIR/daemon.pid" 2>/dev/null) && kill -KILL "$pid"
    end_test
}

# crowd N STEP...: so many clients come and stay. The last one does these steps.
crowd() {
    start_evil connect "crowd:$(($1 - 1))" say:here "${@:2}" hold
    in_time 30 grep -q here "$BATS_TEST_TMPDIR/evil.out" ||
        explain "$1 clients cannot connect:" \
            "$(cat "$BATS_TEST_TMPDIR/evil.err")"
}

# assert_at_rest WHILE: wait until the server takes no CPU time.
assert_at_rest() {
    in_time 5 is_at_rest "$SERVER_PID" ||
        explain "$1, but the server takes CPU time all the while. Is a" \
            "descriptor always ready in its epoll set?"
}

# assert_connections N: wait until so many clients are connected.
assert_connections() {
    in_time 10 has_connections "$1" ||
        explain "$1 clients should be connected, but there are" \
            "$(sockets connected | wc -l)"
}

# assert_stuck: wait until the server has sent what a client does not read.
assert_stuck() {
    in_time 5 is_stuck ||
        explain "a client asked for a file and does not read, but the server has" \
            "nothing on its way to it:" "$(sockets connected)"
}

# ---- Many clients

# bats test_tags=native
@test "10,000 clients are connected at once, cost 300 bytes each, and hold up nobody" {
    local before memory_before memory n=10000
    [ "$(ulimit -Hn)" -ge 14000 ] || skip "at most $(ulimit -Hn) fds are allowed"
    [ "$(ulimit -Hn)" -ge 21000 ] || n=6000 # each may need a second one, for a file
    serve
    before=$(fd_count "$SERVER_PID") memory_before=$(memory VmRSS "$SERVER_PID")
    crowd $n
    in_time 20 has_fds $((before + n)) || explain "of $n clients" \
        "$(($(fd_count "$SERVER_PID") - before)) were accepted"
    memory=$(memory VmRSS "$SERVER_PID")
    [ $(((memory - memory_before) * 1024 / n)) -le 300 ] ||
        explain "$n clients who say nothing take $((memory - memory_before)) kB"
    fetch_numbered 1 big
    assert_at_rest "all clients are silent"
    release_evil
    in_time 20 has_fds "$before" ||
        explain "all have gone, but $(fd_count "$SERVER_PID") fds are open," \
            "$before before they came"
    wait_evil
}

@test "beyond the limit of descriptors further clients wait, and are served" {
    local i room pids=()
    SERVER_PREFIX=(prlimit --nofile=64:64)
    serve
    SERVER_PREFIX=()
    room=$(server_log | sed -n 's/.* room for \([0-9]*\) clients.*/\1/p')
    crowd "$room"
    assert_connections "$room"
    for i in {1..3}; do
        background fetch_numbered "$i"
        pids+=("$BACKGROUND_PID")
    done
    assert_connections $((room + 3)) # the kernel has let them in
    assert_at_rest "clients wait"
    release_evil
    for i in "${pids[@]}"; do
        wait_background "$i"
        assert_background_status 0 "It is a client that had to wait."
    done
    wait_evil
}

@test "as many clients as it has room for can all have a file at once [fault 124]" {
    local fd room
    SERVER_PREFIX=(prlimit --nofile=64:64)
    serve
    SERVER_PREFIX=()
    room=$(server_log | sed -n 's/.* room for \([0-9]*\) clients.*/\1/p')
    ((room < 64)) || room=64
    hold_clients "$room"
    for fd in "${HELD[@]}"; do
        printf '\0\0\0\4huge' >&"$fd"
    done
    for fd in "${HELD[@]}"; do
        take "$fd" 9 >"$OUT/greeting"
        grep -aq +huge "$OUT/greeting" || explain "there are 64 descriptors, and room" \
            "for $room clients, as it says. All of them are here and ask for a file," \
            "but one is answered: $(tr -d '\0' <"$OUT/greeting")"
    done
}

# bats test_tags=native
@test "when no descriptor is left it rests from accepting, not from serving" {
    local failures
    start_injected accept4:error=EMFILE:when=2..40 --directory "$FILES"
    hold_client 5
    printf '\0\0\0\4huge' >&5
    assert_stuck # one client is being served
    background fetch_numbered 1
    assert_injected
    take 5 $((TRAIN_MAX * 32)) >"$OUT/part" # and goes on
    failures=$(grep -c INJECTED "$TRACE")
    [ "$failures" -lt 16 ] || explain "32 trains were sent in the time that" \
        "$failures failures to accept took: the loop waits, and all with it"
    wait_background "$BACKGROUND_PID" 20
    assert_background_status 0 "It is the client that had to wait for a descriptor."
    wait_for_log 'accept: Too many open files'
}

fetch_small() {
    fetch small && [ "$status" -eq 0 ] && assert_same small
}

# bats test_tags=native
@test "once it listens no epoll_ctl that fails ends it [fault 136]" {
    local n started=0
    need_strace
    for n in {1..6}; do
        SERVER_PREFIX=(strace -D -f -qq -o "$BATS_TEST_TMPDIR/trace.$n"
            -e trace=epoll_ctl -e "inject=epoll_ctl:error=ENOMEM:when=$n")
        serve 2>/dev/null || continue # it may refuse to start
        started=$((started + 1))
        hold_client 5 # it may be the one for whom there is no memory
        in_time 5 fetch_small ||
            explain "call $n of epoll_ctl fails, and nobody is served any more:" \
                "$(server_log | tail -n 5)"
        release_client 5
        assert_injected "$BATS_TEST_TMPDIR/trace.$n"
        stop_server
    done
    [ $started -gt 0 ] || explain "no server has started: the test proves nothing"
}

# ---- Slow clients

@test "clients that do not read cost no thread: with one, all others are served [trap 43]" {
    local i fd
    serve --workers 1
    for i in {1..20}; do
        hold_client fd
        printf '\0\0\0\4huge' >&"$fd"
    done
    hold_client fd
    printf '\0\0\0\4sm' >&"$fd" # half a request
    fetch_numbered a big
    at_once 10 fetch_numbered
    assert_at_rest "nobody reads"
}

@test "requests that are longer than the inbox, in two parts, are answered [trap 41]" {
    local name
    printf -v name '%0240d' 0
    serve
    run evil 'send:\0\0\0\xf0' "send:${name:0:200}" pause:0.2 \
        "send:${name:0:40}\0\0\0\xf0$name\0\0\0\x05small" \
        recv-train say: recv-train say: recv-train say:
    assert_success
    assert_line --index 0 --partial -- "-$name: No such file"
    assert_line --index 1 --partial -- "-$name: No such file"
    assert_line --index 2 +small
}

# in_network COMMAND...: become this command, where the server is.
in_network() {
    exec nsenter --target "$SERVER_PID" --user --net --preserve-credentials "$@"
}

# In a network of its own, where the kernel keeps no more than 16 KiB of what is to
# be sent: there is never room for a whole train.
@test "a client whose buffers are full in the midst of a train costs no thread [trap 43]" {
    need_userns
    command -v ip nsenter >/dev/null || skip "no ip or no nsenter here"
    SERVER_PREFIX=(unshare -rn bash -c 'ip link set lo up &&
        echo 4096 16384 16384 >/proc/sys/net/ipv4/tcp_wmem && exec "$@"' bash)
    serve --workers 1
    SERVER_PREFIX=()
    background in_network "$TESTS_DIR/build/evil" connect "$SERVER_PORT" rcvbuf:4096 \
        train:huge recv:4 say:here pause:30 >"$OUT/here"
    wait_for 'grep -aq here "$OUT/here"' 10
    background in_network "$TESTS_DIR/build/evil" connect "$SERVER_PORT" \
        deadline:5 train:small recv-train halfclose
    wait_background "$BACKGROUND_PID" 20
    assert_background_status 0 "A client does not read, and then another gets no" \
        "answer: does the only thread wait for the first one?"
}

# bats test_tags=native
@test "EPOLLOUT is armed while something is unsent, and only then" {
    local trace=$BATS_TEST_TMPDIR/trace
    need_strace
    SERVER_PREFIX=(strace -D -f -qq -o "$trace" -e trace=epoll_ctl)
    serve
    SERVER_PREFIX=()
    fetch_numbered 1
    run grep EPOLLOUT "$trace" # all of a small file is taken at once
    assert_silent "while nothing is unsent, calls with EPOLLOUT"
    hold_client 5
    printf '\0\0\0\3big\0\0\0\5small' >&5
    assert_stuck
    in_time 5 grep -q EPOLLOUT "$trace" ||
        explain "a client does not read, but the server does not ask for EPOLLOUT:" \
            "$(tail "$trace")"
    # two files: the trains of names and sizes, those of the data, empty ones
    take 5 $((4 + 4 + 12 + 16 * (4 + TRAIN_MAX) + 4 + \
        4 + 6 + 12 + 4 + 2692 + 4)) >"$OUT/reply"
    tail -c $((2692 + 4)) "$OUT/reply" | head -c 2692 | cmp - "$FILES/small"
    in_time 5 eval 'tail -n 1 "$trace" | grep -q EPOLLIN' ||
        explain "all is sent, but the last wish is: $(tail -n 1 "$trace")"
}

@test "a client's time runs from its last sign of life, whatever others do" {
    local fd
    serve --timeout 0.5
    hold_client 5
    for fd in 6 7 8; do
        hold_client $fd
        printf '\0\0\0\5small' >&$fd
    done
    assert_closed 5
    wait_for_log 'Connection timed out'
}

# ---- The threads and the loop

# bats test_tags=native
@test "a thread's work is never forgotten: 2,000 requests on one processor [fault 94] [trap 44]" {
    local run
    SERVER_PREFIX=(taskset -c 0)
    serve --workers 4
    SERVER_PREFIX=()
    for run in {1..4}; do
        at_once 5 ask_100_times
    done
    stop_server
    assert_server_status 0
    assert_is "lines of the log with 'sent small, 2692 bytes'" 2000 \
        "$(server_log | grep -c 'sent small, 2692 bytes')"
}

# 100 requests in one go, and 100 answers of 4 + 6 + 12 + 4 + 2692 + 4 bytes.
ask_100_times() {
    evil 'repeat:100:\0\0\0\x05small' recv:272200 halfclose expect-eof >/dev/null
}

# Both requests are with threads when one of them is done (it is refused), which
# wakes the loop. It is held up when it clears the eventfd, and meanwhile the other
# one is done, too: that must still be found.
# bats test_tags=native
@test "what is done while the loop clears the eventfd is not forgotten [fault 94] [trap 44]" {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -P 'anon_inode:[eventfd]'
        -P "$FILES/small" -e trace=read,sendfile
        -e inject=read:delay_enter=600ms -e inject=sendfile:delay_enter=200ms)
    serve --workers 2 --timeout 0
    SERVER_PREFIX=()
    hold_client 5
    hold_client 6
    in_time 5 has_accepted 2
    signal_all STOP "$SERVER_PID"
    printf '\0\0\0\5small' >&5
    printf '\0\0\0\6nosuch' >&6
    signal_all CONT "$SERVER_PID"
    take 5 $((4 + 6 + 12 + 4 + 2692 + 4)) >/dev/null
    printf '\0\0\0\5small' >&5
    next_byte 5 $((5 * TIMEOUT_SCALE)) || explain "a client asks for a second file and" \
        "waits for ever. When a thread was done with the first one, the loop was just" \
        "about to clear the eventfd: was the queue emptied before that?"
    assert_delayed
}

has_accepted() {
    [ "$(server_log | grep -c 'is fd')" -ge "$1" ]
}

# bats test_tags=native
@test "the eventfd is written again if a signal interrupts that [fault 96]" {
    local trace=$BATS_TEST_TMPDIR/trace
    need_strace
    SERVER_PREFIX=(strace -D -f -qq -o "$trace" -P 'anon_inode:[eventfd]'
        -e trace=write -e inject=write:error=EINTR:when=1)
    serve
    SERVER_PREFIX=()
    fetch_numbered 1
    assert_injected "$trace"
}

# A client that goes while a thread works for it leaves its number to the next.
# bats test_tags=native
@test "who comes when a thread still works for another gets nothing of that one's [fault 95]" {
    local i pids=()
    TRACE=$BATS_TEST_TMPDIR/trace
    need_strace
    for i in {1..8}; do
        seq -f "file $i line %g" 20000 >"$BATS_TEST_TMPDIR/file$i"
    done
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -e trace=openat,sendfile
        -e inject=openat,sendfile:delay_enter=20ms)
    start_server --directory "$BATS_TEST_TMPDIR" --workers 2
    SERVER_PREFIX=()
    for i in {1..8}; do
        evil train:file1 rst
        evil train:file2 recv:100 rst >/dev/null
        FILES=$BATS_TEST_TMPDIR background fetch_numbered "$i" "file$i"
        pids+=("$BACKGROUND_PID")
    done
    for i in "${!pids[@]}"; do
        wait_background "${pids[i]}" 20
        assert_background_status 0 "Client $((i + 1)) did not get its own file."
    done
    assert_delayed
}

# bats test_tags=native
@test "a flood of clients does not keep the others waiting: 16 are accepted in one go [fault 97]" {
    local trace=$BATS_TEST_TMPDIR/trace longest client
    need_strace
    SERVER_PREFIX=(strace -D -qq -o "$trace" -e trace=accept4,epoll_wait)
    serve
    SERVER_PREFIX=()
    background fetch_numbered 1 big
    client=$BACKGROUND_PID
    signal_all STOP "$SERVER_PID"
    crowd 100
    signal_all CONT "$SERVER_PID"
    in_time 5 all_accepted ||
        explain "100 clients came, but by its log the server has not accepted all"
    wait_background "$client" 20
    assert_background_status 0 "It is the client that was there before the flood."
    longest=$(awk '/^accept4/ { if (++run > longest) longest = run }
        /^epoll_wait/ { run = 0 }
        END { print longest }' "$trace")
    [[ $longest -gt 1 && $longest -le 16 ]] ||
        explain "$longest clients were accepted between two looks at the others"
}

all_accepted() {
    [ "$(server_log | grep -c 'is fd')" -ge 100 ]
}

# bats test_tags=native
@test "the threads are named, and no signal that ends the server comes to them" {
    local task blocked signals count=0
    signals=$((1 << 0 | 1 << 1 | 1 << 9 | 1 << 14)) # HUP, INT, USR1, TERM
    serve --workers 3
    for task in "/proc/$SERVER_PID/task"/*; do
        [[ $(<"$task/comm") == worker-* ]] || continue
        count=$((count + 1))
        blocked=$(sed -n 's/^SigBlk:\t*//p' "$task/status")
        [ $((16#$blocked & signals)) -eq $signals ] ||
            explain "a thread does not block all signals: SigBlk $blocked"
    done
    assert_is "threads called worker-N" 3 "$count"
}

# bats test_tags=native
@test "a thread that cannot be started ends the server with a message" {
    need_strace
    run --separate-stderr timeout $((10 * TIMEOUT_SCALE)) strace -f -qq \
        -o "$BATS_TEST_TMPDIR/trace" -e trace=clone,clone3 \
        -e inject=clone,clone3:error=EAGAIN:when=2 \
        "$STAGE_DIR/$SERVER" --port 0 --workers 3
    assert_failure 1
    assert_silent "without its second thread, on standard output"
    [[ $stderr == *"$SERVER: workers: Resource temporarily unavailable"* ]] ||
        explain "without its second thread the server should say" \
            "'$SERVER: workers: Resource temporarily unavailable', but" \
            "$(said "$stderr")"
    assert_injected "$BATS_TEST_TMPDIR/trace"
}

# ---- The end

@test "1,000 silent clients are cut at once, or when the drain time-out is over" {
    local mode
    for mode in cancel drain; do
        serve --exit $mode --drain-timeout 0.2
        crowd 1000
        assert_connections 1000
        wait_for "[ \"\$(server_log | grep -c '\[$SERVER_PID\].* is fd')\" -eq 1000 ]" \
            10 "Each client that is accepted has a line with 'is fd' in the log."
        stop_server
        assert_server_status 1
        run server_log
        assert_line "[$SERVER_PID] stopped: 0 clients served, 1000 cut"
        wait_evil
    done
}

# bats test_tags=native
@test "clients for whom there is no room when it ends are counted as cut [fault 137]" {
    local mode counts
    for mode in drain cancel; do
        SERVER_PREFIX=(prlimit --nofile=64:64)
        serve --exit $mode --timeout 0.2
        SERVER_PREFIX=()
        signal_all STOP "$SERVER_PID"
        hold_clients 100
        signal_all TERM "$SERVER_PID"
        signal_all CONT "$SERVER_PID"
        wait_server
        assert_equal "$SERVER_STATUS" 1
        counts=$(server_log | sed -n '$s/.*: \(.*\) clients served, \(.*\) cut/\1+\2/p')
        [ "$((counts))" -eq 100 ] ||
            explain "100 clients were connected when the signal came, but the" \
                "server accounts for $counts (served+cut)"
        close_clients
    done
}

@test "a client that is with a thread when all are cut is cut as well" {
    local trace=$BATS_TEST_TMPDIR/trace
    need_strace
    SERVER_PREFIX=(strace -D -f -qq -o "$trace" -e trace=sendfile
        -e inject=sendfile:delay_enter=300ms)
    serve --exit cancel --workers 1
    SERVER_PREFIX=()
    evil_downloads
    wait_for_log ' is fd '
    in_time 5 grep -q sendfile "$trace" ||
        explain "three clients ask for a file, but no sendfile is seen"
    stop_server
    assert_server_status 1
    run server_log
    assert_line --partial 'stopped: 0 clients served, 3 cut'
    wait_evil
    assert_delayed "$trace"
}

# Three clients ask; each ends with its connection, before the file has come.
evil_downloads() {
    local i
    for i in 5 6; do
        hold_client $i
        printf '\0\0\0\4huge' >&$i
    done
    start_evil connect train:huge expect-closed
}

# ---- In the background

# daemonize: start the server with --daemon; sets output and status, as run does,
# and DAEMON_PID, SERVER_ADDRESS, SERVER_PORT.
daemonize() {
    run --separate-stderr run_server --port 0 --daemon --directory "$FILES"
    DAEMON_PID=$(pgrep -f -x -- \
        "$STAGE_DIR/$SERVER --port 0 --daemon --directory $FILES") || true
    echo "$DAEMON_PID" >"$BATS_TEST_TMPDIR/daemon.pid"
    SERVER_ADDRESS=127.0.0.1 SERVER_PORT=${output##*:}
}

# bats test_tags=native
@test "--daemon: the first process ends when the daemon listens; the daemon has no terminal" {
    local fd fields
    daemonize
    assert_success
    assert_output --regexp '^listening on 127\.0\.0\.1:[0-9]+$'
    [ "$(wc -w <<<"$DAEMON_PID")" -eq 1 ] ||
        explain "there is not one daemon, but: '$DAEMON_PID'"
    for fd in 0 1 2; do
        assert_is "fd $fd of the daemon" /dev/null \
            "$(readlink "/proc/$DAEMON_PID/fd/$fd")"
    done
    # parent, group, session, terminal (proc(5))
    read -ra fields < <(sed 's/.*) . //' "/proc/$DAEMON_PID/stat")
    [[ ${fields[2]} -ne $DAEMON_PID && ${fields[2]} -ne $(ps -o sid= $$) &&
        ${fields[3]} -eq 0 ]] ||
        explain "it should be in a session of its own, not lead it, and have" \
            "no terminal; parent, group, session, terminal: ${fields[*]:0:4}"
    fetch_numbered 1 big
    kill "$DAEMON_PID"
    in_time 5 is_over "$DAEMON_PID" ||
        explain "5 s after TERM the daemon (process $DAEMON_PID) still runs"
    run run_client --output "$OUT" small
    assert_failure 1 # nobody listens
}

# bats test_tags=native
@test "--daemon: it keeps nothing open of those who have started it [fault 135]" {
    local reader fifo=$BATS_TEST_TMPDIR/fifo
    mkfifo "$fifo"
    background cat "$fifo"
    reader=$BACKGROUND_PID
    daemonize 9>"$fifo"
    assert_success
    wait_background "$reader" || explain "The daemon holds:" \
        "$(find "/proc/$DAEMON_PID/fd" -type l -printf '%f %l\n')"
}

# bats test_tags=native
@test "--daemon: what goes wrong at the start is told, and nobody stays behind" {
    serve
    run --separate-stderr run_server --port "$SERVER_PORT" --daemon
    assert_failure 1
    assert_silent "on standard output"
    [[ $stderr == *"bind 127.0.0.1:$SERVER_PORT: Address already in use"* ]] ||
        explain "the port is in use, and the server should say so, but" \
            "$(said "$stderr")"
    # Later, when it is a process of its own already.
    need_strace
    run --separate-stderr timeout $((10 * TIMEOUT_SCALE)) strace -f -qq \
        -o "$BATS_TEST_TMPDIR/trace" -e trace=eventfd2 \
        -e inject=eventfd2:error=EMFILE "$STAGE_DIR/$SERVER" --port 0 --daemon
    assert_failure 1
    assert_silent "on standard output"
    [[ $stderr == *'workers: Too many open files'* ]] ||
        explain "without its eventfd it should say 'workers: Too many open files'," \
            "but $(said "$stderr")"
    assert_injected "$BATS_TEST_TMPDIR/trace"
}
