#!/usr/bin/env bats
# The server's side of the train protocol: whole files, refusals, and clients that
# do not keep to the protocol or stop in the middle of it.

# Each test runs in a process of its own, and so has its own variables.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load helpers

# The server's files are in $FILES, downloads go to $OUT.

TRAIN_MAX=1048576
SIZES=(0 1 2 4095 4096 4097 65535 65536 65537
    $((TRAIN_MAX - 1)) "$TRAIN_MAX" $((TRAIN_MAX + 1)) $((3 * TRAIN_MAX))
    $((5 * TRAIN_MAX + 321)))

setup_file() {
    local size
    mkdir "$BATS_FILE_TMPDIR/files"
    cd "$BATS_FILE_TMPDIR/files" || return
    head -c "${SIZES[-1]}" /dev/urandom >random
    for size in "${SIZES[@]}"; do
        head -c "$size" random >"size-$size"
    done
    printf 'hello' >small
    truncate -s 64M huge # no buffer of a connection takes all of it
}

setup() {
    FILES=$BATS_FILE_TMPDIR/files
    OUT=$BATS_TEST_TMPDIR/out
    mkdir "$OUT"
}

teardown() {
    rm -rf "${SHARED_MEMORY-}"
    end_test
}

# own_files: let $FILES be a folder of this test alone.
own_files() {
    FILES=$BATS_TEST_TMPDIR/files
    mkdir "$FILES"
    printf 'hello' >"$FILES/small"
}

# The steps of evil to ask for `small` and get it.
GET_SMALL=(
    train:small expect-train:+small 'expect-train:\0\0\0\0\0\0\0\x05'
    expect-train:hello expect-train:
)

# assert_served [WHAT]: the server still serves, whatever was done to it.
assert_served() {
    run evil "${GET_SMALL[@]}" halfclose expect-eof
    [ "$status" -eq 0 ] ||
        explain "${1:+after $1 }the server does not serve the next client:" \
            "$output"
}

# The same processes as before: none was lost and replaced.
remember_processes() {
    PROCESSES=$(server_processes | sort -n)
}

assert_same_processes() {
    local now
    now=$(server_processes | sort -n)
    [ "$now" = "$PROCESSES" ] ||
        explain "${1:+after $1 }a process of the server is gone." \
            "Before:" "$PROCESSES" "Now:" "$now" "The log:" "$(server_log)"
}

# wait_for_output: wait until the client of start_evil prints something.
wait_for_output() {
    wait_for "[ -s '$BATS_TEST_TMPDIR/evil.out' ]" 5 \
        "The client in the background should have been answered. It says:" \
        "$(cat "$BATS_TEST_TMPDIR/evil.err")"
}

# server_memory FIELD: print the sum of it over all processes of the server.
server_memory() {
    local pids
    mapfile -t pids < <(server_processes)
    memory "$1" "${pids[@]}"
}

# assert_grown_less KB BEFORE FIELD
assert_grown_less() {
    local after
    after=$(server_memory "$3")
    ((after - $2 < $1)) ||
        explain "the memory of the server ($3) has grown from $2 kB to" \
            "$after kB; less than $1 kB more was expected"
}

# fds_of_server: print how many fds its processes have open together.
fds_of_server() {
    local pids
    mapfile -t pids < <(server_processes)
    fd_count "${pids[@]}"
}

server_has_fds() {
    [ "$(fds_of_server)" -eq "$1" ]
}

# wait_for_fds COUNT: wait until the server has that many fds open, not more.
wait_for_fds() {
    in_time 5 server_has_fds "$1" ||
        explain "the server had $1 fds open, it has $(fds_of_server) now:" \
            "what does it not close?" \
            "$(for pid in $(server_processes); do ls -l "/proc/$pid/fd"; done)"
}

# ---- Whole files -------------------------------------------------------------

@test "files of every size arrive byte for byte, over one connection [fault 58] [fault 59]" {
    serve -w 1
    fetch -q random "${SIZES[@]/#/size-}"
    assert_success
    assert_silent "of a client with --quiet"
    assert_same random "${SIZES[@]/#/size-}"
    run grep -Ec 'client .* is fd [0-9]+ here$|client .*: done' \
        "$BATS_TEST_TMPDIR/server.err"
    [ "$output" -le 2 ] || explain "the client came more than once:" \
        "$(server_log)"
}

