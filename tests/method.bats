#!/usr/bin/env bats
# The ways to move a file's bytes, chosen by --method: every pair of the server's
# and the client's brings the same file, by the system calls it is named for, and
# what goes wrong on the way is noticed.

# shellcheck disable=SC2016,SC2154 # $ is for other shells; run sets variables

load helpers

TRAIN_MAX=1048576
CLIENT_METHODS=(copy mmap splice)
NAMES=(size-0 size-1 size-4097 size-1048576 size-1048577 big)

setup_file() {
    local name
    mkdir "$BATS_FILE_TMPDIR/data"
    cd "$BATS_FILE_TMPDIR/data" || return
    head -c $((3 * TRAIN_MAX + 12345)) /dev/urandom >big
    head -c $((TRAIN_MAX + 777)) /dev/urandom >other
    for name in "${NAMES[@]}"; do
        [ "$name" = big ] || head -c "${name#size-}" big >"$name"
    done
}

setup() {
    mapfile -t SERVER_METHODS < <(methods_of "$SERVER")
    NO_COPY=sendfile # how the server sends if it is the client that is tried
    offers sendfile || NO_COPY=splice
    FILES=$BATS_FILE_TMPDIR/data
    OUT=$BATS_TEST_TMPDIR/out
    mkdir "$OUT"
}

# methods_of PROGRAM: print the ways that its --help lists.
methods_of() {
    method_options "$1" | sed 's/^--method //'
}

# Tell whether the server has this way.
offers() {
    [[ " ${SERVER_METHODS[*]} " == *" $1 "* ]]
}

need_method() {
    offers "$1" || skip "$SERVER does not send by $1"
}

# serve_by METHOD [ARG...]: start a server of $FILES.
serve_by() {
    serve --method "$@"
}

# own_data: let $FILES be a folder of this test alone.
own_data() {
    FILES=$BATS_TEST_TMPDIR/data
    mkdir "$FILES"
}

# empty_out: let there be nothing in $OUT.
empty_out() {
    rm -rf "$OUT"
    mkdir "$OUT"
}

# fetch_anew [ARG...] NAME...: fetch, quietly, to $OUT, which is empty before.
fetch_anew() {
    empty_out
    fetch --quiet "$@"
}

# assert_whole WHAT NAME...: these came, byte for byte, and nothing else.
assert_whole() {
    local name
    [[ $status -eq 0 && -z $output ]] ||
        explain "$1: the client should end with status 0 and say nothing. It ends" \
            "with $(status_text "$status"), and $(said "$output")"
    assert_same "${@:2}" || explain "That was with: $1"
    assert_no_more "$@"
}

# assert_no_more WHAT NAME...: nothing but these is in $OUT.
assert_no_more() {
    local left
    left=$(printf '%s\n' "${@:2}" | grep -vxFf - <(ls -A "$OUT")) || return 0
    explain "$1: the client leaves behind what is no whole file:" "$left"
}

# assert_cut WHAT NAME: it did not come, and the client says so.
assert_cut() {
    [[ $status -eq 1 && $output == "client: $2: "*" after "*" of "* ]] ||
        explain "$1: $2 could not come whole, so the client should end with" \
            "status 1 and say 'client: $2: ... after N of N bytes ...'. It ends" \
            "with $(status_text "$status"), and $(said "$output")"
    assert_no_more "$1"
}

# The server and its workers.
pool_processes() {
    echo "$SERVER_PID" "$(children "$SERVER_PID" | sort -n | xargs)"
}

# begin_client FD NAME: a client that asks for a file and does not read.
begin_client() {
    hold_client "$1"
    # shellcheck disable=SC2059 # the length is an escape
    printf "\\0\\0\\0\\x$(printf %02x ${#2})$2" >&"$1"
}

# ---- Every pair

# all_pairs SERVER_METHOD
all_pairs() {
    local method
    serve_by "$1"
    for method in "${CLIENT_METHODS[@]}"; do
        fetch_anew --method "$method" "${NAMES[@]}"
        assert_whole "server $1, client $method" "${NAMES[@]}"
    done
    run grep -i ' copy' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "the server should not copy in place of $1: its log"
}

