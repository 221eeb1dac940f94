#!/usr/bin/env bats
# reliability.bats: can the tools of tests/reliability fail? Each is let loose, with
# small numbers, on a good server and on one that misbehaves (misbehave.c).

# shellcheck disable=SC2030,SC2031 # run sets output
# shellcheck disable=SC2034,SC2154 # helpers.bash or run sets or reads it

load helpers

ROOT=$(dirname "$TESTS_DIR")
TOOLS=$TESTS_DIR/reliability

setup_file() {
    make -s -C "$TESTS_DIR" reliability
    make -s -C "$ROOT/stage1_fork"
    make -s -C "$ROOT/stage3_protocol"
    make -s -C "$ROOT/stage5_exit"
    make -s -C "$ROOT/stage6_threadpool"
}

setup() {
    unset DIR STAGE_DIR SEED WRAP JOBS
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR"
}

# tool NAME ARG... SERVER: on this server; bounded (run).
tool() {
    timeout $((90 * TIMEOUT_SCALE)) "$TOOLS/$1.sh" --seed 5 "${@:2:$#-2}" \
        "$ROOT/${*: -1}" 3>&-
}

# misbehaving FAULT TOOL ...: the same, with a server that has this fault.
misbehaving() {
    export WRAP="env LD_PRELOAD=$TESTS_DIR/build/misbehave.so MISBEHAVE=$1"
    tool "${@:2}"
    local status=$?
    unset WRAP
    return $status
}

# assert_found REGEX: the tool has failed, for this reason.
assert_found() {
    assert_failure 1
    assert_line --regexp "FAILED: .*$1"
    assert_line --regexp '^[a-z]+: 1 servers, .*: 1 failed$'
}

