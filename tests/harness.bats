#!/usr/bin/env bats
# harness.bats: the tests of what the tests are made with: the peer that plays a
# script, the shim that cuts reads and writes short, and the helpers.

# shellcheck disable=SC2016,SC2030,SC2031 # $ is for the inner shells, and each
# test is a shell of its own

load helpers

setup() {
    EVIL=$TESTS_DIR/build/evil
    TMP=$BATS_TEST_TMPDIR
}

# A stage whose server is the shell script on standard input.
make_server() {
    STAGE_DIR=$TMP/stage
    mkdir -p "$STAGE_DIR"
    { echo '#!/bin/bash' && cat; } >"$STAGE_DIR/server"
    chmod +x "$STAGE_DIR/server"
}

# A server that listens and answers every line with itself. It can have a child.
make_listening_server() {
    make_server <<END
shift 2 # --port 0
$1
exec "$EVIL" listen-each 9 deadline:30 expect:x send:y expect-eof
END
}

# Run the tests on standard input by a Bats of their own. They begin with TEST:
# ours would take @test for one of this file.
run_bats() {
    {
        echo "load '$TESTS_DIR/helpers'"
        sed 's/^TEST /@test /'
    } >"$TMP/inner.bats"
    run_anew "STAGE_DIR=$STAGE_DIR" "TIMEOUT_SCALE=$TIMEOUT_SCALE" \
        bats --tap "$TMP/inner.bats"
}

# run_anew [NAME=VALUE...] COMMAND...: `run` it without a trace of this Bats.
run_anew() {
    run env -i PATH="${PATH#"$BATS_LIBEXEC:"}" HOME="$HOME" TMPDIR="$TMP" "$@" \
        3>&-
}

# play LISTENER_STEPS -- STEPS: one evil against the other. The status and the
# output are those of the second.
play() {
    local steps=()
    while [ "$1" != -- ]; do
        steps+=("$1")
        shift
    done
    start_evil listen "${steps[@]}"
    run "$EVIL" connect "$EVIL_PORT" "${@:2}"
}

# ---- evil

@test "evil sends text with escapes, and the other one receives just that" {
    play 'send:a\n\0\\\xff\t\r' -- recv-all
    assert_success
    "$EVIL" listen 'send:a\n\0\\\xff\t\r' >"$TMP/port" 3>&- &
    wait_for "[ -s '$TMP/port' ]" 5
    "$EVIL" connect "$(sed 's/.*://' "$TMP/port")" recv-all >"$TMP/got"
    printf 'a\n\0\\\xff\t\r' | cmp - "$TMP/got"
    wait_evil
}

@test "evil sends trains, single lengths and numbers of 8 bytes" {
    play train:abc header:5 u64:0x0102030405060708 -- \
        'expect:\0\0\0\x03abc' 'expect:\0\0\0\x05' \
        'expect:\0\0\0\x08\x01\x02\x03\x04\x05\x06\x07\x08' expect-eof
    assert_success
    play header:4294967295 -- 'expect:\xff\xff\xff\xff'
    assert_success
}

@test "evil repeats a text and sends zeros" {
    play repeat:100000:abc zeros:70000 -- recv:370000 expect-eof
    assert_success
    start_evil listen repeat:100000:abc zeros:70000
    "$EVIL" connect "$EVIL_PORT" recv-all >"$TMP/got"
    { yes abc | head -n 100000 | tr -d '\n'; head -c 70000 /dev/zero; } |
        cmp - "$TMP/got"
}

@test "evil sends byte by byte with a call of send for each" {
    need_strace
    start_evil listen expect:hello expect-eof
    strace -qq -e trace=sendto -o "$TMP/trace" \
        "$EVIL" connect "$EVIL_PORT" bytewise:hello 3>&-
    wait_evil
    assert_equal "$(grep -c 'sendto(.*= 1$' "$TMP/trace")" 5
}

@test "evil receives trains and prints their cargo" {
    play train:one train:two train: -- recv-train recv-body expect-eof
    assert_success
    assert_output onetwo
    play train:one -- expect-train:one expect-eof
    assert_success
}