@test "what is sent by copy arrives byte for byte, received by any method" {
    all_pairs copy
}

@test "what is sent by mmap arrives byte for byte, an empty file too [trap 26]" {
    need_method mmap
    all_pairs mmap
}

@test "what is sent by sendfile arrives byte for byte [trap 24]" {
    need_method sendfile
    all_pairs sendfile
}

@test "what is sent by splice arrives byte for byte [trap 25]" {
    need_method splice
    all_pairs splice
}

@test "every server of the ladder knows all methods, others know one without copies" {
    offers "$NO_COPY" ||
        explain "the server should offer sendfile or splice, its --help names only:" \
            "${SERVER_METHODS[*]}"
    [ "$SERVER" != server ] || assert_is "methods in the server's --help" \
        'copy mmap sendfile splice' "${SERVER_METHODS[*]}"
    assert_is "methods in the client's --help" 'copy mmap splice' \
        "$(methods_of client | xargs)"
}

@test "a method that is not known is wrong usage" {
    local program name
    for name in '' nosuch COPY cop copyy sendfile,splice; do
        for program in "$SERVER" client; do
            run --separate-stderr timeout $((10 * TIMEOUT_SCALE)) \
                "$STAGE_DIR/$program" --method "$name" --port 0 big
            [[ $status -eq 2 && -z $output &&
                $stderr == *"invalid method '$name'"*--help* ]] ||
                explain "$program --method '$name' is wrong usage: expected status" \
                    "2, a line with invalid method '$name' and a hint at --help. It" \
                    "ends with $(status_text "$status"), and $(said "$output$stderr")"
        done
    done
    run timeout $((10 * TIMEOUT_SCALE)) "$STAGE_DIR/client" --method sendfile big
    assert_failure 2 # a client has nothing to send
}

# ---- The method is used

# trace_server METHOD: download big from a server by this method; $TRACE then
# holds what the server has done with the file.
trace_server() {
    local prefix=("${SERVER_PREFIX[@]}")
    TRACE=$BATS_TEST_TMPDIR/trace.$1
    SERVER_PREFIX=(strace -D -f -qq -o "$TRACE" -P "$FILES/big"
        -e 'trace=read,pread64,readv,preadv,mmap,sendfile,splice')
    serve_by "$1"
    SERVER_PREFIX=("${prefix[@]}")
    fetch_anew big
    assert_whole "server $1" big
    stop_server
}

# assert_calls FILE AT_LEAST REGEX / refute_calls FILE REGEX
assert_calls() {
    [ "$(grep -Ec -e "$3" "$1")" -ge "$2" ] ||
        explain "expected at least $2 calls that match $3, but these were made:" \
            "$(head -n 20 "$1")"
}

refute_calls() {
    run grep -Em 5 -e "$2" "$1"
    assert_silent "there should be no calls that match $2, but in ${1##*/}"
}

# assert_moved_by METHOD REGEX NOT: it makes these calls, and not those.
assert_moved_by() {
    offers "$1" || return 0
    trace_server "$1"
    assert_calls "$TRACE" 4 "$2"
    refute_calls "$TRACE" "$3"
}

# bats test_tags=native
@test "the server moves a file by the system calls that its method is named for" {
    need_calls
    need_strace
    assert_moved_by copy 'p?read' 'mmap|sendfile|splice'
    assert_moved_by mmap 'mmap.*PROT_READ,' 'read.*\(|sendfile|splice'
    assert_moved_by sendfile 'sendfile' 'read|mmap|splice'
    assert_moved_by splice 'splice' 'read|mmap|sendfile'
}

# trace_client METHOD: download big; $TRACE then holds what the client has done.
trace_client() {
    TRACE=$BATS_TEST_TMPDIR/trace.client
    run timeout $((20 * TIMEOUT_SCALE)) strace -qq -y -o "$TRACE" \
        -e trace=read,recvfrom,recvmsg,write,pwrite64,writev,mmap,splice \
        "$STAGE_DIR/client" -a "$SERVER_ADDRESS" -p "$SERVER_PORT" \
        --quiet --output "$OUT" --method "$1" big
    assert_whole "client $1" big
    rm "$OUT/big"
}