@test "the answer is the name, the size in 8 bytes, the data, and an empty train" {
    serve
    run evil "${GET_SMALL[@]}" halfclose expect-eof
    assert_success
    run evil train:size-0 expect-train:+size-0 \
        'expect-train:\0\0\0\0\0\0\0\0' expect-train: halfclose expect-eof
    assert_success
    evil train:size-3145728 expect-train:+size-3145728 \
        'expect-train:\0\0\0\0\0\x30\0\0' recv-body halfclose expect-eof \
        >"$OUT/size-3145728"
    assert_same size-3145728
}

# bats test_tags=native
@test "a file of more than 4 GiB arrives whole, and takes no memory [fault 60] [trap 21]" {
    # A file with a hole costs nothing in a file system in memory.
    [ -w /dev/shm ] || skip "there is no /dev/shm"
    SHARED_MEMORY=$(mktemp -d /dev/shm/poolladder-XXXXXX)
    FILES=$SHARED_MEMORY
    printf 'hello' >"$FILES/small"
    truncate -s 4G "$FILES/large"
    printf 'the end' >>"$FILES/large"
    serve -w 1
    assert_served
    local before
    before=$(server_memory VmHWM)
    run evil deadline:30 train:large expect-train:+large \
        'expect-train:\0\0\0\x01\0\0\0\x07' count-body halfclose expect-eof
    assert_success
    assert_output '4294967303 bytes, ...the end'
    assert_grown_less 4096 "$before" VmHWM
}

@test "short reads and writes on both sides lose nothing [fault 22] [trap 16]" {
    own_files
    head -c 100001 "$BATS_FILE_TMPDIR/files/random" >"$FILES/random"
    start_short -d "$FILES"
    run with_short_io "$STAGE_DIR/client" -p "$SERVER_PORT" -q -o "$OUT" \
        random small nosuch
    assert_failure 1
    assert_output 'client: nosuch: No such file or directory'
    assert_same random small
    assert_short "$SERVER"
    assert_short client
}

# bats test_tags=native
@test "signals during a transfer do no harm [fault 9]" {
    need_calls
    start_injected \
        read,recvfrom,sendto,sendfile,splice:error=EINTR:when=2+3 -d "$FILES"
    fetch -q size-1048577 nosuch small
    assert_failure 1
    assert_output 'client: nosuch: No such file or directory'
    assert_same size-1048577 small
    assert_injected
}

@test "200 clients at once all get the file" {
    fetch_large() {
        fetch_numbered "$1" size-65537
    }
    serve
    at_once 200 fetch_large
}

# ---- Requests in pieces, requests in heaps -----------------------------------

@test "a request may come byte by byte [fault 23] [trap 14]" {
    # On the server's side too every read gets one byte only.
    SHORT_IO=1 start_short -w 1 -d "$FILES"
    run evil 'bytewise:\0\0\0\x05small' "${GET_SMALL[@]:1}" "${GET_SMALL[@]}"
    assert_success
    assert_short "$SERVER"
}

