#!/usr/bin/env bats
# echo.bats: the line protocol. Every line comes back with the id of who answers,
# whatever is in it and in whatever pieces it comes, and no client disturbs the
# others or brings the server down.

# shellcheck disable=SC2034,SC2153,SC2154 # helpers.bash or run sets or reads it

load helpers

LINE_MAX=65536 # the newline included
TOO_LONG="error: line longer than 65536 bytes"

# id TEXT: set ID to the id at the start of an answer.
id() {
    [[ $1 =~ ^\[([0-9]+)\]\  ]] ||
        explain "an answer should begin with '[ID] ', but it is '$1'"
    ID=${BASH_REMATCH[1]}
}

# assert_answers LINE...: the output is the answers to these, from one process or
# thread.
assert_answers() {
    local ID
    assert_success
    id "$output"
    assert_equal "$output" "$(printf "[$ID] %s\n" "$@")"
}

# assert_no_deaths: nobody who served a client came to harm.
assert_no_deaths() {
    run server_log
    refute_output --partial 'killed by signal'
    refute_output --regexp 'ended with status [1-9]'
}

# ---- Lines

@test "a line comes back with the id of the process or thread that serves" {
    local ID pid found=''
    start_server
    hold_client 5
    ask 5 hello
    id "$REPLY"
    assert_equal "$REPLY" "[$ID] hello"
    # It is a thread of the server or of a child of it.
    for pid in $SERVER_PID $(children "$SERVER_PID"); do
        [ ! -d "/proc/$pid/task/$ID" ] || found=$pid
    done
    [ -n "$found" ] || explain "the server has no process or thread $ID"
    ask 5 "and another"
    assert_equal "$REPLY" "[$ID] and another"
}

@test "several lines in one segment are answered one by one [fault 24]" {
    start_server
    run evil 'send:one\ntwo\n\nthree\n' halfclose recv-all
    assert_answers one two '' three
}

@test "a line that comes byte by byte is one line [fault 23]" {
    start_server
    run evil 'bytewise:hello there\nand' 'bytewise: again\n' halfclose recv-all
    assert_answers "hello there" "and again"
}

@test "a client that ends its side still gets all answers [fault 20]" {
    start_server
    run evil 'repeat:2000:line\n' halfclose recv-all
    mapfile -t lines < <(yes line | head -n 2000)
    assert_answers "${lines[@]}"
    run evil halfclose recv-all
    assert_success
    assert_silent "to a client that sends nothing"
}

@test "bytes without a newline are answered as a line when the client ends" {
    start_server
    run evil 'send:one\nhalf a line' halfclose recv-all
    assert_answers one "half a line"
    run run_client < <(printf 'one\nhalf a line')
    assert_answers one "half a line"
}

@test "a line can hold any byte, through the server and the client" {
    local i byte ID sent=$BATS_TEST_TMPDIR/sent got=$BATS_TEST_TMPDIR/got
    start_server
    {
        echo text
        for i in {0..255}; do
            printf -v byte %x "$i"
            printf '%b' "\\x$byte"
        done
        echo
        head -c 100000 /dev/urandom
        echo
    } >"$sent"
    run_client <"$sent" >"$got"
    id "$(head -n 1 "$got")"
    LC_ALL=C sed "s/^/[$ID] /" "$sent" | cmp - "$got"
    evil 'send:text\n\0a\0\n' halfclose recv-all >"$got"
    id "$(head -n 1 "$got")"
    printf "[$ID] %b\n" text '\0a\0' | cmp - "$got"
}

@test "a line of 64 KiB is answered" {
    local long
    start_server
    long=$(head -c $((LINE_MAX - 1)) /dev/zero | tr '\0' x)
    run evil repeat:$((LINE_MAX - 1)):x 'send:\nshort\n' halfclose recv-all
    assert_answers "$long" short
    run run_client <<<"$long"
    assert_answers "$long"
}

@test "the longest line may come in any pieces: its last byte alone, too" {
    local long
    start_server --timeout 0
    # The server has read all but the newline, and waits for it.
    start_evil connect repeat:$((LINE_MAX - 1)):x say:sent hold 'send:\nshort\n' \
        halfclose recv-all
    wait_for "grep -q sent '$BATS_TEST_TMPDIR/evil.out'" 5
    in_time 5 all_is_read || explain "the server does not read all of a line"
    wait_evil
    long=$(head -c $((LINE_MAX - 1)) /dev/zero | tr '\0' x)
    run sed 1d "$BATS_TEST_TMPDIR/evil.out"
    assert_answers "$long" short
}

# all_is_read: nothing is under way to the server, nor waiting to be read there.
all_is_read() {
    awk -v port="$(printf ':%04X' "$SERVER_PORT")" '
        (index($2, port) || index($3, port)) && $4 == "01" && $5 != "00000000:00000000" {
            unread = 1
        }
        END { exit unread }' /proc/net/tcp
}

