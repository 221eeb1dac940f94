# draw.bats: the diagram of a run shows what strace has seen, and points at what
# is wrong with it (tests/draw).

load helpers

setup_file() {
    make -s -C "$BATS_TEST_DIRNAME"
}

# draw ARG...: draw to page.html in the folder of the test (run)
draw() {
    "$TESTS_DIR/draw/draw.sh" --page "$BATS_TEST_TMPDIR/page.html" "$@" 3>&-
}

need_chromium() {
    command -v chromium >/dev/null || skip "chromium is not installed (package chromium)"
}

# dom: print the page as a browser sees it once its script has run (run)
dom() {
    timeout $((60 * TIMEOUT_SCALE)) chromium --headless --no-sandbox \
        --disable-gpu --disable-quic --no-first-run --disable-sync \
        --disable-background-networking --disable-component-update \
        --user-data-dir="$BATS_TEST_TMPDIR/profile" \
        --dump-dom "file://$BATS_TEST_TMPDIR/page.html" 2>/dev/null 3>&-
}

# assert_shown NAME REGEX LINES: the page shows REGEX as often as strace says.
assert_shown() {
    local shown
    shown=$(grep -Eo "$2" "$BATS_TEST_TMPDIR/dom" | wc -l)
    ((shown == $3 && $3 > 0)) ||
        explain "$1: the page shows $shown, in the lines of strace there are $3" \
            "(page.html and *.trace in $BATS_TEST_TMPDIR)"
}

# lines REGEX: how many lines of strace match, the halves of calls put together.
lines() {
    cat "$BATS_TEST_TMPDIR"/traces/*.trace | grep -Ec -e "$1"
}

# check_golden NAME: the recorded trace NAME gives the diagram NAME.txt.
check_golden() {
    local golden=$TESTS_DIR/draw/golden
    draw --plain "$golden/$1.trace" | sed '$d' >"$BATS_TEST_TMPDIR/out"
    diff -u "$golden/$1.txt" "$BATS_TEST_TMPDIR/out" ||
        explain "the diagram of tests/draw/golden/$1.trace has changed (see above)"
}

# check_specimen MISTAKE REGEX: its diagram points at the mistake, once for all.
check_specimen() {
    need_strace
    run draw -- "$TESTS_DIR/build/specimen" "$1"
    assert_success
    assert_line --regexp "^  ! .*$2"
}

@test "a descriptor's journey is drawn as recorded, though calls are cut in two" {
    check_golden handover
}

@test "a process number that comes again is another process" {
    check_golden reuse
}

@test "threads, a signal, its handler and its pipe are drawn as recorded" {
    check_golden threads
}

@test "in a run without a mistake nothing stands out" {
    need_strace
    run draw -- "$TESTS_DIR/build/specimen" right
    assert_success
    refute_line "What stands out:"
    assert_line --partial "reaps child 1"
}

@test "a child that nobody waits for stands out" {
    check_specimen zombie 'child 1 is a zombie'
}

@test "a connection that somebody forgot to close stands out" {
    check_specimen kept 'still holds fd [0-9]+ .connection 1. though child 1 is done with it'
}

@test "the channel of a sibling, inherited and kept, stands out" {
    check_specimen sibling 'child 3 had fd [0-9]+ .channel 1. from its parent'
}

@test "a connection that stays open at exec stands out" {
    check_specimen exec 'runs with fd [0-9]+ .connection 1.: nothing closed it at exec'
}

@test "a number that is no descriptor stands out" {
    check_specimen number 'uses fd 77, which is not open here: EBADF'
}

@test "a loop that goes round and does nothing stands out" {
    check_specimen spin 'goes round and round: epoll_wait'
}

@test "nothing stands out in any stage" {
    need_strace
    local n
    for n in 1 2 3 4 5 6; do
        run draw "$n"
        assert_success
        refute_line "What stands out:"
        assert_line --partial "accept4"
    done
}

@test "nothing stands out in the servers beside the ladder" {
    need_strace
    local stage program
    while read -r stage program; do
        run draw --program "$program" "$stage"
        assert_success
        refute_line "What stands out:"
        assert_line --partial "accept4"
    # The calls of server_proactor are made in the kernel, where strace sees none.
    done < <(awk '$1 ~ /^[0-9]$/ && $3 ~ /_/ && $3 != "server_proactor" {
        print $1, $3
    }' "$TESTS_DIR/programs.txt")
}

@test "the death of a worker, and of the parent, can be drawn" {
    need_strace
    run draw --scenario kill-worker 2
    assert_success
    assert_line --partial "killed by SIGKILL"
    assert_line --partial "reaps child 1"
    run draw --scenario kill-parent 2
    assert_success
    assert_line --partial "the channel has ended"
    refute_line "What stands out:"
}

@test "who does not end is shown, and is ended" {
    need_strace
    echo 'server -w 2; over' >"$BATS_TEST_TMPDIR/forever.bash"
    run draw --scenario "$BATS_TEST_TMPDIR/forever.bash" 2
    assert_success
    assert_line --regexp '^  ! server still runs when all should be over'
    run grep -lzs POOLLADDER_DRAW= /proc/[0-9]*/environ
    refute_output --partial "$BATS_TEST_TMPDIR"
}