# bats test_tags=native
@test "the client moves a file by the system calls that its method is named for" {
    local to_file='(write|pwrite64|writev)\([0-9]+<[^>]*\.part>'
    local from_server='(read|recv[a-z]*)\([0-9]+<(TCP|socket)[^>]*>.* = [0-9]{3,}'
    local mapped='mmap\(.*PROT_WRITE, MAP_SHARED, [0-9]+<[^>]*\.part>'
    need_strace
    serve_by "$NO_COPY"
    trace_client copy
    assert_calls "$TRACE" 4 "$to_file"
    assert_calls "$TRACE" 4 "$from_server"
    refute_calls "$TRACE" "splice|$mapped"
    trace_client mmap
    assert_calls "$TRACE" 4 "$mapped"
    refute_calls "$TRACE" "splice|$to_file"
    trace_client splice
    assert_calls "$TRACE" 8 splice
    refute_calls "$TRACE" "$to_file|$from_server|$mapped"
}

# bats test_tags=native
@test "the headers of trains do not cost a packet each" {
    local method packets
    command -v ss >/dev/null || skip "ss is not installed"
    for method in "${SERVER_METHODS[@]}"; do
        serve_by "$method"
        begin_client 5 size-4097
        # Three headers, "+" and the name, the size, the file, the empty train.
        take 5 $((3 * 4 + 10 + 8 + 4097 + 4)) >"$OUT/reply"
        packets=$(ss -tinH "sport = :$SERVER_PORT" |
            sed -n 's/.*data_segs_out:\([0-9]*\).*/\1/p')
        [ "$packets" -le 2 ] ||
            explain "by $method a file of 4097 bytes took $packets packets;" \
                "see MSG_MORE in send(2)"
        release_client 5
    done
}

# ---- Short returns

@test "the server goes on after short returns, by any method [fault 70] [trap 24] [trap 25]" {
    local method
    for method in "${SERVER_METHODS[@]}"; do
        SHORT_IO=7 start_short --directory "$FILES" --method "$method"
        fetch_anew size-4097 size-0 size-1
        assert_whole "server $method, 7 bytes a call" size-4097 size-0 size-1
        stop_server
        SHORT_IO=4099 start_short --directory "$FILES" --method "$method"
        fetch_anew big other
        assert_whole "server $method, 4099 bytes a call" big other
        stop_server
    done
    assert_short "$SERVER"
}

@test "the client goes on after short returns, by any method [trap 25]" {
    local method
    serve_by "$NO_COPY"
    for method in "${CLIENT_METHODS[@]}"; do
        SHORT_IO=7 fetch_short --method "$method" size-4097 size-0 size-1
        assert_whole "client $method, 7 bytes a call" size-4097 size-0 size-1
        SHORT_IO=4099 fetch_short --method "$method" big other
        assert_whole "client $method, 4099 bytes a call" big other
    done
    assert_short client
}

fetch_short() {
    empty_out
    run with_short_io timeout $((20 * TIMEOUT_SCALE)) "$STAGE_DIR/client" \
        -a "$SERVER_ADDRESS" -p "$SERVER_PORT" --quiet --output "$OUT" "$@"
}

# ---- Calls that fail: the server

# start_failing METHOD SPEC: a server with one worker, in which system calls fail;
# of mmap only those that map the file big.
start_failing() {
    local prefix=("${SERVER_PREFIX[@]}") only=()
    need_strace
    need_calls
    [[ $2 != mmap:* ]] || only=(-P "$FILES/big")
    TRACE=$BATS_TEST_TMPDIR/trace.server
    SERVER_PREFIX+=(strace -D -f -qq -o "$TRACE" "${only[@]}"
        -e "trace=${2%%:*}" -e "inject=$2")
    serve_by "$1" --workers 1
    SERVER_PREFIX=("${prefix[@]}")
}

# assert_falls_back METHOD SPEC: where its system call cannot be used, the server
# copies, and says so.
assert_falls_back() {
    local lines
    offers "$1" || return 0
    start_failing "$1" "$2"
    fetch_anew big other
    assert_whole "$2" big other
    assert_injected
    wait_for_log "$1: .*copy"
    stop_server
    lines=$(grep -c "$1: .*copy" "$BATS_TEST_TMPDIR/server.err")
    ((lines <= 2)) || explain "two files were copied ($2). That should be said once" \
        "for each at most, and not for each train: it is said $lines times"
    : >"$BATS_TEST_TMPDIR/server.err"
}