@test "evil says which step failed, what it expected and what came" {
    play send:abX -- expect:abc
    assert_failure 1
    assert_output "evil: step 'expect:abc': expected bytes 'abc', got 'abX'"
    play send:ab -- expect:abc
    assert_failure 1
    assert_output --partial "got 'ab', then end of file"
    play 'train:\n' -- expect-train:y
    assert_failure 1
    assert_output --partial "expected cargo 'y', got '\\x0a'"
    play train:yy -- expect-train:y
    assert_failure 1
    assert_output --partial "expected length '\\x00\\x00\\x00\\x01'"
    play send:ab -- recv:3
    assert_failure 1
    assert_output --partial "expected 3 bytes, got 2, then end of file"
    play send:ab -- expect-eof
    assert_failure 1
    assert_output --partial "expected end of file, got 'ab'"
    play send:ab -- recv-train
    assert_failure 1
    assert_output --partial "expected a train, got 2 bytes, then end of file"
}

@test "evil waits no longer than its deadline, in each step that waits" {
    local step
    export TIMEOUT_SCALE=1
    for step in expect:x expect-eof expect-closed recv:1 recv-all recv-train \
        recv-body expect-train:x zeros:100000000 flood:x; do
        play hold -- deadline:0.1 "$step"
        assert_failure 1
        assert_output --partial "step '$step': expected "
    done
    run "$EVIL" listen deadline:0.1
    assert_failure 1
    assert_output --partial "expected a client, none came in 0.1 s"
    play -- deadline:0.1 hold < <(exec tail -f /dev/null 3>&-)
    assert_failure 1
    assert_output --partial "step 'hold': expected end of file on standard"
}

@test "evil connect fails where nobody listens" {
    play -- expect-eof
    assert_success
    run "$EVIL" connect "$EVIL_PORT" expect-eof
    assert_failure 1
    assert_output "evil: step 'connect': connect: Connection refused"
}

@test "evil ends its side and still receives" {
    play recv-all send:bye -- send:hello halfclose expect:bye expect-eof
    assert_success
    wait_evil
    assert_equal "$(tail -n 1 "$TMP/evil.out")" hello
}

@test "evil closes with a reset" {
    play rst -- expect-eof
    assert_failure 1
    assert_output --partial "Connection reset by peer"
    play rst -- expect-closed
    assert_success
    play send:x expect:yz rst -- send:yz flood:x
    assert_success
}

@test "evil uses no connection that it has closed" {
    play -- close send:x
    assert_failure 1
    assert_output "evil: step 'send:x': expected a connection, but it is closed"
}

@test "evil comes from another address and listens on another" {
    start_evil listen from:127.0.0.3 hold
    assert_regex "$(head -n 1 "$TMP/evil.out")" '^listening on 127.0.0.3:'
    release_evil
    need_strace
    start_evil listen expect-eof
    strace -qq -e trace=bind,setsockopt -o "$TMP/trace" \
        "$EVIL" connect "$EVIL_PORT" from:127.0.0.2 rcvbuf:2048 3>&-
    wait_evil
    assert_file_contains "$TMP/trace" 'inet_addr("127.0.0.2")'
    assert_file_contains "$TMP/trace" 'SO_RCVBUF, \[2048\]'
}

@test "evil holds until its standard input ends, and says how far it is" {
    start_evil listen 'say:it waits' hold send:x
    hold_fd=7
    exec 7<>"/dev/tcp/127.0.0.1/$EVIL_PORT"
    wait_for "grep -q 'it waits' '$TMP/evil.out'" 5
    run ! read -rt 0.1 -N 1 -u $hold_fd byte
    release_evil
    read -rt 5 -N 1 -u $hold_fd byte
    assert_equal "$byte" x
    exec 7>&-
    wait_evil
}

@test "evil plays its script with several clients, one after the other" {
    start_evil listen-each 2 expect:a send:b
    "$EVIL" connect "$EVIL_PORT" send:a expect:b expect-eof
    is_running "$EVIL_PID"
    "$EVIL" connect "$EVIL_PORT" send:a expect:b expect-eof
    wait_evil
}

