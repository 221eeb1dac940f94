#!/usr/bin/env bats
# bench.bats: does the benchmark count right? Nothing here is about how fast
# anything is.

# shellcheck disable=SC2016,SC2030,SC2031 # run sets output
# shellcheck disable=SC2034,SC2154 # helpers.bash or run sets or reads it

load helpers

ROOT=$(dirname "$TESTS_DIR")
LINE=xxxxxxxxxxxxxxx # the line that load sends, without its newline

setup_file() {
    make -s -C "$TESTS_DIR" bench
    make -s -C "$ROOT/stage1_fork"
    make -s -C "$ROOT/stage3_protocol"
}

# load_on PORT ARG...: the load generator, bounded (run).
load_on() {
    timeout $((20 * TIMEOUT_SCALE)) "$TESTS_DIR/build/load" "${@:2}" "$1" 3>&-
}

# value NAME: what the generator's last line says for that name.
value() {
    [[ "${lines[-1]} " =~ (^| )$1=([^ ]+)\  ]] ||
        explain "the generator's last line has no $1:" "$output" || return
    echo "${BASH_REMATCH[2]}"
}

assert_value() {
    assert_equal "$1=$(value "$1")" "$1=$2"
}

# assert_failure_kind NAME: a request failed in that way, and in no other.
assert_failure_kind() {
    local kind
    assert_failure 1
    for kind in refused reset closed timeout denied wrong lost other; do
        assert_value "$kind" "$([ "$kind" = "$1" ] && echo 1 || echo 0)"
    done
}

# lines_served N: the server's processes say that they answered N lines in all.
lines_served() {
    [ "$(awk '/ lines, done$/ { sum += $(NF - 2) } END { print +sum }' \
        "$BATS_TEST_TMPDIR/server.err")" -eq "$1" ]
}

# serve_files: the server of stage 3, for `small` and `large`.
serve_files() {
    STAGE_DIR=$ROOT/stage3_protocol
    mkdir "$BATS_TEST_TMPDIR/files"
    head -c 4096 /dev/zero >"$BATS_TEST_TMPDIR/files/small"
    head -c 5000001 /dev/zero >"$BATS_TEST_TMPDIR/files/large"
    start_server -d "$BATS_TEST_TMPDIR/files" "$@"
}