@test "a browser shows as much as strace has seen" {
    need_strace
    need_chromium
    draw --save-traces "$BATS_TEST_TMPDIR/traces" 2
    dom >"$BATS_TEST_TMPDIR/dom"
    assert_shown forks 'class="arrow fork"' \
        "$(lines '(clone3?\(|clone3? resumed>).* = [0-9]+ <')"
    assert_shown accepts 'data-call="accept4"' \
        "$(lines '(accept4\(|accept4 resumed>).* = [0-9]+<')"
    assert_shown connections 'class="arrow connection"' \
        "$(lines '(connect\(|connect resumed>).*= 0 <')"
    assert_shown descriptors 'class="arrow descriptor"' \
        "$(lines '(recvmsg\(|recvmsg resumed>).*SCM_RIGHTS')"
    assert_shown signals 'class="arrow signal"' "$(lines '--- SIGTERM .*SI_USER')"
    assert_shown ends 'class="event( alarming)? end-of-life"' "$(lines '\+\+\+ (exited|killed)')"
    assert_shown processes 'class="lane"' \
        "$(cat "$BATS_TEST_TMPDIR"/traces/*.trace | grep -Eo '^[0-9]+ ' | sort -u | wc -l)"
}

@test "a browser shows two runs beside each other" {
    need_chromium
    draw --with "$TESTS_DIR/draw/golden/threads.trace" "$TESTS_DIR/draw/golden/handover.trace"
    dom >"$BATS_TEST_TMPDIR/dom"
    assert_shown runs '<section class="run' 2
    assert_shown "events of both" 'class="event[^"]*"' \
        "$(awk '/^(\||[a-z]+$|What|  !)/ && !/: /  { next } /: / && !/^  !/ { n++ } END { print n }' \
            "$TESTS_DIR"/draw/golden/{handover,threads}.txt)"
}

@test "a browser shows a few thousand events" {
    need_chromium
    awk 'BEGIN {
        print "100 50.000000 execve(\"./a\", [\"./a\"], 0x7 /* 3 vars */) = 0 <0.000100>"
        print "100 50.000100 pipe2([3<pipe:[70]>, 4<pipe:[70]>], O_CLOEXEC) = 0 <0.000010>"
        for (i = 0; i < 2000; i++) {
            printf "100 %.6f write(4<pipe:[70]>, \"x\", 1) = 1 <0.000010>\n", 50.001 + i / 1000
            printf "100 %.6f read(3<pipe:[70]>, \"x\", 1) = 1 <0.000010>\n", 50.0015 + i / 1000
        }
        print "100 53.000000 +++ exited with 0 +++"
    }' >"$BATS_TEST_TMPDIR/many.trace"
    draw "$BATS_TEST_TMPDIR/many.trace"
    dom >"$BATS_TEST_TMPDIR/dom"
    assert_shown events 'class="event[^"]*"' 4002
}

@test "the page needs no network" {
    draw "$TESTS_DIR/draw/golden/handover.trace"
    run grep -En '(src|href)=|@import|fetch\(|XMLHttp|https?://' "$BATS_TEST_TMPDIR/page.html"
    refute_line --regexp '(src|href)=|@import|fetch|XMLHttp'
    assert_output --partial 'www.w3.org/2000/svg' # a name, nothing is fetched
    assert_equal "${#lines[@]}" 1
}

@test "text from a run cannot break out of the page" {
    need_chromium
    cat >"$BATS_TEST_TMPDIR/bad.trace" <<'END'
100 50.000000 pipe2([3<pipe:[70]>, 4<pipe:[70]>], O_CLOEXEC) = 0 <0.000010>
100 50.001000 write(4<pipe:[70]>, "</pre><script>document.title=1</script>", 39) = 39 <0.000010>
100 50.002000 +++ exited with 0 +++
END
    draw "$BATS_TEST_TMPDIR/bad.trace"
    dom >"$BATS_TEST_TMPDIR/dom"
    assert_shown events 'class="event[^"]*"' 3
    run grep -c '<title>What' "$BATS_TEST_TMPDIR/dom"
    assert_output 1
}

@test "a running server can be drawn, and goes on" {
    need_strace
    start_server
    background "$TESTS_DIR/draw/draw.sh" --page "$BATS_TEST_TMPDIR/page.html" \
        --pid "$SERVER_PID" >"$BATS_TEST_TMPDIR/drawing" 2>&1
    wait_for "grep -q '^TracerPid:.*[1-9]' /proc/$SERVER_PID/status" 10
    hold_client 5
    ask 5 hello
    signal_all TERM "$(awk '/^TracerPid/ { print $2 }' "/proc/$SERVER_PID/status")"
    wait_background "$BACKGROUND_PID"
    assert_equal "$BACKGROUND_STATUS" 0
    run cat "$BATS_TEST_TMPDIR/drawing"
    assert_line --partial "accept4"
    refute_line "What stands out:"
    ask 5 again
}

@test "if tracing is forbidden, draw says how to allow it" {
    need_strace
    run strace -f -qq -o /dev/null -e trace=ptrace -e inject=ptrace:error=EPERM \
        "$TESTS_DIR/draw/draw.sh" --page "$BATS_TEST_TMPDIR/page.html" 2
    assert_failure 1
    assert_output --partial "strace may not trace here"
    assert_output --partial "--cap-add=SYS_PTRACE"
}

@test "wrong usage of draw is status 2" {
    run draw
    assert_failure 2
    run draw --nonsense 2
    assert_failure 2
    assert_output --partial "there is no option --nonsense"
    run draw 9
    assert_failure 2
    assert_output --partial "there is no stage 9"
    run draw "$BATS_TEST_TMPDIR/nowhere.trace"
    assert_failure 1
}