@test "evil takes wrong usage for what it is" {
    local word
    for word in nosuch send recv-all:3 recv:x recv:-1 recv:1x header:4294967296 \
        'send:\q' 'send:\x4' "send:\\" repeat:3 repeat:3: flood: pause:x \
        pause:-1 from:here; do
        run "$EVIL" listen "$word"
        assert_failure 2
        assert_output --partial "step '$word': "
        assert_equal ${#lines[@]} 1
    done
    run "$EVIL" listen send:x from:127.0.0.1
    assert_failure 2
    for word in '' connect 'connect x send:x' 'connect 65536 send:x' \
        listen-each 'listen-each x send:x' talk; do
        # shellcheck disable=SC2086 # several words
        run "$EVIL" $word
        assert_failure 2
    done
}

# ---- short_io

@test "short_io cuts reads and writes to 7 bytes and leaves the data whole" {
    need_strace
    head -c 1000 /dev/urandom >"$TMP/data"
    strace -qq -ff -e trace=read,write -o "$TMP/plain" \
        bash -c "cat '$TMP/data' | cat" >"$TMP/whole"
    assert_equal "$(cat "$TMP"/plain.* | grep -c '= 1000$')" 4
    short_io
    # shellcheck disable=SC2154 # short_io sets an array
    strace -qq -ff -e trace=read,write -o "$TMP/trace" env "${short_io[@]}" \
        bash -c "cat '$TMP/data' | cat" >"$TMP/copy"
    cmp "$TMP/data" "$TMP/copy"
    assert_short cat
    assert_equal "$(cat "$TMP"/trace.* | grep -c '= 1000$')" 0
    assert_equal "$(cat "$TMP"/trace.* | grep -c 'write(1, .*, 7) *= 7$')" 284
}

@test "short_io cuts sends, also over several pieces, and both ends agree" {
    export SHORT_IO=3
    start_evil listen train:hello expect-train:there
    run with_short_io "$EVIL" connect "$EVIL_PORT" expect-train:hello train:there
    assert_success
    wait_evil
    assert_short evil
}

@test "short_io leaves standard error alone" {
    need_strace
    printf '%s\n' '#include <unistd.h>' \
        'int main(void) { return write(2, "a whole line\n", 13) != 13; }' |
        cc -x c - -o "$TMP/shout"
    short_io
    run strace -qq -e trace=write env "${short_io[@]}" "$TMP/shout"
    assert_success
    run assert_short shout
    assert_failure
    assert_output --partial "proves nothing. Does it read and write at all?"
}

@test "short_io proves itself once in each process" {
    echo "some text for the shell to read" >"$TMP/text"
    with_short_io bash -c "read x <'$TMP/text'; (read x; read x) <'$TMP/text'
        read x <'$TMP/text'"
    assert_equal "$(wc -l <"$TMP/short_io.proof")" 2
    assert_equal "$(sort -u "$TMP/short_io.proof" | wc -l)" 2
}

# ---- helpers

@test "wait_for returns as soon as its condition is true" {
    (tick; tick; touch "$TMP/there") 3>&- &
    SECONDS=0
    wait_for "[ -e '$TMP/there' ]" 30
    ((SECONDS < 20))
}

@test "wait_for gives up in the end and says what it waited for, and what is" {
    local TIMEOUT_SCALE=1
    run wait_for '[ "$(echo 3)" -eq 2 ]' 1 "There should be two."
    assert_failure
    assert_output 'waited for 1 s, but this did not become true: [ "$(echo 3)" -eq 2 ]
Now it is: [ 3 -eq 2 ]
There should be two.'
    run wait_for '! true' 1
    assert_failure
    assert_output 'waited for 1 s, but this did not become true: ! true'
}

@test "what a failing test shows is cut, however much it is" {
    run_bats <<'END'
TEST "explains" { explain "$(seq 100000)"; }
TEST "asserts" { run seq 100000; assert_output ''; }
TEST "has output" { run seq 100000; assert_silent "there"; }
TEST "has a long line" { explain "$(head -c 100000 /dev/zero | tr '\0' x)"; }
END
    assert_failure
    [ ${#lines[@]} -lt 250 ] || explain "there are ${#lines[@]} lines"
    [ ${#output} -lt 10000 ] || explain "there are ${#output} bytes"
    assert_line '# ... (99940 lines are not shown)'
    assert_line '# 100000'
    assert_line '# there: no output was expected, but there are 100000 lines:'
    assert_line --partial 'xxx... (100000 bytes)'
}

@test "assert_is says of what the values are" {
    assert_is "the number" 1 1
    run assert_is "the number" 1 2
    assert_failure
    assert_output "the number: expected '1', but it is '2'"
    run assert_is "the words" $'a\nb' c
    assert_failure
    assert_output $'the words: expected\na\nb\nbut there is\nc'
}

@test "status_text says what a status means" {
    assert_equal "$(status_text 1)" "status 1"
    assert_equal "$(status_text 142)" "status 142 (signal 14, SIGALRM)"
    assert_equal "$(status_text 124)" \
        "status 124 (it took too long, timeout(1) ended it)"
    assert_equal "$(status_text 255)" "status 255"
}

@test "assert_unit tells a program that hangs, crashes or talks from a good one" {
    local TIMEOUT_SCALE=1
    assert_unit 5 true
    run assert_unit 1 tail -f /dev/null
    assert_failure
    assert_output --partial "tail -f /dev/null: expected status 0 within 1 s"
    assert_output --partial "status 124 (it took too long"
    assert_output --partial "it says nothing"
    run assert_unit 5 bash -c 'kill -SEGV $$'
    assert_failure
    assert_output --partial "status 139 (signal 11, SIGSEGV)"
    run assert_unit 5 seq 100000
    assert_failure
    assert_output --partial "it says:"
}

@test "take prints what comes, up to so many bytes, or the end" {
    make_server <<END
exec "$EVIL" listen-each 2 send:hello expect-eof
END
    start_server
    hold_client 7
    assert_equal "$(take 7 2)$(take 7 3)" hello
    assert_waits 7
    release_client 7
    hold_client 8
    run assert_closed 8
    assert_failure
    assert_output "a connection should have been closed, but there came 'h'"
    release_client 8
    wait_server
}

@test "assert_closed and assert_waits tell the end of a connection from silence" {
    make_server <<END
exec "$EVIL" listen-each 2 send:x expect:y
END
    start_server
    hold_client 7
    run assert_waits 7
    assert_failure
    assert_output "this client should have to wait, but it is answered."
    printf y >&7
    assert_closed 7
    run assert_waits 7
    assert_failure
    assert_output "this client should have to wait, but it is sent away."
    release_client 7
}

@test "sockets of the server are told by their state" {
    make_server <<END
exec "$EVIL" listen-each 2 expect:x repeat:4000000:y expect-eof
END
    start_server
    does_not_listen && fail "it listens"
    has_connections 0
    hold_client 7
    in_time 5 has_connections 1
    run ! is_stuck
    printf x >&7
    in_time 5 is_stuck
    stop_server
    does_not_listen
    release_client 7
}

@test "cpu_time and is_at_rest tell who is busy" {
    local REPLY
    background bash -c 'while :; do :; done'
    run ! is_at_rest "$BACKGROUND_PID" $$
    cpu_time "$BACKGROUND_PID"
    ((REPLY > 0))
    kill -STOP "$BACKGROUND_PID"
    in_time 5 is_stopped "$BACKGROUND_PID"
    in_time 5 is_at_rest "$BACKGROUND_PID"
}

@test "start_server finds out the port, stop_server the status" {
    make_server <<END
exec "$EVIL" listen deadline:30 expect:x send:y expect-eof
END
    start_server
    assert_equal "$SERVER_ADDRESS" 127.0.0.1
    run evil send:x expect:y
    assert_success
    wait_server
    assert_equal "$SERVER_STATUS" 0

    start_server
    stop_server
    assert_equal "$SERVER_STATUS" 143
    start_server
    stop_server INT
    assert_equal "$SERVER_STATUS" 130
}

@test "start_server gives the server no fd of the test" {
    make_server <<'END'
for fd in /proc/self/fd/*; do echo "${fd##*/} $(readlink "$fd")" >&2; done
echo listening on 127.0.0.1:1
END
    exec 7<"$TESTS_DIR/hostile/evil.c"
    start_server
    wait_server
    exec 7>&-
    run server_log
    refute_output --partial evil.c
    refute_line --regexp '^(3|4) pipe:'
}

@test "start_server says what a server said that dies at start" {
    make_server <<'END'
echo 'out of order' >&2
exit 3
END
    run start_server
    assert_failure
    assert_output --partial "did not say 'listening on ADDRESS:PORT'"
    assert_line "out of order"
}

@test "start_server says how to build a server that is not there" {
    STAGE_DIR=$TMP
    run start_server
    assert_failure
    assert_output --partial "make -C $TMP"
}

@test "start_server puts WRAP before the server" {
    make_server <<'END'
echo "$MARK" >&2
echo listening on 127.0.0.1:1
END
    export WRAP='env MARK=wrapped'
    start_server
    wait_server
    run server_log
    assert_output wrapped
}

@test "start_injected makes calls fail, assert_injected wants to see it" {
    need_strace
    make_listening_server
    start_injected accept4:error=ECONNABORTED:when=1
    run evil send:x
    wait_server
    assert_equal "$SERVER_STATUS" 1
    assert_injected
    run server_log
    assert_line "evil: step 'accept': accept: Software caused connection abort"

    TIMEOUT_SCALE=1
    start_injected accept4:error=ECONNABORTED:when=3
    run evil send:x expect:y
    assert_success
    run assert_injected
    assert_failure
    assert_output --partial "nothing. Does the program come that far?"
}

@test "hold_client, ask and release_client hold a conversation" {
    make_server <<END
exec "$EVIL" listen 'expect:one\n' 'send:1\n' 'expect:two\n' 'send:2\n' expect-eof
END
    start_server
    hold_client 7
    ask 7 one
    assert_equal "$REPLY" 1
    ask 7 two
    assert_equal "$REPLY" 2
    release_client 7
    wait_server
    assert_equal "$SERVER_STATUS" 0
}

@test "hold_client and hold_clients take fds that nobody else uses" {
    make_server <<END
exec "$EVIL" listen-each 22 'send:hello\n'
END
    local alice bob fd
    start_server
    hold_client alice
    hold_clients 20
    hold_client bob
    for fd in "$alice" "${HELD[@]}" "$bob"; do
        ask "$fd" ''
        assert_equal "$REPLY" hello
    done
    assert_equal "$(printf '%s\n' "$alice" "${HELD[@]}" "$bob" | sort -u | wc -l)" 22
    run hold_client 12
    assert_failure
    assert_output "hold_client: '12' is neither an fd from 5 to 9 nor a name"
}

@test "at_once runs a command many times and reports one that fails" {
    run_bats <<'END'
hello() {
    printf 'member %s\n' "$1"
    [ "$1" -ne "$bad" ]
    true # a failure before the last command counts too
}
TEST "works" {
    bad=0
    at_once 50 hello
    [ "$(cat "$BATS_TEST_TMPDIR"/crowd/[0-9]* | sort -u | wc -l)" -eq 50 ]
}
TEST "fails" {
    bad=7
    at_once 9 hello
}
END
    assert_failure
    assert_line "ok 1 works"
    assert_line "not ok 2 fails"
    assert_line "# 1 of 9 times it failed: hello"
    assert_line "# member 7"
}

@test "children, zombies and fd_count tell about a process" {
    mkfifo "$TMP/fifo"
    exec {fifo_fd}<>"$TMP/fifo"
    background bash -c 'timeout 0.2 cat <&0 & cat <&0 & exec cat' <"$TMP/fifo"
    wait_for "[ \$(zombies $BACKGROUND_PID | wc -l) -eq 1 ]" 5
    assert_equal "$(children "$BACKGROUND_PID" | wc -l)" 1
    assert_equal "$(fd_count "$BACKGROUND_PID")" 3
    exec {fifo_fd}>&-
    wait_background "$BACKGROUND_PID"
}

# ---- The end of a test

@test "a test leaves no process behind, not even a stopped one" {
    make_listening_server
    run_bats <<'END'
TEST "leaves all running" {
    start_server
    start_evil connect hold
    background tail -f /dev/null
    kill -STOP $SERVER_PID $EVIL_PID $BACKGROUND_PID
    echo $SERVER_PID $EVIL_PID $BACKGROUND_PID >"$TMPDIR/pids"
}
END
    assert_success
    read -ra pids <"$TMP/pids"
    for pid in "${pids[@]}"; do
        run ! is_running "$pid"
    done
}

@test "a server that leaves a child behind fails the test" {
    make_listening_server 'tail -f /dev/null & echo $! >"$TMPDIR/child"'
    run_bats <<'END'
TEST "passes, but" { start_server; }
END
    assert_failure
    assert_line --partial "The test itself passed. What is wrong was found at its end:"
    assert_line --partial "the server is gone, these processes of it are not:"
    assert_line --partial "tail -f /dev/null"
    run ! is_running "$(cat "$TMP/child")"
}

@test "a server that leaves zombies fails the test" {
    make_listening_server 'timeout 0.1 tail -f /dev/null &'
    run_bats <<'END'
TEST "passes, but" {
    start_server
    wait_for '[ -n "$(zombies $SERVER_PID)" ]' 5
}
END
    assert_failure
    assert_line --partial "does not wait for children that ended:"
    assert_line --regexp " Z +timeout"
}

@test "a server that ignores the signal fails the test" {
    make_listening_server 'trap "" TERM'
    run_bats <<'END'
TEST "passes, but" { start_server; }
END
    assert_failure
    assert_line --partial "did not end within 5 s of TERM"
}

@test "a crash or a sanitizer's report fails the test unless it is expected" {
    local text
    make_listening_server 'cat "$TMPDIR/text" >&2'
    for text in '==7==ERROR: AddressSanitizer: heap-buffer-overflow on address' \
        'x.c:3:5: runtime error: signed integer overflow' \
        'WARNING: ThreadSanitizer: data race (pid=7)' \
        '==7== Invalid read of size 4' \
        '[7] worker 8 killed by signal 11 (Segmentation fault)'; do
        echo "$text" >"$TMP/text"
        run_bats <<'END'
TEST "passes, but" { start_server; }
TEST "expects it" { expect_crash; start_server; }
END
        assert_failure
        assert_line --partial "$text"
        assert_line --partial "not ok 1"
        assert_line "ok 2 expects it"
    done
    echo '[7] worker 8 killed by signal 9 (Killed)' >"$TMP/text"
    run_bats <<'END'
TEST "passes" { start_server; }
TEST "crashes" { start_server; kill -SEGV $SERVER_PID; }
END
    assert_line "ok 1 passes"
    assert_line --partial "crashed: signal 11"
}

@test "a test that fails shows the server's log" {
    make_listening_server 'echo "the last words" >&2'
    run_bats <<'END'
TEST "fails" { start_server; false; }
END
    assert_failure
    refute_line --partial "The test itself passed"
    assert_line "# the last words"
}

# ---- README.md

@test "the suite that README.md shows as a template passes" {
    make -s -C "$TESTS_DIR/../stage1_fork"
    sed -n '/^```bash$/,/^```$/{/^```/!p}' "$TESTS_DIR/README.md" |
        sed "s,^load helpers$,load '$TESTS_DIR/helpers'," >"$TMP/greeting.bats"
    run_anew "TIMEOUT_SCALE=$TIMEOUT_SCALE" bats --tap "$TMP/greeting.bats"
    assert_success
    assert_line "ok 1 a line comes back from who serves it"
}

@test "README.md names every folder here, helpers.bash every file in its own" {
    local name
    for name in "$TESTS_DIR"/*/; do
        name=$(basename "$name")
        [ "$name" = build ] || grep -qF "\`$name/\`" "$TESTS_DIR/README.md" ||
            explain "tests/README.md does not say what is in tests/$name"
    done
    for name in "$TESTS_DIR"/helpers/*.bash; do
        name=$(basename "$name")
        grep -q "^#   $name " "$TESTS_DIR/helpers.bash" ||
            explain "the head of helpers.bash does not name $name"
    done
}

# ---- run.sh

@test "the table names only stages and suites that are there" {
    local stage folder suites suite
    while read -r stage folder _ suites; do
        [[ -n $stage && $stage != '#'* ]] || continue
        [[ $stage == @(all|tools) ]] || assert_dir_exists "$TESTS_DIR/../$folder"
        for suite in ${suites%%#*}; do
            assert_file_exists "$TESTS_DIR/$suite.bats"
        done
    done <"$TESTS_DIR/programs.txt"
}

# A project with two stages, one test of which fails and one is skipped.
make_project() {
    local stage
    mkdir -p "$TMP/project/tests"
    cp "$TESTS_DIR/run.sh" "$TMP/project/tests"
    for stage in stage1_a stage2_b; do
        mkdir "$TMP/project/$stage"
        printf 'all:\n\techo built >server\n' >"$TMP/project/$stage/Makefile"
    done
    cd "$TMP/project/tests" || return
    printf 'all:\n' >Makefile
    cat >programs.txt <<'END'
# stage folder program suites
1 stage1_a server good other # and a remark
2 stage2_b server good bad

all - - other
END
    echo '@test "is built" { [ "$(cat "$STAGE_DIR/$SERVER")" = built ]; }' \
        >good.bats
    echo '@test "is wrong" { false; }' >bad.bats
    echo '@test "is right" { true; }' >other.bats
    echo '@test "is skipped" { skip "no reason"; }' >>other.bats
}

run_sh() {
    run_anew "${environment[@]}" ./run.sh "$@"
}

@test "run.sh runs the rows of a stage and adds up what passed and failed" {
    make_project
    run_sh 1
    assert_success
    assert_line "# stage1_a server: good other "
    assert_line "ok 1 is built"
    assert_equal "${lines[-1]}" "2 passed, 0 failed, 1 skipped"
    run_sh 2
    assert_failure 1
    assert_equal "${lines[-1]}" "1 passed, 1 failed"
}

@test "run.sh tools runs its rows, and run.sh all does not" {
    make_project
    printf 'tools - - third\n' >>programs.txt
    echo '@test "is a tool" { true; }' >third.bats
    run_sh all
    refute_line --partial 'is a tool'
    run_sh tools
    assert_success
    assert_line 'ok 1 is a tool'
    assert_equal "${lines[-1]}" "1 passed, 0 failed"
}

@test "run.sh all runs every row, in order, and the suites of the project" {
    make_project
    run_sh all
    assert_failure 1
    assert_equal "$(grep '^# [^(]*: [a-z ]*$' <<<"$output" | cut -d: -f1)" \
        "# stage1_a server
# stage2_b server
# the whole project"
    assert_equal "${lines[-1]}" "4 passed, 1 failed, 2 skipped"
    environment=(JOBS=1)
    run_sh all --filter 'is (right|wrong)'
    assert_equal "${lines[-1]}" "2 passed, 1 failed"
    assert_equal "$(ls -d "$TMP"/poolladder-* 2>/dev/null)" ""
}

@test "run.sh judges a learner's own folder" {
    make_project
    mv ../stage2_b "$TMP/mine"
    environment=("STAGE_DIR=$TMP/mine" SERVER=server)
    run_sh 2
    assert_line "ok 1 is built"
    assert_equal "${lines[-1]}" "1 passed, 1 failed"
}

@test "run.sh counts a suite that is missing or does not run as a failure" {
    make_project
    rm other.bats
    echo '@test "half" {' >bad.bats
    run_sh 1
    assert_failure 1
    assert_equal "${lines[-1]}" "1 passed, 1 failed"
    run_sh 2
    assert_failure 1
    assert_equal "${lines[-1]}" "1 passed, 1 failed"
    run_sh 3
    assert_failure 2
    run_sh
    assert_failure 2
}