# assert_gives_up METHOD SPEC: the transfer is cut, the client is told, and the
# same worker serves the next one.
assert_gives_up() {
    local before
    offers "$1" || return 0
    start_failing "$1" "$2"
    before=$(pool_processes)
    fetch_anew big
    assert_cut "$2" big
    assert_injected
    fetch_anew other
    assert_whole "the next client after $2" other
    assert_is "after $2, the server and its workers" "$before" "$(pool_processes)"
    stop_server
}

# bats test_tags=native
@test "calls that a signal interrupts are made again, by any method" {
    local spec
    for spec in sendfile:error=EINTR:when=1+2 splice:error=EINTR:when=1+2; do
        offers "${spec%%:*}" || continue
        start_failing "${spec%%:*}" "$spec"
        fetch_anew big other
        assert_whole "$spec" big other
        assert_injected
        stop_server
    done
}

# bats test_tags=native
@test "where sendfile or splice does not go, the server copies [fault 71]" {
    assert_falls_back sendfile sendfile:error=EINVAL:when=1+
    assert_falls_back sendfile sendfile:error=ENOSYS:when=1+
    assert_falls_back sendfile sendfile:error=EINVAL:when=2+ # in mid-file
    assert_falls_back splice splice:error=EINVAL:when=1+
    assert_falls_back splice splice:error=ENOSYS:when=1+
}

# bats test_tags=native
@test "where mmap does not go, the server copies [fault 71]" {
    need_method mmap
    assert_falls_back mmap mmap:error=ENODEV:when=1+
    assert_falls_back mmap mmap:error=EINVAL:when=2+
    assert_falls_back mmap mmap:error=ENOSYS:when=1+
}

# With blocking sockets EAGAIN says that the client's time is up (SO_SNDTIMEO).
# bats test_tags=native
@test "a client whose time is up is let go, the worker stays [fault 70]" {
    [ "$SERVER" != server_reactor ] || skip "its sockets do not block"
    assert_gives_up sendfile sendfile:error=EAGAIN:when=2
}

# bats test_tags=native
@test "a call that fails for good ends the transfer, not the worker [fault 70]" {
    assert_gives_up sendfile sendfile:error=EIO:when=2
    assert_gives_up splice splice:error=EIO:when=1
    assert_gives_up mmap mmap:error=EACCES:when=2
}

# bats test_tags=native
@test "a file that cannot be mapped for want of memory costs that transfer only [fault 106]" {
    need_method mmap
    assert_gives_up mmap mmap:error=ENOMEM:when=1
}

# The second call is the first from the pipe to the client: the bytes stay there.
# bats test_tags=native
@test "bytes left in the pipe after an error never reach the next client [fault 72] [trap 25]" {
    need_method splice
    assert_gives_up splice splice:error=EPIPE:when=2
    assert_gives_up splice splice:error=EINVAL:when=2
    assert_gives_up splice splice:error=EAGAIN:when=2
}

# bats test_tags=native
@test "a pipe that cannot be made larger will do" {
    need_strace
    if offers splice; then
        start_failing splice fcntl:error=EPERM
        fetch_anew --method copy big other
        assert_whole 'the server, F_SETPIPE_SZ: EPERM' big other
        assert_injected
        stop_server
    fi
    serve_by sendfile
    fetch_failing splice fcntl:error=EPERM
    assert_whole 'the client, F_SETPIPE_SZ: EPERM' big other
}

# bats test_tags=native
@test "a file of more than 2 GiB goes by mmap to its end [fault 60] [trap 21]" {
    need_method mmap
    own_data
    truncate -s $((2048 * TRAIN_MAX)) "$FILES/large"
    printf 'the end' >>"$FILES/large"
    serve_by mmap
    run evil deadline:60 train:large expect-train:+large recv-train count-body halfclose \
        expect-eof
    assert_success
    assert_output --partial '2147483655 bytes, ...the end'
    run grep -i ' copy' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "lines of the log about copying in place of mmap"
}