@test "a longer line is answered with an error, which arrives whole [fault 21]" {
    start_server
    # The server still has bytes to read when it closes; were they left unread,
    # a reset would follow that can destroy its answer.
    run evil 'send:one\n' repeat:$((LINE_MAX * 8)):x recv-all
    assert_answers one "$TOO_LONG"
    run evil repeat:$LINE_MAX:x 'send:\n' recv-all
    assert_answers "$TOO_LONG"
    head -c $((LINE_MAX + 1)) /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/long"
    run run_client <"$BATS_TEST_TMPDIR/long"
    assert_answers "$TOO_LONG"
    assert_serves
    assert_no_deaths
}

# ---- What the system does to calls

@test "reads and writes that are cut short lose nothing [fault 22]" {
    local line='a line that takes several reads and writes to get through'
    start_short
    run with_short_io timeout $((20 * TIMEOUT_SCALE)) "$STAGE_DIR/client" --port "$SERVER_PORT" \
        < <(printf '%s\n' "$line" "$line$line" '' "$line") 3>&-
    assert_answers "$line" "$line$line" '' "$line"
    assert_short "$SERVER"
    assert_short client
}

# bats test_tags=native
@test "calls that a signal interrupts are made again [fault 9]" {
    local i calls='accept4,read,recvfrom,recvmsg,sendto,sendmsg'
    calls+=',?poll,ppoll,?epoll_wait,epoll_pwait'
    # With WNOHANG, waitpid(2) is never interrupted.
    [ "$SERVER" = server_notify ] || calls+=,wait4
    # The first ones may belong to the dynamic linker.
    start_injected "$calls:error=EINTR:when=4+2"
    for i in {1..6}; do
        run run_client < <(printf '%s\n' one two three four five six)
        assert_answers one two three four five six
    done
    for i in accept4 'read|recvfrom' sendto; do
        grep -qE "($i)\(.*INJECTED" "$TRACE" ||
            explain "no call of $i was interrupted, so this test proves nothing." \
                "Those that were:" "$(grep INJECTED "$TRACE")"
    done
    assert_no_deaths
}

# bats test_tags=native
@test "a client that gives up while it waits does no harm [fault 10]" {
    local error
    for error in ECONNABORTED EPROTO; do
        start_injected accept4:error=$error:when=1
        assert_serves
        assert_injected
        stop_server
    done
}