# against_script ARG... -- STEP...: run load against evil, which plays the steps.
against_script() {
    local arguments=()
    while [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    start_evil listen "${@:2}"
    run load_on "$EVIL_PORT" "${arguments[@]}"
}

# ---- How many ----------------------------------------------------------------

@test "so many requests are as many for the server" {
    start_server
    run load_on "$SERVER_PORT" -p lines -c 7 -n 100
    assert_success
    assert_value requests 100
    wait_for "lines_served 100" 5
    # Each answer is "[PID] " and the line of 16 bytes.
    assert_value bytes "$(awk '/ lines, done$/ { sum += length($1) + 1 + 16 }
        END { print sum }' "$BATS_TEST_TMPDIR/server.err")"
}

@test "on connections that are kept there is one request more for each" {
    start_server
    run load_on "$SERVER_PORT" -p lines -c 4 -n 90 --keep
    assert_success
    assert_value requests 90
    wait_for "lines_served 94" 5
    assert_equal "$(grep -c 'lines, done' "$BATS_TEST_TMPDIR/server.err")" 4
}

@test "several processes share the work and sum up what they did" {
    [ "$(nproc)" -ge 2 ] || skip "there is one core only"
    start_server
    run load_on "$SERVER_PORT" -p lines -c 5 -n 51 -j 2
    assert_success
    assert_value requests 51
    wait_for "lines_served 51" 5
}

@test "every byte of a file is counted" {
    serve_files
    run load_on "$SERVER_PORT" -f small -s 4096 -c 3 -n 30
    assert_success
    assert_value requests 30
    # "+small", the size, one train of data, the empty train
    assert_value bytes $((30 * (4 + 6 + 4 + 8 + 4 + 4096 + 4)))
    run load_on "$SERVER_PORT" -f large -s 5000001 -c 2 -n 4 --keep
    assert_success
    (($(value bytes) >= 4 * 5000001 && $(value bytes) < 4 * 5010000))
}

@test "as many requests are made as are due" {
    start_server
    run load_on "$SERVER_PORT" -p lines -c 9 -r 400 -d 0.25
    assert_success
    assert_value requests 100
    wait_for "lines_served 100" 5
}

@test "silent clients are connected while others ask" {
    serve_files -w 6
    run load_on "$SERVER_PORT" -f small -c 1 -n 10 --silent 5
    assert_success
    assert_value requests 10
    wait_for_log 'done'
    # Silent ones end without a request.
    assert_equal "$(grep -c ': sent small' "$BATS_TEST_TMPDIR/server.err")" 10
    wait_for "[ \$(grep -c ': done' '$BATS_TEST_TMPDIR/server.err') -eq 15 ]" 5
}

# ---- What fails --------------------------------------------------------------

@test "a server that is not there refuses" {
    start_server
    stop_server
    run load_on "$SERVER_PORT" -n 1
    assert_failure_kind refused
}

@test "a server that closes too early is told from one that resets" {
    against_script -p lines -n 1 -- "expect:$LINE\\n" 'send:[1] xxx' close
    assert_failure_kind closed
    against_script -p lines -n 1 -- "expect:$LINE\\n" 'send:[1] xxx' rst
    assert_failure_kind reset
    against_script -p trains -n 1 -- 'expect-train:file' 'train:+file' 'u64:10' \
        'train:12345' close
    assert_failure_kind closed
    against_script -p bare -s 5 -n 1 -- 'send:1234' close
    assert_failure_kind closed
}

@test "a server that says nothing is given up" {
    against_script -p lines -n 1 -t 0.2 -- "expect:$LINE\\n" hold
    assert_failure_kind timeout
}

@test "a refusal is told from an answer" {
    serve_files
    run load_on "$SERVER_PORT" -f nosuch -n 1
    assert_failure_kind denied
    against_script -p http10 -n 1 -- \
        'expect:GET /file HTTP/1.0\r\nHost: localhost\r\n\r\n' \
        'send:HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\nno' close
    assert_failure_kind denied
}

@test "a connection that the server closes on a silent client is lost" {
    start_evil listen-each 2 "expect:" close
    run load_on "$EVIL_PORT" -p bare -n 1 --silent 1
    assert_failure_kind lost
    assert_value requests 1
}

@test "bytes that do not belong there are wrong" {
    local answer
    for answer in "[1] ${LINE}y\\n" "[1] $LINE\\n\\n" "[] $LINE\\n" "(1) $LINE\\n" \
        "[1]$LINE\\n" '\n' "[1234567890123] $LINE\\n"; do
        against_script -p lines -n 1 -- "expect:$LINE\\n" "send:$answer" hold
        assert_failure_kind wrong
    done
    # Whole answers, and a byte more in the same piece.
    against_script -n 1 -- expect-train:file \
        'send:\0\0\0\x05+file\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0y' hold
    assert_failure_kind wrong
    against_script -p http11 -n 1 -- 'expect:GET ' \
        'send:HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n12' hold
    assert_failure_kind wrong
    for answer in 'train:+life' 'train:x' 'train:' 'header:999999'; do
        against_script -n 1 -- expect-train:file "$answer" hold
        assert_failure_kind wrong
    done
    against_script -p bare -s 5 -n 1 -- send:123456 hold
    assert_failure_kind wrong
}

@test "a file of another size is wrong" {
    serve_files
    run load_on "$SERVER_PORT" -f small -s 4097 -n 1
    assert_failure_kind wrong
    against_script -n 1 -- expect-train:file train:+file u64:10 train:12345 train: \
        hold
    assert_failure_kind wrong
    against_script -n 1 -- expect-train:file train:+file u64:4 train:12345 hold
    assert_failure_kind wrong
    against_script -p http11 -s 4 -n 1 -- 'expect:GET ' \
        'send:HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345' hold
    assert_failure_kind wrong
}

@test "an answer may come in any pieces" {
    against_script -p lines -n 1 -- "expect:$LINE\\n" "bytewise:[12] $LINE\\n" \
        expect-closed
    assert_success
    against_script -n 1 -- expect-train:file \
        'bytewise:\0\0\0\x05+file\0\0\0\x08\0\0\0\0\0\0\0\x03\0\0\0\x03abc\0\0\0\0' \
        expect-closed
    assert_success
    against_script -p http11 -n 1 -- \
        'expect:GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n' \
        'bytewise:HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc' expect-closed
    assert_success
    against_script -p http10 -n 1 -- \
        'expect:GET /file HTTP/1.0\r\nHost: localhost\r\n\r\n' \
        'bytewise:HTTP/1.0 200 OK\r\n\r\nabc' close
    assert_success
}

# ---- How long ----------------------------------------------------------------

@test "latency counts from when a request was due, not from when it was sent" {
    # One client, 20 requests, one every 10 ms; the server halts for 500 ms.
    # All the others were due long before it went on.
    local i answer=("expect:$LINE\\n" "send:[1] $LINE\\n")
    local steps=("${answer[@]}" "expect:$LINE\\n" pause:0.5 "send:[1] $LINE\\n")
    for ((i = 1; i < 20; i++)); do
        steps+=("${answer[@]}")
    done
    against_script -p lines --keep -n 20 -r 100 -- "${steps[@]}" expect-eof
    assert_success
    assert_value requests 20
    awk -v p50="$(value p50_us)" -v max="$(value max_us)" \
        'BEGIN { exit !(p50 >= 300000 && max >= 500000) }' ||
        explain "the server halted for 500 ms, so half of the requests waited" \
            "for 300 ms at least, but the generator says:" "$output"
}

@test "the histogram's percentiles are at most 1/128 too large" {
    run "$TESTS_DIR/build/histogram_check" < <(seq 1 100)
    assert_output "100 50 90 99 100"
    run "$TESTS_DIR/build/histogram_check" < <(seq 1000 1000 100000000 | sort -R)
    read -r count p50 p90 p99 max <<<"$output"
    assert_equal "$count $max" "100000 100000000"
    ((p50 >= 50000000 && p50 <= 50000000 + 50000000 / 128))
    ((p90 >= 90000000 && p90 <= 90000000 + 90000000 / 128))
    ((p99 >= 99000000 && p99 <= 99000000 + 99000000 / 128))
    run "$TESTS_DIR/build/histogram_check" <<<'18446744073709551615 0'
    assert_output "2 0 18446744073709551615 18446744073709551615 18446744073709551615"
    run "$TESTS_DIR/build/histogram_check" </dev/null
    assert_output "0 0 0 0 0"
}

# ---- How it is started -------------------------------------------------------

@test "wrong usage of the generator: status 2 and a hint at --help" {
    local arguments
    for arguments in '' '1 2' 0 65536 x '--clients 0 5' '-r 0 5' '-d -1 5' \
        '-p x 5' '--nosuch 5' '-k -p http10 5' '-k -p bare 5' '-a name 5' \
        '-p lines -s 0 5' '-p lines -s 600 5' '-j 99999 5'; do
        # shellcheck disable=SC2086 # several words
        run "$TESTS_DIR/build/load" $arguments
        assert_failure 2
        assert_line --partial "--help"
    done
    run "$TESTS_DIR/build/load" --help
    assert_success
    assert_line --partial 'Usage: load'
}

# ---- What a server costs -----------------------------------------------------

@test "what descendants cost is counted, orphans' cost too" {
    # The second shell ends before its child, which spins.
    run "$TESTS_DIR/build/measure" "$BATS_TEST_TMPDIR/cost" bash -c '
        bash -c "(for ((i = 0; i < 100000; i++)); do :; done; echo spun) &"
        exit 3'
    assert_failure 3
    assert_output spun
    run cat "$BATS_TEST_TMPDIR/cost"
    assert_output --regexp '^wall=.* status=3$'
    awk -v cpu="$(value cpu)" 'BEGIN { exit !(cpu >= 0.03) }' ||
        explain "a loop of 100,000 rounds takes more CPU time than that: $output"
}

# ---- All of it ---------------------------------------------------------------

# tiny_bench ARG...: the benchmark with next to nothing to do (run).
tiny_bench() {
    env BENCH_ROUNDS=1 BENCH_SECONDS=0.03 BENCH_MIB=1 BENCH_ITEMS=50 \
        BENCH_ONE_BY_ONE=5 BENCH_CONNECTED='1 12' BENCH_NOTES="$NOTES" \
        timeout $((50 * TIMEOUT_SCALE)) "$TESTS_DIR/bench/bench.sh" --quick "$@" 3>&-
}

# assert_row NAME: there is a line for it, or one that says why there is none.
assert_row() {
    [[ $'\n'$output == *$'\n'"$1"[\ :]* ]] ||
        explain "the benchmark says nothing of $1:" "$output"
}

@test "the benchmark has a line for every server, and no request fails" {
    local kind name NOTES=$BATS_TEST_TMPDIR
    run tiny_bench connect small kept many
    assert_success
    while read -r kind name _; do
        [[ -z $kind || $kind == '#' ]] || assert_row "$name"
    done <"$TESTS_DIR/bench/servers.txt"
    refute_output --partial failures
    refute_output --partial 'cannot'
    assert_output --regexp '
stage2_fdpass/server +[1-9][0-9]* \('
    assert_output --regexp '
stage6_threadpool/server +12 [1-9]'
    # Nothing is saved unless one asks for it.
    assert_equal "$(ls "$NOTES")" ''
}

@test "what is measured can be saved as data, tables and charts" {
    command -v gnuplot >/dev/null || skip "no gnuplot here"
    local NOTES=$BATS_TEST_TMPDIR/notes file
    mkdir "$NOTES"
    printf '%s\n' before '<!-- tables: begin -->' old '<!-- tables: end -->' after \
        >"$NOTES/measured.md"
    run tiny_bench --save methods handover pools
    assert_success
    for name in copy-copy sendfile-splice sendfile-discard eventfd stage6_threadpool; do
        assert_row $name
    done
    run cat "$NOTES/measured.md"
    assert_line --index 0 before
    assert_line --index 2 '```text'
    assert_line --regexp '^sendfile-splice '
    refute_line old
    assert_line --index -1 after
    grep -q '^methods	copy-copy	-	1	gb_per_s	[0-9]' "$NOTES/measured.txt"
    for file in methods handover; do
        grep -q '</svg>' "$NOTES/img/$file.svg" ||
            explain "there is no chart $file.svg"
    done
}

@test "ratios are made within a round, then their median is taken" {
    # The machine was three times as slow in the second round.
    printf 'small\t%s\t16\t%s\trate\t%s\n' nginx 1 300 ours 1 600 \
        nginx 2 100 ours 2 200 nginx 3 300 ours 3 900 >"$BATS_TEST_TMPDIR/raw"
    run "$TESTS_DIR/bench/tables.sh" "$BATS_TEST_TMPDIR/raw" small
    assert_line --regexp '^ours +600 \(200-900\) +2\.00 \(2\.00-3\.00\) '
    assert_line --regexp '^nginx +300 \(100-300\) +1\.00 '
}