# bats test_tags=native
@test "the client maps what lies behind the first 2 GiB of a file [fault 60] [trap 21]" {
    need_strace
    serve_by copy
    empty_out
    TRACE=$BATS_TEST_TMPDIR/trace.client
    # The first position that it asks for is that of 2 GiB: the file gets a hole.
    run timeout $((20 * TIMEOUT_SCALE)) strace -qq -o "$TRACE" -e trace=lseek \
        -e inject=lseek:retval=2147483648:when=1 "$STAGE_DIR/client" \
        -a "$SERVER_ADDRESS" -p "$SERVER_PORT" -q -o "$OUT" --method mmap \
        size-4097
    assert_injected "$TRACE"
    assert_success
    tail -c 4097 "$OUT/size-4097" | cmp - "$FILES/size-4097"
    assert_is "bytes of that file" $((2147483648 + 4097)) \
        "$(stat -c %s "$OUT/size-4097")"
}

# The worker is stopped when it has mapped the second part, and not sent it yet.
# bats test_tags=native
@test "a mapped file is not touched by the server itself: no SIGBUS when it shrinks [fault 66] [trap 27]" {
    need_method mmap
    own_data
    cp "$BATS_FILE_TMPDIR/data/big" "$BATS_FILE_TMPDIR/data/other" "$FILES"
    start_failing mmap mmap:signal=STOP:when=2
    start_client --quiet --output "$OUT" big
    wait_for 'grep -q "stopped by SIGSTOP" "$TRACE"' 5 \
        "The server does not stop at its second mmap: this proves nothing."
    truncate -s 10 "$FILES/big"
    # shellcheck disable=SC2046 # several words
    signal_all CONT $(server_processes)
    wait_background "$CLIENT_PID"
    status=$BACKGROUND_STATUS output=$(cat "$BATS_TEST_TMPDIR/client.err")
    assert_cut 'a mapped file became 10 bytes long' big
    run grep -E 'signal 7|SIGBUS|Bus error' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "lines of the log about SIGBUS"
    fetch_anew other
    assert_whole 'the next file' other
}

# ---- Calls that fail: the client

# fetch_failing METHOD SPEC: a client in which system calls fail downloads big,
# then other.
fetch_failing() {
    empty_out
    TRACE=$BATS_TEST_TMPDIR/trace.client
    run timeout $((20 * TIMEOUT_SCALE)) strace -qq -o "$TRACE" -e "trace=${2%%:*}" \
        -e "inject=$2" "$STAGE_DIR/client" -a "$SERVER_ADDRESS" \
        -p "$SERVER_PORT" --quiet --output "$OUT" --method "$1" big other
    assert_injected "$TRACE"
}

# bats test_tags=native
@test "a client that cannot splice to its file copies" {
    need_strace
    serve_by "$NO_COPY"
    # Each second call goes from the pipe to the file.
    fetch_failing splice splice:error=EINVAL:when=2+2
    assert_whole "splice to the file: EINVAL" big other
}

# bats test_tags=native
@test "a client whose calls are interrupted makes them again" {
    need_strace
    serve_by "$NO_COPY"
    fetch_failing splice splice:error=EINTR:when=1+2
    assert_whole "splice: EINTR" big other
    fetch_failing mmap read:error=EINTR:when=5+2
    assert_whole "mmap, read: EINTR" big other
    fetch_failing copy read:error=EINTR:when=5+2
    assert_whole "copy, read: EINTR" big other
    fetch_failing copy write:error=EINTR:when=1+2
    assert_whole "copy, write: EINTR" big other
}

# bats test_tags=native
@test "a file that the client cannot write leaves no bytes to the next one [fault 72]" {
    local spec
    need_strace
    serve_by "$NO_COPY"
    for spec in 'splice splice:error=ENOSPC:when=2' \
        'splice splice:error=EIO:when=4' \
        'mmap fallocate:error=ENOSPC:when=1' \
        'copy write:error=ENOSPC:when=2'; do
        fetch_failing "${spec% *}" "${spec#* }"
        assert_failure 1
        assert_line --regexp '^client: big: cut after [0-9]+ of [0-9]+ bytes: '
        assert_is "lines that the client says" 1 "${#lines[@]}"
        assert_same other
        assert_no_more "$spec" other
    done
}