# bats test_tags=native
@test "out of fds the server rests, and serves later [fault 11] [fault 12]" {
    local REPLY fd lines ticks i pid acceptors
    command -v prlimit >/dev/null || skip "prlimit(1) is missing"
    start_server --workers 5
    # Who holds the listener accepts: the parent, or workers.
    acceptors=$(ss -tlnpH "sport = :$SERVER_PORT" | grep -o 'pid=[0-9]*')
    acceptors=${acceptors//pid=/}
    for pid in $acceptors; do
        prlimit --pid "$pid" --nofile="$(fd_count "$pid"):"
    done
    for fd in {5..9}; do
        hold_client "$fd"
    done
    wait_for_log 'Too many open files'
    cpu_time "$SERVER_PID"
    ticks=$REPLY
    lines=$(server_log | wc -l)
    for i in {1..20}; do
        tick
    done
    lines=$(($(server_log | wc -l) - lines))
    cpu_time "$SERVER_PID"
    ticks=$((REPLY - ticks))
    ((lines <= 10 * $(wc -w <<<"$acceptors"))) ||
        explain "$lines lines of log in 0.4 s: the server spins"
    ((ticks <= 5)) ||
        explain "${ticks}0 ms of CPU time in 0.4 s: the server spins"
    for pid in $acceptors; do
        prlimit --pid "$pid" --nofile=1000:
    done
    for fd in {5..9}; do
        ask "$fd" hello
        release_client "$fd"
    done
}

# answer_pairs: 30 times two lines in one segment, and both answers. (The shell's
# own printf would send them one by one.)
answer_pairs() {
    local - i line
    set +T # Bats follows every command, which takes time
    for i in {1..30}; do
        cat "$BATS_TEST_TMPDIR/pair" >&5
        read -rt $((10 * TIMEOUT_SCALE)) -u 5 line || return
        read -rt $((10 * TIMEOUT_SCALE)) -u 5 line || return
    done
}

# Nagle's algorithm would hold back the second answer until the client has
# acknowledged the first, which takes that 40 ms (tcp(7), TCP_NODELAY): 30 times,
# 1.2 s in all, on the fastest machine. A slow one has ten attempts.
# bats test_tags=native
@test "an answer waits for no acknowledgement of the one before" {
    local now_ms before try times=()
    start_server
    hold_client 5
    printf 'one\ntwo\n' >"$BATS_TEST_TMPDIR/pair"
    for try in {1..10}; do
        now
        before=$now_ms
        answer_pairs || explain "a client gets no answer"
        now
        times+=("$((now_ms - before)) ms")
        ((now_ms - before >= 800)) || return 0
    done
    explain "30 pairs of lines should be answered in a few ms, but it took" \
        "${times[*]}, 40 ms a pair?"
}

# bats test_tags=native
@test "memory that cannot be had costs one client, who is not kept waiting [fault 106]" {
    local at line proof=$BATS_TEST_TMPDIR/no_memory.proof pids before
    for ((at = 1; at < 60; at++)); do
        rm -f "$proof"
        SERVER_PREFIX=(env "LD_PRELOAD=$TESTS_DIR/build/no_memory.so"
            "NO_MEMORY_AT=$at" "NO_MEMORY_PROOF=$proof")
        launch_server --port 0 --timeout 0
        line=''
        read -rt $((10 * TIMEOUT_SCALE)) -u "$SERVER_OUT" line || true
        if [[ $line != 'listening on '* ]]; then
            wait_server
            assert_server_status 1 "(without the memory asked for in call $at)"
            continue
        fi
        SERVER_ADDRESS=127.0.0.1 SERVER_PORT=${line##*:}
        mapfile -t pids < <(children "$SERVER_PID")
        pids+=("$SERVER_PID")
        before=$(fd_count "${pids[@]}")
        if ! connect_5; then # it may end when it first needs some
            wait_server
            assert_server_status 1
            continue
        fi
        (echo hello >&5) || true
        read -rt $((5 * TIMEOUT_SCALE)) -u 5 line 2>/dev/null || [ $? -le 128 ] ||
            explain "without the memory asked for in call $at a client is neither" \
                "answered nor let go"
        release_client 5
        in_time 5 assert_serves # each worker may be short of memory once
        in_time 5 has_fds_at_most "$before" "${pids[@]}" ||
            explain "without the memory asked for in call $at descriptors are left:" \
                "$(fd_list "${pids[@]}")"
        stop_server
        [ -e "$proof" ] || break # it has not asked so often
    done
}

connect_5() {
    hold_client 5
} 2>/dev/null

has_fds_at_most() {
    [ "$(fd_count "${@:2}")" -le "$1" ]
}

# ---- Bad clients

@test "a client that is silent is let go [fault 16]" {
    local now_ms start
    start_server --timeout 0.3
    now
    start=$now_ms
    run evil 'send:hello\n' recv-all
    assert_answers hello
    now
    ((now_ms - start >= 280)) || explain "with --timeout 0.3 a silent client was" \
        "let go after $((now_ms - start)) ms already"
    ((now_ms - start <= 2000 * TIMEOUT_SCALE)) || explain "with --timeout 0.3 a" \
        "silent client was let go only after $((now_ms - start)) ms"
    run evil 'send:half a line' recv-all
    assert_success
    assert_silent "to half a line of a client that has not ended its side"
    assert_serves
}

@test "with the time-out 0 a client may be silent for ever" {
    start_server --timeout 0
    hold_client 5
    assert_waits 5
    ask 5 hello
}

@test "a client that never reads is let go, and delays nobody [fault 25]" {
    local pid kib
    start_server --timeout 0.3
    start_evil connect rcvbuf:2048 "flood:a line of some length\n"
    assert_serves
    for pid in $SERVER_PID $(children "$SERVER_PID"); do
        kib=$(memory VmRSS "$pid" 2>/dev/null) || true # it may be gone
        ((kib <= 16384 * TIMEOUT_SCALE)) ||
            explain "process $pid has grown to $kib kB: does it keep all answers" \
                "that the client does not read?"
    done
    assert_serves
    wait_evil
    assert_serves
    assert_no_deaths
}

@test "no more is read from a client that does not read [fault 25]" {
    start_server --timeout 0
    start_evil connect rcvbuf:2048 deadline:0.3 repeat:2000000:"$(
        head -c 100 /dev/zero | tr '\0' x
    )\\n"
    assert_serves
    wait_background "$EVIL_PID"
    assert_background_status 1 \
        "All that was sent was taken, though no answer was read."
    assert_file_contains "$BATS_TEST_TMPDIR/evil.err" \
        'expected to send [0-9]* bytes, sent [0-9]*: Connection timed out'
}

@test "clients that reset the connection do no harm [fault 18] [trap 17]" {
    local i
    start_server
    for i in {1..4}; do
        run evil rst
        run evil 'send:hello\nhal' rst
        run evil rcvbuf:2048 'repeat:20000:many answers, none of them read\n' rst
        run evil 'repeat:8000:x\n' halfclose rst # sending fails with EPIPE
        assert_serves
    done
    assert_no_deaths
}

@test "every process of the server ignores SIGPIPE [fault 19]" {
    local pid mask
    start_server
    hold_client 5
    ask 5 hello
    for pid in $SERVER_PID $(children "$SERVER_PID"); do
        mask=$(awk '/^SigIgn:/ { print $2 }' "/proc/$pid/status")
        ((16#$mask >> 12 & 1)) || explain \
            "process $pid does not ignore SIGPIPE (SigIgn $mask): writing to a" \
            "client that is gone ends it"
    done
}

# serve_crowd N: hold N clients, then let one after the other hear and go.
serve_crowd() (
    trap - DEBUG ERR # Bats follows every command, which takes time
    hold_clients "$1"
    for fd in "${HELD[@]}"; do
        echo "this is $fd" >&"$fd"
    done
    for fd in "${HELD[@]}"; do
        read -rt $((10 * TIMEOUT_SCALE)) -u "$fd" line
        [[ $line == *"] this is $fd" ]] ||
            explain "client $fd should get '[ID] this is $fd', it got '$line'"
        release_client "$fd"
    done
)

@test "of 200 clients at the same time all are served, and nothing is left" {
    local fds
    start_server # for fewer: the others wait
    fds=$(fd_count "$SERVER_PID")
    serve_crowd $((TIMEOUT_SCALE > 1 ? 70 : 200))
    wait_for "[ \$(fd_count $SERVER_PID) -le $fds ]" 5 \
        "All clients have gone, but the server has more descriptors than before."
    wait_for "[ -z \"\$(zombies $SERVER_PID)\" ]" 5 \
        "All clients have gone, but the server does not wait for its children."
}

@test "no line of the log comes twice [fault 8] [trap 4]" {
    local i
    start_server
    for i in {1..5}; do
        assert_serves
    done
    stop_server
    wait_for no_server_processes 5 "These are left: $(server_processes)"
    run cat <&"$SERVER_OUT"
    assert_silent "on standard output, after 'listening on'"
    assert_is "lines of the log that come twice" '' \
        "$(server_log | grep 'client 127' | sort | uniq -d)"
}

# ---- The client, with a server that is not honest

@test "the client takes no answer that never ends [fault 126]" {
    start_evil listen 'expect:hello\n' flood:x
    run run_client -a 127.0.0.1 -p "$EVIL_PORT" <<<hello
    assert_failure 1
    assert_output "client: the server's answer is longer than 131072 bytes"
    signal_all KILL "$EVIL_PID"
}

@test "the client reports that the server closes before it has answered" {
    start_evil listen 'expect:hello\n' close
    run --separate-stderr run_client --port "$EVIL_PORT" <<<hello
    assert_failure 1
    assert_output ''
    assert_equal "$stderr" "client: connection closed by the server"
    wait_evil
}

@test "the client reports that the server closes in the middle of an answer" {
    start_evil listen 'expect:hello\n' 'send:[1] hel' close
    run --separate-stderr run_client --port "$EVIL_PORT" <<<hello
    assert_failure 1
    assert_equal "$stderr" "client: connection closed by the server"
    wait_evil
}

@test "the client reports a reset, also while it sends" {
    start_evil listen 'expect:hello\n' rst
    run --separate-stderr run_client --port "$EVIL_PORT" <<<hello
    assert_failure 1
    assert_is "lines on standard error" 1 "${#stderr_lines[@]}"
    assert_regex "$stderr" '^client: '
    start_evil listen 'expect:hello\n' rst
    run --separate-stderr run_client --port "$EVIL_PORT" \
        < <(printf 'hello\n' && head -c 10000000 /dev/zero)
    assert_failure 1
    assert_regex "$stderr" '^client: '
}

@test "the client waits for an answer before it sends the next line" {
    start_evil listen 'expect:one\n' deadline:0.1 expect:t
    run run_client --port "$EVIL_PORT" < <(printf 'one\ntwo\n')
    wait_background "$EVIL_PID"
    assert_file_contains "$BATS_TEST_TMPDIR/evil.err" "nothing more in time"
    start_evil listen 'expect:one\n' 'send:1\n' 'expect:two\n' 'send:2\n' \
        expect-eof
    run run_client --port "$EVIL_PORT" < <(printf 'one\ntwo\n')
    assert_success
    assert_output $'1\n2'
    wait_evil
}

@test "the client reports that its input cannot be read" {
    start_server
    run --separate-stderr run_client <"$BATS_TEST_TMPDIR"
    assert_failure 1
    assert_equal "$stderr" "client: standard input: Is a directory"
}