assert_well() {
    assert_success
    assert_line --index $((${#lines[@]} - 1)) --regexp "^$1$"
    refute_line --partial FAILED
}

# Processes that work in the folder of a tool.
processes_of_tool() {
    find /proc -maxdepth 2 -name cwd -lname "$TMPDIR/*" 2>/dev/null
}

nothing_is_left() {
    [ -z "$(processes_of_tool)" ] && [ -z "$(ls "$TMPDIR")" ]
}

teardown() {
    end_test
    in_time 5 nothing_is_left || explain "this is left:" \
        "$(processes_of_tool; ls "$TMPDIR")"
}

need_wire() {
    [ -c /dev/net/tun ] || skip 'there is no /dev/net/tun'
    need_userns
}

# ---- chaos

@test "chaos: a good pool keeps all promises while its workers are killed" {
    run tool chaos --seconds 1 stage3_protocol/server
    assert_well 'chaos: 1 servers, 1 s each, [1-9][0-9]* kills, [1-9][0-9]* rude clients, [1-9][0-9]* replies compared, 0 wrong, 0 stuck, seed 5, [0-9]+ s: 0 failed'
}

@test "chaos: a server with threads has nobody to be killed, and is disturbed" {
    run tool chaos --seconds 1 stage6_threadpool/server
    assert_well 'chaos: .* 0 kills, [1-9][0-9]* rude clients, .*'
}

@test "chaos: a wrong byte is found, and the place is named" {
    run misbehaving wrong chaos --seconds 1 stage3_protocol/server
    assert_found 'a wrong reply to (large|middling), after [0-9]+ of [0-9]+ bytes'
}

@test "chaos: a client that waits for ever is found" {
    run misbehaving hang chaos --seconds 1 --patience 2 stage3_protocol/server
    assert_found 'stuck=[1-9]'
}

@test "chaos: zombies are found" {
    run misbehaving zombie chaos --seconds 1 stage3_protocol/server
    assert_found '[1-9][0-9]* zombies'
}

@test "chaos: a server that is killed itself is found" {
    local out=$BATS_TEST_TMPDIR/out
    background "$TOOLS/chaos.sh" --seconds 30 --patience 2 \
        "$ROOT/stage3_protocol/server" >"$out" 2>&1
    in_time 30 grep -q 'kills' "$out" ||
        explain 'it does not begin:' "$(cat "$out")"
    kill -KILL "$(server_of_tool)"
    wait_background "$BACKGROUND_PID" 60
    assert_equal "$BACKGROUND_STATUS" 1
    grep -q 'FAILED: it has ended' "$out" || explain "$(cat "$out")"
}

# The first of the processes that work where the server does.
server_of_tool() {
    local pids
    mapfile -t pids < <(find /proc -maxdepth 2 -name cwd \
        -lname "$TMPDIR/*/run*" 2>/dev/null | cut -d / -f 3)
    ps -o pid= --sort=start_time -p "${pids[*]}" | head -n 1 | tr -d " "
}

# ---- soak

@test "soak: a good server has what it had" {
    run tool soak --connections 500 stage1_fork/server
    assert_well 'soak: 1 servers, 500 connections, [1-9][0-9]* replies compared, 0 wrong, 0 stuck, seed 5, [0-9]+ s: 0 failed'
}

@test "soak: a descriptor for each 20th client is found" {
    run misbehaving leak soak --connections 500 stage3_protocol/server
    assert_found '[0-9]+ descriptors; before it were'
}

@test "soak: a page of memory for each client is found" {
    run misbehaving memory soak --connections 1000 stage3_protocol/server
    assert_found 'it takes [0-9]+ KiB of memory; before'
}

@test "soak: one client that is not answered is found" {
    run misbehaving hang soak --connections 300 --patience 2 \
        stage3_protocol/server
    assert_found 'stuck=[1-9]'
}

# ---- storm

@test "storm: a good server ends well by all its ways" {
    run tool storm --rounds 2 stage5_exit/server
    assert_well 'storm: 1 servers, 6 stops, [0-9]+ signals, [0-9]+ kills, 0 wrong, 0 stuck, seed 5, [0-9]+ s: 0 failed'
    assert_line --partial '2 stops with --exit kill'
    assert_line --partial '2 stops with --exit mask'
    assert_line --partial '2 stops with --exit drain'
}

@test "storm: a server without ways to end is killed by the signal" {
    run tool storm --rounds 2 stage1_fork/server
    assert_well 'storm: 1 servers, 2 stops, .*: 0 failed'
}

@test "storm: a process that is left behind is found" {
    run misbehaving stay storm --rounds 1 stage1_fork/server
    assert_found 'not these processes of it'
}

@test "storm: a wrong status is found" {
    run misbehaving deny storm --rounds 1 stage5_exit/server
    assert_found 'its status is 7, not 0 or 1'
}

@test "storm: torn downloads and the status of an orderly end are found" {
    run misbehaving lie storm --rounds 20 stage6_threadpool/server
    assert_found 'its status is 0, but [0-9]+ downloads were cut'
}

# ---- lossy

@test "lossy: a good server's downloads are right" {
    need_wire
    run tool lossy --connections 4 stage3_protocol/server
    assert_well 'lossy: 1 servers, [0-9]+ packets, [1-9][0-9]* lost, [1-9][0-9]* overtaking, [0-9]+ doubled; .* 0 wrong, 0 stuck, seed 5, [0-9]+ s: 0 failed'
}

@test "lossy: a wrong byte is found by both clients" {
    need_wire
    run misbehaving wrong lossy --connections 20 stage3_protocol/server
    assert_found 'a wrong reply to'
}

# ---- flakes

# A project with one suite, whose test fails every second time.
make_flaky_project() {
    mkdir -p flaky/tests/reliability
    cp "$TESTS_DIR/run.sh" flaky/tests
    cp "$TOOLS/flakes.sh" flaky/tests/reliability
    echo 'all - - sample' >flaky/tests/programs.txt
    echo 'all:' >flaky/tests/Makefile
    cat >flaky/tests/sample.bats <<END
$1 "always well" {
    true
}
$1 "well every second time" {
    echo x >>'$PWD/runs'
    [ \$((\$(wc -l <'$PWD/runs') % 2)) -eq 1 ]
}
END
}

# run_flakes ARG...: without a trace of this Bats.
run_flakes() {
    run env -i PATH="${PATH#"$BATS_LIBEXEC:"}" HOME="$HOME" TMPDIR="$TMPDIR" \
        timeout $((60 * TIMEOUT_SCALE)) \
        "$PWD/flaky/tests/reliability/flakes.sh" "$@" 3>&-
}

@test "flakes: what fails now and then is listed with how often" {
    cd "$BATS_TEST_TMPDIR"
    make_flaky_project @test
    run_flakes --runs 4 --load 1
    assert_failure 1
    assert_line 'failed 2 of 4 times: the whole project: well every second time'
    assert_line --regexp '^run 2 of 4: 1 passed, 1 failed'
    assert_line --regexp '^flakes: 4 runs with 1 busy processes, 6 tests passed, 2 failed, 1 of them different, [0-9]+ s$'
}

@test "flakes: when all is well it says so; a filter chooses" {
    cd "$BATS_TEST_TMPDIR"
    make_flaky_project @test
    run_flakes --runs 3 --load 0 --filter always
    assert_success
    assert_line --regexp '^flakes: 3 runs with 0 busy processes, 3 tests passed, 0 failed, '
}

@test "flakes: a run that breaks off is a failure" {
    cd "$BATS_TEST_TMPDIR"
    make_flaky_project @test
    echo 'all: ; false' >flaky/tests/Makefile
    run_flakes --runs 1 --load 0
    assert_failure 1
    assert_line --regexp '^failed 1 of 1 times: the run: it broke off'
}

# ---- all of them

@test "Ctrl-C leaves nothing of chaos, soak and storm" {
    local name out=$BATS_TEST_TMPDIR/out
    for name in chaos soak storm; do
        background env --default-signal=INT,QUIT "$TOOLS/$name.sh" \
            "$ROOT/stage5_exit/server" "$ROOT/stage1_fork/server" \
            >"$out" 2>&1
        in_time 20 serves_somebody || explain "$name does not begin:" \
            "$(cat "$out")" || return
        kill -INT "$BACKGROUND_PID"
        wait_background "$BACKGROUND_PID" 10
        assert_equal "$name $BACKGROUND_STATUS" "$name 130"
        nothing_is_left || explain "left of $name:" "$(processes_of_tool)"
    done
}

@test "Ctrl-C leaves nothing of lossy" {
    need_wire
    local out=$BATS_TEST_TMPDIR/out
    background env --default-signal=INT,QUIT "$TOOLS/lossy.sh" \
        --connections 1000 "$ROOT/stage5_exit/server" >"$out" 2>&1
    in_time 20 serves_somebody || explain "it does not begin:" "$(cat "$out")"
    kill -INT "$BACKGROUND_PID"
    wait_background "$BACKGROUND_PID" 10
    assert_equal "$BACKGROUND_STATUS" 130
    nothing_is_left || explain "this is left:" "$(processes_of_tool)"
}

@test "Ctrl-C leaves nothing of flakes" {
    local out=$BATS_TEST_TMPDIR/out
    cd "$BATS_TEST_TMPDIR"
    make_flaky_project @test
    echo "@test \"forever\" { touch $PWD/on; while :; do read -rt 1 <>$PWD/fifo; done; }" \
        >flaky/tests/sample.bats
    mkfifo fifo
    background env -i PATH="${PATH#"$BATS_LIBEXEC:"}" HOME="$HOME" \
        TMPDIR="$TMPDIR" --default-signal=INT,QUIT \
        "$PWD/flaky/tests/reliability/flakes.sh" --runs 2 >"$out" 2>&1
    in_time 20 test -e on || explain "it does not begin:" "$(cat "$out")"
    kill -INT "$BACKGROUND_PID"
    wait_background "$BACKGROUND_PID" 10
    assert_equal "$BACKGROUND_STATUS" 130
    assert_equal "$(ls "$TMPDIR")" ""
    in_time 2 nobody_reads_fifo || explain "the test goes on"
}

# No process has the fifo open.
nobody_reads_fifo() {
    [ -z "$(find /proc -maxdepth 4 -path "*/fd/*" -lname "$PWD/fifo" 2>/dev/null)" ]
}

serves_somebody() {
    [ "$(processes_of_tool | wc -l)" -ge 8 ]
}

@test "wrong usage is status 2 and a hint" {
    local name
    for name in chaos soak storm flakes; do
        run "$TOOLS/$name.sh" --nonsense 3
        assert_failure 2
        assert_line --partial "Try '"
        run "$TOOLS/$name.sh" --help
        assert_success
        assert_line --partial "$name.sh ["
    done
    run "$TOOLS/chaos.sh" --seconds many
    assert_failure 2
    assert_line --partial "'many' is not a whole number"
    run "$TOOLS/chaos.sh" nosuch/server
    assert_failure 2
    assert_line --partial "there is no program 'nosuch/server'"
}

@test "a copy of a stage is tried in place of ours" {
    cp -r "$ROOT/stage3_protocol" "$BATS_TEST_TMPDIR/mine"
    DIR=$BATS_TEST_TMPDIR/mine run timeout $((60 * TIMEOUT_SCALE)) \
        "$TOOLS/soak.sh" --connections 50 3>&-
    assert_success
    assert_line --partial "$BATS_TEST_TMPDIR/mine/server: "
}

# ---- swarm: one client, against evil, which plays the steps

# swarm_against PROTOCOL STEP...: it asks for the file `file`, "0123456789".
swarm_against() {
    local options=(-p "$1" -c 1 -n 1 -w 1)
    mkdir -p "$BATS_TEST_TMPDIR/files"
    printf 0123456789 >"$BATS_TEST_TMPDIR/files/file"
    [ "$1" = lines ] || options+=(-d "$BATS_TEST_TMPDIR/files")
    start_evil listen-each 9 "${@:2}"
    run timeout $((20 * TIMEOUT_SCALE)) "$TESTS_DIR/build/swarm" \
        "${options[@]}" "$EVIL_PORT"
    release_evil
}

assert_counts() {
    assert_line --regexp "(^| )$1( |\$)"
}

# The beginning of the right reply.
train_head='train:+file train:\0\0\0\0\0\0\0\x0a'

@test "swarm: a whole reply is right, one with another byte is wrong" {
    # shellcheck disable=SC2086 # two steps
    swarm_against trains recv-train $train_head train:0123456789 header:0
    assert_success
    assert_counts done=1
    # shellcheck disable=SC2086
    swarm_against trains recv-train $train_head train:0123456780 header:0
    assert_failure 1
    assert_counts wrong=1
}

@test "swarm: a reply that breaks off is torn, no reply is cut" {
    # shellcheck disable=SC2086
    swarm_against trains recv-train $train_head train:01234
    assert_success
    assert_counts 'cut=1 torn=1'
    swarm_against trains recv-train
    assert_success
    assert_counts 'cut=1 torn=0'
}

http_request='expect:GET /cgi-bin/file?file HTTP/1.0\r\nHost: localhost\r\n\r\n'

@test "swarm: a body of unknown length that ends early is wrong, unless reset" {
    swarm_against http "$http_request" \
        'send:HTTP/1.0 200 OK\r\n\r\n01234'
    assert_failure 1
    assert_line --partial 'half a reply looks like a whole one'
    assert_counts wrong=1
    swarm_against http "$http_request" \
        'send:HTTP/1.0 200 OK\r\n\r\n01234' rst
    assert_success
    assert_counts cut=1
}

@test "swarm: a line that is not ours is wrong" {
    swarm_against lines recv:1 'send:[1] something else\n'
    assert_failure 1
    assert_counts wrong=1
}