# bats test_tags=native
@test "a client maps files on file systems that cannot claim space beforehand" {
    need_strace
    serve_by "$NO_COPY"
    fetch_failing mmap fallocate:error=EOPNOTSUPP:when=1+
    assert_whole "fallocate: EOPNOTSUPP" big other
}

# The shell of a name space with a small disk of its own at $1: run the other
# words, then list what the disk holds.
# shellcheck disable=SC2016 # for that shell
SMALL_DISK='
disk=$1
shift
mount -t tmpfs -o size=64k none "$disk" || exit 99
"$@"
status=$?
ls -A "$disk"
exit $status'

@test "a full disk is an error with a message, by any method, and no SIGBUS" {
    local method
    need_userns
    serve_by "$NO_COPY"
    for method in "${CLIENT_METHODS[@]}"; do
        run unshare -rm bash -c "$SMALL_DISK" - "$OUT" \
            timeout $((20 * TIMEOUT_SCALE)) "$STAGE_DIR/client" -a "$SERVER_ADDRESS" \
            -p "$SERVER_PORT" --quiet --output "$OUT" --method "$method" big
        [ "$status" -ne 99 ] || skip "no file systems can be mounted here"
        [ "$status" -eq 1 ] ||
            explain "client --method $method on a full disk ends with" \
                "$(status_text "$status"), expected 1, and $(said "$output")"
        assert_output --regexp \
            '^client: big: cut after [0-9]+ of [0-9]+ bytes: No space left on device$'
    done
}

# ---- Files that change during a transfer

# assert_cut_by_shrinking METHOD SIZE: a file of 1 GiB becomes this short in
# mid-transfer.
assert_cut_by_shrinking() {
    local before
    offers "$1" || return 0
    truncate -s 1G "$FILES/huge"
    serve_by "$1" --workers 2
    before=$(pool_processes)
    empty_out
    start_client --quiet --output "$OUT" --limit-rate 200M huge
    wait_for '[ -s "$OUT"/.poolladder-*.part ]' 5 \
        "The client should have saved the first bytes to a temporary file."
    truncate -s "$2" "$FILES/huge"
    run run_client --quiet --output "$BATS_TEST_TMPDIR" other # meanwhile
    assert_success
    cmp "$FILES/other" "$BATS_TEST_TMPDIR/other"
    wait_background "$CLIENT_PID"
    status=$BACKGROUND_STATUS output=$(cat "$BATS_TEST_TMPDIR/client.err")
    assert_cut "by $1, the file became $2 bytes long" huge
    [ "$(pool_processes)" = "$before" ] ||
        explain "by $1, when the file became shorter, a process was lost:" \
            "before: $before" "now: $(pool_processes)" "$(server_log)"
    stop_server
}

@test "a file that becomes shorter is cut, the workers live [fault 65]" {
    own_data
    echo other >"$FILES/other"
    assert_cut_by_shrinking copy 10
    assert_cut_by_shrinking sendfile 10
    assert_cut_by_shrinking splice 10
}

@test "a mapped file that becomes shorter is cut, with no SIGBUS [fault 66] [fault 67] [trap 27]" {
    need_method mmap
    own_data
    echo other >"$FILES/other"
    assert_cut_by_shrinking mmap 10
    assert_cut_by_shrinking mmap 0
    run grep -E 'signal 7|SIGBUS|Bus error' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "a worker got SIGBUS; in the log"
}

# make_before: a file of 8 MiB, which no buffer of a connection takes, and what
# a client that asks for it under the name "file" must get.
make_before() {
    own_data
    BEFORE=$BATS_TEST_TMPDIR/before
    REPLY_BEFORE=$BATS_TEST_TMPDIR/reply.before
    seq -f %015.0f $((8 * TRAIN_MAX / 16)) >"$BEFORE"
    {
        printf '\0\0\0\5+file\0\0\0\10\0\0\0\0\0\200\0\0'
        split --bytes $TRAIN_MAX --filter 'printf "\0\20\0\0"; cat' "$BEFORE"
        printf '\0\0\0\0'
    } >"$REPLY_BEFORE"
}