@test "a request cut in two anywhere is one request [fault 23] [trap 14]" {
    local steps=() wire='\0 \0 \0 \x05 s m a l l' bytes head tail i
    read -ra bytes <<<"$wire"
    for ((i = 1; i < ${#bytes[@]}; i++)); do
        head=$(printf %s "${bytes[@]:0:i}")
        tail=$(printf %s "${bytes[@]:i}")
        steps+=("send:$head" pause:0.02 "send:$tail" "${GET_SMALL[@]:1}")
    done
    serve -w 1
    run evil "${steps[@]}"
    assert_success
}

@test "many requests in one segment are all answered, in order [fault 24] [trap 13]" {
    serve -w 1
    run evil \
        'send:\0\0\0\x05small\0\0\0\x06nosuch\0\0\0\x06size-0\0\0\0\x05small' \
        "${GET_SMALL[@]:1}" 'expect-train:-nosuch: No such file or directory' \
        expect-train:+size-0 'expect-train:\0\0\0\0\0\0\0\0' expect-train: \
        "${GET_SMALL[@]:1}"
    assert_success
    # An answer takes 10 + 12 + 9 + 4 bytes.
    evil 'repeat:500:\0\0\0\x05small' recv:17500 "${GET_SMALL[@]}" halfclose \
        expect-eof >"$OUT/answers"
    run grep -ao hello "$OUT/answers"
    [ "${#lines[@]}" -eq 500 ] ||
        explain "500 requests, but ${#lines[@]} times the file came"
}

# With Nagle's algorithm the last bytes of a reply wait for the client to
# acknowledge those before, and that takes the client 40 ms (tcp(7), TCP_NODELAY).
# bats test_tags=native
@test "the end of a reply waits for no acknowledgement: 100 requests take no 4 seconds" {
    local now_ms before names=() i
    for ((i = 0; i < 100; i++)); do
        names+=(size-4097)
    done
    serve
    now
    before=$now_ms
    fetch -q "${names[@]}"
    assert_success
    now
    [ $((now_ms - before)) -lt 3000 ] ||
        explain "100 small files took $((now_ms - before)) ms, 40 ms each?"
}

@test "a name may have 255 bytes, the most that a file system takes" {
    local name
    own_files
    printf -v name '%255s' ''
    name=${name// /n}
    printf 'hello' >"$FILES/$name"
    serve -w 1
    run evil "train:$name" "expect-train:+$name" \
        'expect-train:\0\0\0\0\0\0\0\x05' expect-train:hello expect-train: \
        "${GET_SMALL[@]}" halfclose expect-eof
    [ "$status" -eq 0 ] || explain "a file with a name of 255 bytes: $output"
    fetch -q "$name"
    assert_success
    assert_same "$name"
}

@test "who sends no more after the request still gets the whole reply [fault 20]" {
    serve
    evil train:size-3145728 halfclose recv-train recv:12 recv-body expect-eof \
        >"$OUT/reply"
    run cmp <(tail -c 3145728 "$OUT/reply") "$FILES/size-3145728"
    assert_success
}

# ---- Refusals ----------------------------------------------------------------

# ask_for NAME...: ask for all of these, and at last for `small`, over one
# connection; print what is answered, a line each.
ask_for() {
    local name steps=(deadline:3)
    for name in "$@"; do
        steps+=("train:$name" recv-train say:)
    done
    evil "${steps[@]}" "${GET_SMALL[@]}" halfclose expect-eof
}

# assert_all_refused NAME...
assert_all_refused() {
    local i answers=()
    run ask_for "$@"
    [ "$status" -eq 0 ] ||
        explain "after a refusal the connection has to go on: $output"
    readarray -t answers <<<"$output"
    [ ${#answers[@]} -eq $# ] ||
        explain "$# answers were expected, ${#answers[@]} came:" "$output"
    for ((i = 0; i < $#; i++)); do
        [[ ${answers[i]} == -* ]] ||
            explain "the name '${*:i+1:1}' has to be refused with '-'," \
                "the answer is '${answers[i]}'"
    done
    refute_output --partial 'TOP SECRET'
}

@test "what is missing is refused, and why [fault 48]" {
    serve -w 1
    run ask_for nosuch '-rf' '*' 'small ' SMALL %2e%2e%2fsmall
    assert_success
    assert_output - <<'END'
-nosuch: No such file or directory
--rf: No such file or directory
-*: No such file or directory
-small : No such file or directory
-SMALL: No such file or directory
-%2e%2e%2fsmall: No such file or directory
END
}

@test "names that lead elsewhere are refused [fault 48] [trap 19]" {
    local long
    printf -v long '%5000s' ''
    long=${long// /x}
    own_files
    mkdir "$FILES/sub"
    echo 'TOP SECRET' | tee "$FILES/sub/inside" >"$BATS_TEST_TMPDIR/secret"
    serve -w 1
    assert_all_refused '' . .. ./small ../secret ../files/small /etc/passwd \
        "$FILES/small" "$BATS_TEST_TMPDIR/secret" sub/../../secret sub/inside \
        sub// small/ /small // '\0' 'small\0' 'small\0.txt' '..\0' \
        '../secret\0' '..\\secret' %2e%2e/secret '..%2fsecret' \
        "${long:0:255}" "${long:0:256}" "$long"
}

@test "only regular files are served, and a FIFO does not block [fault 49] [fault 51]" {
    own_files
    echo 'TOP SECRET' >"$BATS_TEST_TMPDIR/secret"
    mkdir "$FILES/directory"
    mkfifo "$FILES/fifo"
    ln -s "$BATS_TEST_TMPDIR/secret" "$FILES/symlink"
    ln -s ../secret "$FILES/relative"
    ln -s / "$FILES/root"
    ln -s nosuch "$FILES/dangling"
    ln -s itself "$FILES/itself"
    ln -s /proc/self/environ "$FILES/magic"
    serve -w 1
    assert_all_refused directory fifo symlink relative root dangling itself magic
    stop_server
    FILES=/dev serve -w 1
    run evil deadline:3 train:zero recv:5 train:null recv:5
    assert_success
    refute_output --partial +
}

@test "a file that may not be read is refused [fault 51]" {
    own_files
    touch "$FILES/unreadable"
    chmod 0 "$FILES/unreadable"
    # The superuser may read it all the same, unless he has given up that right.
    [ "$(id -u)" -ne 0 ] ||
        SERVER_PREFIX=(setpriv --bounding-set '-dac_override,-dac_read_search')
    serve -w 1
    run ask_for unreadable
    assert_success
    assert_output '-unreadable: Permission denied'
}

@test "names from clients are escaped in the log [fault 108]" {
    serve -w 1
    run ask_for 'a\n[1] client 1.2.3.4:5: sent small, 5 bytes' '\x1b[2Jclear' \
        '\x9b2Jclear' '\x7f\xff\x01\r' '%n%s%d' 'x\n/\n'
    assert_success
    evil 'send:GET \x1b[2J\n\n\n' halfclose expect-closed
    wait_for_log '%n%s%d'
    run grep -aPn '[^ -~]' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "lines of the log with control characters, or other than ASCII"
    run grep -vEn '^\[[0-9]+\] ' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "lines of the log that the server has not begun by itself"
    run grep -En '^\[1\]' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "lines of the log that a client has made up"
}

# ---- No trains at all ----------------------------------------------------------

@test "a length above 1 MiB is refused, then the connection is closed [fault 44] [trap 18]" {
    local length
    serve -w 1
    for length in $((TRAIN_MAX + 1)) 0x01000000 0x7fffffff 0x80000000 \
        0xffffffff; do
        run evil deadline:3 "header:$length" recv-train expect-eof
        [[ $status -eq 0 && $output == -* ]] ||
            explain "a length of $length has to be refused with '-' and end" \
                "the connection; instead: $output"
    done
    assert_served
}

# bats test_tags=native
@test "a length costs no memory before the bytes are there [fault 44] [trap 18]" {
    local before
    serve -w 1
    assert_served
    before=$(server_memory VmHWM)
    evil header:0xffffffff expect-closed
    evil header:0x7fffffff zeros:4096 expect-closed
    evil "header:$TRAIN_MAX" "zeros:$TRAIN_MAX" recv-train "${GET_SMALL[@]}" \
        >"$OUT/refusal"
    run cat "$OUT/refusal"
    assert_output --regexp '^-'
    assert_grown_less 1024 "$before" VmHWM
}

@test "a refusal arrives although more bytes were sent than anybody reads [fault 21]" {
    serve -w 1
    run evil deadline:5 header:0xffffffff zeros:65536 recv-train halfclose \
        expect-eof
    assert_success
    assert_output --regexp '^-'
    assert_served
}

@test "an HTTP request is refused as a length without sense [fault 47]" {
    serve -w 1
    run evil deadline:5 'send:GET / HTTP/1.0\r\nHost: x\r\n\r\n' recv-train \
        expect-eof
    assert_success
    assert_output --regexp '^-'
    assert_served
}

# Print 20 texts of random bytes, always the same ones. Every other one begins
# with a length that could be true.
garbage() {
    awk 'BEGIN {
        seed = 1
        for (round = 1; round <= 20; round++) {
            text = round % 2 ? "\\0\\0\\0" : "\\xfe"
            for (i = 0; i < round * round; i++) {
                seed = seed * 16807 % 2147483647
                text = text sprintf("\\x%02x", int(seed / 65536) % 256)
            }
            print text
        }
    }'
}

@test "garbage does not upset the server [fault 47]" {
    local text
    serve -w 1
    remember_processes
    while read -r text; do
        run evil deadline:5 "send:$text" halfclose expect-closed
        [ "$status" -eq 0 ] || explain "with these bytes: $text" "$output"
    done < <(garbage)
    assert_served
    assert_same_processes
}

# The log of a client that was cut is not that of one that had no more to ask.
@test "a request that is cut is not taken for the end [fault 45] [trap 15]" {
    local begin done_before
    serve -w 1
    assert_served
    wait_for_log 'client .*: done$'
    for begin in 'send:\0\0' 'send:\0\0\0\x05' 'send:\0\0\0\x05sma'; do
        done_before=$(server_log | grep -c ': done$')
        run evil deadline:5 "$begin" halfclose expect-eof
        [ "$status" -eq 0 ] || explain "a client that does '$begin': $output"
        assert_served
        in_time 5 eval '[ "$(server_log | grep -c ": done$")" -gt "$done_before" ]'
        assert_is "clients of whom the log says 'done' after one that broke off by \
'$begin', and one that did not" 1 \
            $(($(server_log | grep -c ': done$') - done_before))
    done
}

# ---- Clients that go ----------------------------------------------------------

@test "a request that is cut ends that connection and nothing else [fault 45] [trap 15]" {
    local begin end
    serve -w 1
    remember_processes
    for begin in '' 'send:\0\0' 'send:\0\0\0\x05' 'send:\0\0\0\x05sma' \
        'header:5000 zeros:4000'; do
        for end in 'halfclose expect-eof' close rst; do
            # shellcheck disable=SC2086 # several steps
            run evil deadline:5 $begin $end
            [ "$status" -eq 0 ] ||
                explain "a client that does '$begin $end': $output"
        done
    done
    assert_served 'clients that broke off their requests'
    assert_same_processes
}

@test "a client that goes in mid-transfer does not take the worker along [fault 18] [fault 19] [trap 17]" {
    local method end
    while read -ru 7 method; do
        # shellcheck disable=SC2086 # an option and its argument, or nothing
        serve -w 1 $method
        remember_processes
        # With the client's end of file come before its reset, the first write
        # after it is the one that raises SIGPIPE.
        for end in 'recv:4096 rst' 'halfclose recv:4096 rst' rst close \
            'recv:2000000 close' 'halfclose recv:4096 close'; do
            # shellcheck disable=SC2086 # several steps
            evil train:huge $end >/dev/null
        done
        assert_served "a client (${method:-no method}) that vanished"
        assert_same_processes "a client (${method:-no method}) that vanished"
        stop_server
    done 7< <(method_options "$SERVER")
}

@test "every process of the server ignores SIGPIPE [fault 19] [trap 17]" {
    local pid ignored
    serve
    for pid in $(server_processes); do
        ignored=$(awk '$1 == "SigIgn:" { print $2 }' "/proc/$pid/status")
        (((16#$ignored >> 12) & 1)) || explain \
            "process $pid does not ignore SIGPIPE (SigIgn $ignored): writing" \
            "to a client that is gone ends it"
    done
}

@test "a file whose size nobody knows is refused, not sent as empty [fault 115]" {
    serve -d /proc/self
    run evil train:status 'expect-train:-status: its size is not known' halfclose \
        expect-eof
    assert_success
}

@test "a file that becomes shorter in mid-transfer: the reply is cut, no more [fault 65]" {
    own_files
    truncate -s 64M "$FILES/shrinks"
    serve -w 1
    remember_processes
    start_evil connect rcvbuf:4096 train:shrinks expect-train:+shrinks say: \
        hold recv-all
    wait_for_output
    truncate -s 10 "$FILES/shrinks"
    wait_evil
    run stat -c %s "$BATS_TEST_TMPDIR/evil.out"
    ((output < 64 * TRAIN_MAX)) || explain "all $output bytes came, but the" \
        "file had only 10 left: what was sent?"
    assert_served 'a file that became shorter'
    assert_same_processes
}

# ---- Clients that stay ---------------------------------------------------------

silent_client() {
    local scripts=('' 'send:\0\0' 'header:10 send:abc' "${GET_SMALL[*]}")
    # shellcheck disable=SC2086 # several steps
    evil deadline:3 ${scripts[$1 - 1]} expect-eof
}

@test "a client that is silent is let go [fault 16]" {
    serve -w 4 --timeout 0.4
    at_once 4 silent_client
    in_time 5 assert_served # where 0.4 s are soon over, a second try is fair
}

# takes_no_more FD: send one more byte on it; has the server closed?
takes_no_more() {
    ! (printf x >&"$1") 2>/dev/null
}

@test "a request that dawdles for longer than the time-out is let go [fault 16]" {
    local length
    serve -w 1 --timeout 0.4
    # Of the first one the server takes all, of the second it only reads past it.
    for length in '\0\0\0\377' '\0\017\0\0'; do
        hold_client 5
        # shellcheck disable=SC2059 # it is a format
        printf "$length" >&5
        in_time 8 takes_no_more 5 ||
            explain "a byte comes every 20 ms, but the request does not come to" \
                "an end: with --timeout 0.4 it has to be let go" "$(server_log)"
        release_client 5
    done
    in_time 5 assert_served
}

@test "clients that do not read, or do not stop sending, are let go [fault 21] [fault 25]" {
    local before
    serve -w 2 --timeout 0.4
    in_time 5 assert_served
    before=$(fds_of_server)
    start_evil connect rcvbuf:4096 train:huge expect-train:+huge say: hold
    wait_for_output
    run evil deadline:5 header:0xffffffff flood:x
    assert_success
    wait_for_fds "$before"
    in_time 5 assert_served
}

@test "a client that reads slowly, but steadily, is not cut; one that stops is [fault 138]" {
    local i steps=()
    for i in {1..20}; do # in twice the time-out
        steps+=(recv:4096 "pause:$((TIMEOUT_SCALE / 10)).$((TIMEOUT_SCALE % 10))")
    done
    serve -w 1 --timeout "$TIMEOUT_SCALE"
    start_evil connect rcvbuf:4096 train:huge "${steps[@]}" say:here hold
    in_time 10 grep -q '^here' "$BATS_TEST_TMPDIR/evil.out" ||
        explain "the client did not get what it read:" \
            "$(cat "$BATS_TEST_TMPDIR/evil.err")"
    run server_log
    refute_output --partial 'Connection timed out'
    wait_for_log 'Connection timed out'
    wait_evil
}

@test "clients that dawdle do not hold up the others [fault 17] [fault 25]" {
    serve -w 3 --timeout 0
    start_evil connect rcvbuf:4096 train:huge expect-train:+huge say: hold
    wait_for_output
    hold_client 5
    printf '\0\0' >&5 # of a request
    run evil deadline:2 "${GET_SMALL[@]}" "${GET_SMALL[@]}"
    assert_success
    fetch -q size-3145728
    assert_same size-3145728
}

# bats test_tags=native
@test "a client that does not read costs no memory [fault 25]" {
    local before
    serve -w 1 --timeout 0
    assert_served
    before=$(server_memory VmHWM)
    start_evil connect rcvbuf:4096 train:huge expect-train:+huge say: hold
    wait_for_output
    in_time 5 is_stuck || explain "the server does not wait for the client"
    assert_grown_less 2048 "$before" VmHWM
}

# ---- In the long run ------------------------------------------------------------

# A client of every kind there is.
all_sorts() {
    evil train:small recv-train recv:12 recv-body train:nosuch recv-train \
        train:directory recv-train train:fifo recv-train train:link recv-train \
        train:.. recv-train halfclose expect-eof
    evil header:5 send:sm close
    evil train:huge recv:1000 rst
    evil header:0xffffffff recv-train expect-eof
}

@test "nothing is left open after many clients [fault 107]" {
    local before round
    own_files
    mkdir "$FILES/directory"
    mkfifo "$FILES/fifo"
    ln -s / "$FILES/link"
    truncate -s 64M "$FILES/huge"
    serve -w 1
    all_sorts >/dev/null
    assert_served
    before=$(fds_of_server)
    for round in {1..10}; do
        all_sorts >/dev/null
    done
    assert_served "round $round"
    wait_for_fds "$before"
}

# bats test_tags=native
@test "memory does not grow from client to client [fault 107]" {
    local before
    serve -w 1
    evil 'repeat:50:\0\0\0\x05small\0\0\0\x06nosuch' halfclose recv-all >/dev/null
    assert_served
    before=$(server_memory VmRSS)
    evil 'repeat:5000:\0\0\0\x05small\0\0\0\x06nosuch' halfclose recv-all >/dev/null
    for _ in {1..50}; do
        evil train:small recv-train >/dev/null
    done
    assert_grown_less 512 "$before" VmRSS
}

# ---- The folder ------------------------------------------------------------------

@test "the folder that is served is the current one, or that of --directory" {
    local folder=$FILES
    SERVER_PREFIX=(env -C "$folder")
    start_server
    assert_served 'a start without --directory'
    stop_server
    # shellcheck disable=SC2034 # helpers.bash reads it
    SERVER_PREFIX=(env -C "${folder%/*}")
    start_server --directory "${folder##*/}"
    assert_served 'a start with a relative --directory'
}

@test "a folder that cannot be served ends the program with status 1" {
    run --separate-stderr run_server -p 0 -d "$BATS_TEST_TMPDIR/nosuch"
    assert_failure 1
    assert_silent "on standard output"
    assert_is "on standard error" \
        "$SERVER: $BATS_TEST_TMPDIR/nosuch: No such file or directory" "$stderr"
    run --separate-stderr run_server -p 0 -d "$FILES/small"
    assert_failure 1
    assert_silent "on standard output"
    assert_is "on standard error" "$SERVER: $FILES/small: Not a directory" "$stderr"
}