# change_meanwhile COMMAND...: a client asks for the file. When the server has
# begun to send it, and can go no further, the command changes something. Then
# the client reads on, to $OUT/reply.
change_meanwhile() {
    cp "$BEFORE" "$FILES/file"
    begin_client 5 file
    take 5 9 >"$OUT/reply"
    "$@"
    take 5 $(($(stat -c %s "$REPLY_BEFORE") - 9)) >>"$OUT/reply"
    release_client 5
}

# assert_unmoved METHOD COMMAND...: whatever the command changes, the client gets
# what was there before.
assert_unmoved() {
    change_meanwhile "${@:2}"
    cmp "$REPLY_BEFORE" "$OUT/reply" ||
        explain "by $1, the file during whose transfer this was done did not" \
            "come as it had been before: ${*:2}"
}

# The first calls have taken bytes out of the file that have not all gone: from then
# on it is too late to copy instead.
# bats test_tags=native
@test "after a splice that fails midway in a train no wrong byte is sent [fault 72] [trap 25]" {
    local when size
    need_method splice
    make_before
    cp "$BEFORE" "$FILES/file"
    for when in 2 3 4 5 6; do
        start_failing splice "splice:error=EINVAL:when=$when+"
        begin_client 5 file
        take 5 "$(stat -c %s "$REPLY_BEFORE")" >"$OUT/reply"
        release_client 5
        assert_injected
        size=$(stat -c %s "$OUT/reply")
        cmp -n "$size" "$OUT/reply" "$REPLY_BEFORE" ||
            explain "splice failed with EINVAL from call $when on, when bytes of the" \
                "file were in the pipe. What the client got (of its $size bytes) is" \
                "not what the file holds: was it copied from behind a gap?"
        stop_server
    done
}

# What lies behind the new end, in the file's last page, is mapped as zeros. They
# may go out, but then the empty train must not follow that makes them good.
@test "a file that becomes shorter within its last page is cut, not filled up with zeros [fault 66]" {
    local method
    make_before
    for method in "${SERVER_METHODS[@]}"; do
        serve_by "$method"
        change_meanwhile truncate -s -100 "$FILES/file"
        [ "$(stat -c %s "$OUT/reply")" -lt "$(stat -c %s "$REPLY_BEFORE")" ] ||
            explain "by $method, a file that had lost its last 100 bytes was" \
                "sent as if it were whole. In their place came:" \
                "$(tail -c 104 "$OUT/reply" | od -An -c)"
        stop_server
    done
}

grow() {
    echo and more >>"$FILES/file"
    truncate -s 20M "$FILES/file"
}

rewrite() {
    printf 'new' | dd of="$FILES/file" bs=1 seek=3M conv=notrunc status=none
}

# assert_cut_at_end METHOD COMMAND...: what the command does to the file makes the
# reply end without the empty train, which would say that it is whole.
assert_cut_at_end() {
    local got whole
    change_meanwhile "${@:2}"
    got=$(stat -c %s "$OUT/reply") whole=$(stat -c %s "$REPLY_BEFORE")
    ((got <= whole - 4)) ||
        explain "by $1, a file was sent as if it were whole although this was" \
            "done to it meanwhile: ${*:2} ($got of $whole bytes came)"
    wait_for_log 'the file was written to meanwhile'
}

@test "a file that is written to in mid-transfer is not said to be whole [fault 68]" {
    local method change
    make_before
    for method in "${SERVER_METHODS[@]}"; do
        for change in grow rewrite; do
            serve_by "$method"
            assert_cut_at_end "$method" $change
            stop_server
        done
    done
}

replace() {
    echo new >"$FILES/new"
    mv "$FILES/new" "$FILES/file"
}

@test "a file that is deleted or replaced arrives as it was [fault 69]" {
    local method
    make_before
    for method in "${SERVER_METHODS[@]}"; do
        serve_by "$method"
        assert_unmoved "$method" rm "$FILES/file"
        assert_unmoved "$method" replace
        stop_server
    done
}

@test "a file that may only be read is served by any method [trap 28]" {
    local method
    if [ "$(id -u)" -eq 0 ]; then # who else may write where it is forbidden
        SERVER_PREFIX=(setpriv --bounding-set=-dac_override)
        "${SERVER_PREFIX[@]}" true 2>/dev/null ||
            skip "root cannot give up the right to write everywhere"
    fi
    own_data
    cp "$BATS_FILE_TMPDIR/data/big" "$FILES"
    chmod 444 "$FILES/big"
    run "${SERVER_PREFIX[@]}" bash -c 'echo >>"$1"' - "$FILES/big"
    assert_failure # else the test proves nothing
    for method in "${SERVER_METHODS[@]}"; do
        serve_by "$method"
        fetch_anew big
        assert_whole "server $method, a file of mode 444" big
    done
}

# ---- Clients that do not read

# bats test_tags=native
@test "while a client does not read, the server takes no CPU time [fault 73]" {
    local method fd=5 all=() pids
    own_data
    truncate -s 64M "$FILES/huge"
    for method in "${SERVER_METHODS[@]}"; do
        serve_by "$method"
        begin_client $((fd++)) huge
        read -ra pids <<<"$(pool_processes)"
        all+=("${pids[@]}")
    done
    in_time 5 is_at_rest "${all[@]}" ||
        explain "nobody reads, but a server is busy. CPU time so far:" \
            "$(ps -o pid,stat,time,wchan:20,args -p "$(IFS=,; echo "${all[*]}")")"
}

# ---- Memory and fds

# holdings PID...: print how many fds and mappings each process has.
holdings() {
    local pid
    for pid in "$@"; do
        echo "$(fd_count "$pid") fds, $(wc -l <"/proc/$pid/maps") mappings"
    done
}

# bats test_tags=native
@test "nothing is left open or mapped after a transfer, by any method" {
    local method pids before
    for method in "${SERVER_METHODS[@]}"; do
        serve_by "$method" --workers 1
        read -ra pids <<<"$(pool_processes)"
        fetch_anew big
        fetch_anew big
        before=$(holdings "${pids[@]}")
        fetch_anew "${NAMES[@]}" nosuch "${NAMES[@]}"
        fetch_anew --output /dev/null/nowhere big
        begin_client 5 big
        release_client 5
        fetch_anew big
        assert_whole "server $method" big
        in_time 5 eval '[ "$(holdings "${pids[@]}")" = "$before" ]' ||
            explain "by $method, transfers leave something behind. Before:" \
                "$before" "After:" "$(holdings "${pids[@]}")"
        stop_server
    done
}

# bats test_tags=native
@test "memory that cannot be had at the start is an error, not a crash [fault 106]" {
    local at line proof=$BATS_TEST_TMPDIR/no_memory.proof
    for ((at = 1; at < 100; at++)); do
        rm -f "$proof"
        SERVER_PREFIX=(env "LD_PRELOAD=$TESTS_DIR/build/no_memory.so"
            "NO_MEMORY_AT=$at" "NO_MEMORY_PROOF=$proof")
        launch_server --port 0 --directory "$FILES"
        line=''
        # shellcheck disable=SC2153 # launch_server sets it
        read -rt $((10 * TIMEOUT_SCALE)) -u "$SERVER_OUT" line || true
        if [[ $line == 'listening on '* ]]; then
            SERVER_ADDRESS=127.0.0.1 SERVER_PORT=${line##*:}
            fetch_anew size-4097
            # A client may be lost, but not the next one.
            [ "$status" -eq 0 ] || wait_for_log 'client .*: Cannot allocate memory'
            [ "$status" -eq 0 ] || fetch_anew size-4097
            assert_whole "without the memory asked for in call $at" size-4097
            stop_server
        else
            wait_server
            [ "$SERVER_STATUS" -eq 1 ] ||
                explain "without the memory asked for in call $at the server" \
                    "ends with $(status_text "$SERVER_STATUS"), expected 1"
        fi
        [ -e "$proof" ] || break # it has not asked so often
    done
    [ $at -gt 1 ] || explain "no memory was refused, so this test proves nothing:" \
        "did the program ask for none, or was hostile/no_memory.c not in its way?"
}
