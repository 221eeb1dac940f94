#!/usr/bin/env bats
# The client of the train protocol: what it saves, what it prints and how it ends,
# with a server that is honest and with one that is not.

# Each test runs in a process of its own, and so has its own variables.
# shellcheck disable=SC2030,SC2031,SC2154

load helpers

# The server's files are in $FILES, downloads go to $OUT.

setup_file() {
    mkdir "$BATS_FILE_TMPDIR/files"
    cd "$BATS_FILE_TMPDIR/files" || return
    printf 'hello' >small
    : >empty
    head -c 100000 /dev/urandom >random
    truncate -s 512M huge # no buffer of a connection takes all of it
}

setup() {
    FILES=$BATS_FILE_TMPDIR/files
    OUT=$BATS_TEST_TMPDIR/out
    mkdir "$OUT"
}

# fetch_from_evil STEP...: have the client ask for `big` at a server that plays
# these steps.
fetch_from_evil() {
    local evil_out line
    # In place of start_evil: there are many of these, and this is faster.
    exec {evil_out}< <(exec "$TESTS_DIR/build/evil" listen expect-train:big \
        "$@" </dev/null 2>/dev/null 3>&-)
    read -r line <&"$evil_out"
    SERVER_ADDRESS=127.0.0.1 SERVER_PORT=${line##*:}
    fetch -t 5 -q big
    exec {evil_out}<&-
}

# assert_nothing_saved [NAME...]: there is nothing but these in the folder: no
# file under its final name, none under a temporary one.
assert_nothing_saved() {
    local found
    found=$(ls -A "$OUT")
    [ "$found" = "$(printf '%s\n' "$@")" ] ||
        explain "only these files should be in the folder: $*" "there are:" \
            "$(ls -lA "$OUT")"
}

# start_killable [ARG...]: start_client, but INT is not ignored, as it is in what
# a shell starts in the background.
start_killable() {
    background env --default-signal=INT,QUIT "$STAGE_DIR/client" \
        -a "$SERVER_ADDRESS" -p "$SERVER_PORT" -o "$OUT" "$@" \
        >"$BATS_TEST_TMPDIR/client.out" 2>"$BATS_TEST_TMPDIR/client.err"
    CLIENT_PID=$BACKGROUND_PID
}

some_has_come() {
    [ -n "$(find "$OUT" -name '*.part' -size +0)" ]
}

wait_for_some() {
    in_time 5 some_has_come || explain "no byte of the download was saved:" \
        "$(cat "$BATS_TEST_TMPDIR/client.err")" "$(ls -lA "$OUT")"
}

# ---- What comes, and what does not ---------------------------------------------

@test "all files come: status 0, and a line about each on standard output" {
    serve
    run --separate-stderr run_client -o "$OUT" small empty random
    assert_success
    assert_same small empty random
    assert_nothing_saved empty random small
    assert_line --index 0 --regexp '^small: 5 bytes in [0-9.]+ s, .*/s$'
    assert_line --index 1 --regexp '^empty: 0 bytes in [0-9.]+ s, .*/s$'
    assert_line --index 2 --regexp '^random: 100000 bytes in [0-9.]+ s, .*/s$'
    assert_is "lines on standard output" 3 ${#lines[@]}
    assert_is "on standard error" '' "$stderr"
}

@test "some files do not come: status 1, a line on standard error for each" {
    serve
    mkdir "$BATS_TEST_TMPDIR/empty"
    run --separate-stderr run_client -q -o "$OUT" nosuch small -- -rf random
    assert_failure 1
    assert_silent "of a client with --quiet, on standard output"
    assert_same small random
    assert_nothing_saved random small
    assert_is "on standard error" "client: nosuch: No such file or directory
client: -rf: No such file or directory" "$stderr"
}

@test "wrong usage: status 2, a hint, and nothing is saved" {
    local arguments long
    printf -v long '%256s' ''
    SERVER_PORT=''
    for arguments in '' ../x /etc/passwd a/b small/ . .. "${long// /x}" \
        '-r 0 x' '-r -1 x' '-r abc x' '-r 10X x' '-r 10MM x' '-r 1.5M x' \
        '-r 99999999999999999999 x' '-r 99999999999G x' '-r k x' '-r'; do
        # shellcheck disable=SC2086 # options and their arguments
        run --separate-stderr run_client -o "$OUT" $arguments
        [ "$status" -eq 2 ] ||
            explain "'client $arguments' must end with status 2, it ends with" \
                "$(status_text "$status")"
        [[ -z $output && $stderr == client:*"Try '"*"client --help'"* ]] ||
            explain "'client $arguments' should print nothing but a complaint and" \
                "a hint at --help, but $(said "$output$stderr")"
    done
    for arguments in '' ../x; do
        run --separate-stderr run_client -o "$OUT" small "$arguments"
        assert_failure 2
        assert_is "the first line on standard error" \
            "client: invalid file name '$arguments'" "${stderr%%$'\n'*}"
    done
    assert_nothing_saved
}

@test "a folder that is not there: status 1 before anything is asked for" {
    SERVER_ADDRESS=127.0.0.1 SERVER_PORT=1
    run run_client -o "$BATS_TEST_TMPDIR/nosuch" small
    assert_failure 1
    assert_output "client: $BATS_TEST_TMPDIR/nosuch: No such file or directory"
    run run_client -o "$FILES/small" small
    assert_failure 1
    assert_output "client: $FILES/small: Not a directory"
}

@test "a summary that cannot be printed: status 1, the file is there" {
    serve
    run sh -c '"$@" >/dev/full' sh "$STAGE_DIR/client" -p "$SERVER_PORT" \
        -o "$OUT" small
    assert_failure 1
    assert_output 'client: standard output: No space left on device'
    assert_same small
}

# ---- What is in the way ---------------------------------------------------------

@test "an older file is replaced as a whole, with the usual permissions [fault 53] [trap 20]" {
    head -c 5000 /dev/zero >"$OUT/small"
    chmod 600 "$OUT/small"
    serve
    umask 027
    fetch small
    assert_success
    assert_same small
    assert_is "permissions of the new file (with umask 027)" 640 \
        "$(stat -c %a "$OUT/small")"
}

@test "a symbolic link is replaced, what it points to stays [fault 53] [trap 19]" {
    echo mine >"$BATS_TEST_TMPDIR/mine"
    ln -s ../mine "$OUT/small"
    ln -s ../created "$OUT/random"
    serve
    fetch small random
    assert_success
    assert_same small random
    assert_is "what is in the file that the link pointed to" mine \
        "$(cat "$BATS_TEST_TMPDIR/mine")"
    assert_not_exists "$BATS_TEST_TMPDIR/created"
    assert_not_symlink_to "$BATS_TEST_TMPDIR/mine" "$OUT/small"
}

@test "a folder of that name is left alone, the next file still comes [fault 53]" {
    mkdir "$OUT/small"
    touch "$OUT/small/inside"
    serve
    fetch -q small random
    assert_failure 1
    assert_output 'client: small: save: Is a directory'
    assert_exists "$OUT/small/inside"
    assert_same random
    assert_nothing_saved random small
}

# in_new_filesystem MOUNT-OPTIONS COMMAND...: run it with a file system of its own
# at $OUT; then print the status and what is there.
in_new_filesystem() {
    # shellcheck disable=SC2016 # these are for the inner shell
    unshare -rm bash -c 'mount -t tmpfs -o "$1" none "$2" || exit
        "${@:3}"
        echo "status $?"
        ls -A "$2"' bash "$1" "$OUT" "${@:2}"
}

@test "a folder that takes no files: status 1, and why [fault 53]" {
    need_userns
    serve
    run in_new_filesystem ro "$STAGE_DIR/client" -p "$SERVER_PORT" -q \
        -o "$OUT" small random
    assert_output - <<'END'
client: small: create a temporary file: Read-only file system
client: random: create a temporary file: Read-only file system
status 1
END
}

@test "a file over the limit of file sizes is an error that is told, and leaves nothing [fault 113]" {
    head -c 3000000 /dev/zero >"$FILES/zeros"
    start_server --directory "$FILES"
    run bash -c 'ulimit -f 1000 && exec "$@"' client "$STAGE_DIR/client" \
        -p "$SERVER_PORT" -q -o "$OUT" zeros 3>&-
    assert_failure 1
    assert_output --regexp \
        '^client: zeros: cut after [0-9]+ of 3000000 bytes: File too large$'
    assert_nothing_saved
}

@test "a full disk: status 1, nothing is left, the next file still comes [fault 54]" {
    local method
    need_userns
    serve
    while read -ru 7 method; do
        # shellcheck disable=SC2086 # an option and its argument, or nothing
        run in_new_filesystem size=64k "$STAGE_DIR/client" -p "$SERVER_PORT" \
            -q -o "$OUT" $method random small
        [[ ${lines[0]} =~ ^'client: random: cut after '[0-9]+' of 100000 bytes: No space left on device'$ &&
            ${lines[1]} == 'status 1' && ${lines[2]} == small &&
            ${#lines[@]} -eq 3 ]] ||
            explain "client $method, when the disk is full:" "$output"
    done 7< <(method_options client)
}

# injected CALL:FAULT [ARG...]: the client under strace, which makes its system
# calls fail.
injected() {
    strace -qq -y -o "$BATS_TEST_TMPDIR/trace" -e "trace=${1%%:*}" \
        -e "inject=$1" "$STAGE_DIR/client" -p "$SERVER_PORT" -q -o "$OUT" \
        "${@:2}" 3>&-
}

# call_number CALL REGEX: print the number of the client's first call of CALL that
# strace shows like this.
call_number() {
    strace -qq -y -o "$BATS_TEST_TMPDIR/calls" -e "trace=$1" \
        "$STAGE_DIR/client" -p "$SERVER_PORT" -q -o "$OUT" small 3>&-
    grep -nm 1 -e "$2" "$BATS_TEST_TMPDIR/calls" | cut -d: -f1
}

# bats test_tags=native
@test "a disk that fails only at the end: the older file stays [fault 55]" {
    local close spec
    need_strace
    serve
    close=$(call_number close '\.part>')
    echo older >"$OUT/small"
    for spec in fsync:error=EIO "close:error=EIO:when=$close" \
        "close:error=EDQUOT:when=$close" \
        '?rename,?renameat,?renameat2:error=EIO'; do
        run injected "$spec" small
        [[ $status -eq 1 && $output == 'client: small: save: '* ]] ||
            explain "with $spec the client should end with status 1 and say" \
                "'client: small: save: ...'. It ends with" \
                "$(status_text "$status"), and $(said "$output")"
        assert_injected "$BATS_TEST_TMPDIR/trace"
        assert_is "what is in the file (with $spec)" older "$(cat "$OUT/small")"
        assert_nothing_saved small
    done
}

# bats test_tags=native
@test "short writes of a file lose nothing [fault 22] [trap 16]" {
    local method=()
    need_strace
    serve
    ! run_client --help | grep -q -e --method || method=(-m copy)
    # The first write of the file is made to say that it wrote 1000 bytes, though
    # it writes none: so all the rest must be written, and it alone.
    run injected write:retval=1000:when=1 "${method[@]}" random
    assert_success
    assert_injected "$BATS_TEST_TMPDIR/trace"
    run cmp "$OUT/random" <(tail -c +1001 "$FILES/random")
    assert_success
}

# bats test_tags=native
@test "signals during a download do no harm to it [fault 9]" {
    need_strace
    serve
    run injected read,recvfrom,sendto,splice,write:error=EINTR:when=2+2 \
        random small
    assert_success
    assert_same random small
    assert_injected "$BATS_TEST_TMPDIR/trace"
}

# ---- Cut downloads -----------------------------------------------------------------

@test "a download that is cut leaves no file and says how far it came [fault 45] [trap 23]" {
    local bytes steps
    # After the colon the steps that follow the size, 1000.
    for steps in '0:' '0:send:\0\0' '0:header:1000' '400:header:1000 zeros:400' \
        '400:header:400 zeros:400' '1000:header:1000 zeros:1000' \
        '1000:header:1000 zeros:1000 send:\0\0\0' \
        '400:header:400 zeros:400 rst'; do
        bytes=${steps%%:*}
        # shellcheck disable=SC2086 # several steps
        fetch_from_evil train:+big u64:1000 ${steps#*:}
        [[ $status -eq 1 && $output == "client: big: connection closed after $bytes of 1000 bytes" ]] ||
            explain "a server ends after '$steps': expected that the client says" \
                "'client: big: connection closed after $bytes of 1000 bytes'. It" \
                "ends with $(status_text "$status"), and $(said "$output")"
        assert_nothing_saved
    done
    for steps in '' 'send:\0\0' 'header:4 send:+b' train:+big \
        'train:+big header:8 zeros:4' rst; do
        # shellcheck disable=SC2086 # several steps
        fetch_from_evil $steps
        [[ $status -eq 1 && $output == 'client: big: connection closed by the server' ]] ||
            explain "a server ends after '$steps': expected that the client says" \
                "'client: big: connection closed by the server'. It" \
                "ends with $(status_text "$status"), and $(said "$output")"
        assert_nothing_saved
    done
}

@test "a refusal without a reason, or with one too long, is told in plain words [fault 116]" {
    fetch_from_evil train:-
    assert_failure 1
    assert_output 'client: big: refused, without a reason'
    fetch_from_evil header:1500 send:- repeat:1499:x
    assert_failure 1
    assert_output "client: big: the server's answer is none of this protocol"
}

@test "a download that is cut leaves an older file as it was [fault 45] [fault 53]" {
    echo older >"$OUT/big"
    fetch_from_evil train:+big u64:1000 header:1000 zeros:400
    assert_failure 1
    assert_is "what is in the older file" older "$(cat "$OUT/big")"
    assert_nothing_saved big
}

@test "a broken connection costs one file, the next gets a connection of its own" {
    start_evil listen-each 2 recv:4 close
    SERVER_ADDRESS=127.0.0.1 SERVER_PORT=$EVIL_PORT
    fetch one two
    wait_evil
    assert_failure 1
    assert_line --index 0 'client: one: connection closed by the server'
    assert_line --index 1 'client: two: connection closed by the server'
    assert_is "lines that the client says" 2 ${#lines[@]}
}

@test "a server that is killed in mid-transfer leaves no file [fault 57] [trap 23]" {
    local pids
    serve
    start_client -o "$OUT" -r 40M huge
    wait_for_some
    mapfile -t pids < <(children "$SERVER_PID")
    if [ ${#pids[@]} -gt 0 ]; then
        signal_all KILL "${pids[@]}"
    else # it has threads, no processes
        stop_server KILL
    fi
    wait_background "$CLIENT_PID"
    assert_background_status 1 "It is the client whose server was killed."
    run cat "$BATS_TEST_TMPDIR/client.err"
    assert_output --regexp \
        '^client: huge: connection closed after [0-9]+ of 536870912 bytes$'
    assert_nothing_saved
}

@test "a server that falls silent is given up after --timeout" {
    local steps
    for steps in hold 'train:+big u64:1000 header:1000 zeros:400 hold'; do
        # shellcheck disable=SC2086 # several steps
        start_evil listen expect-train:big $steps
        SERVER_ADDRESS=127.0.0.1 SERVER_PORT=$EVIL_PORT
        fetch -q -t 0.3 big
        release_evil
        assert_failure 1
        assert_output --regexp '^client: big: .*Connection timed out$'
        assert_is "lines that the client says" 1 ${#lines[@]}
        assert_nothing_saved
    done
}

# ---- Servers that lie -----------------------------------------------------------

# assert_distrusted STEP...: a server that does this gets one line of complaint,
# and no file.
assert_distrusted() {
    fetch_from_evil "$@"
    [[ $status -eq 1 && ${#lines[@]} -eq 1 && $output == 'client: big: '* ]] ||
        explain "a server does '$*': expected one line of complaint from the" \
            "client and status 1. It ends with $(status_text "$status"), and" \
            "$(said "$output")"
    assert_nothing_saved
}

@test "the name that the server sends is not trusted [fault 52] [trap 19]" {
    local name
    # The answer to a request for `big`; all of it would be there to be saved.
    for name in +../big +../../big "+$BATS_TEST_TMPDIR/big" +a/big +./big + big \
        +.bashrc +-rf +other +bigger +bi '+big ' '+big\n' '+\nbig' '+big\x1b[2J' \
        '+\x9b2Jbig' '' '\0' '+\0' '+big\0' '+big\0/../x' '?big'; do
        assert_distrusted "train:$name" u64:5 train:hello train:
        refute_output --regexp $'[\001-\011\013-\037\177-\377]'
    done
    assert_not_exists "$BATS_TEST_TMPDIR/big"
    assert_not_exists "$BATS_TEST_TMPDIR/../big"
}

@test "what a server says is escaped before it is shown [fault 52]" {
    fetch_from_evil 'train:-big: \x1b[2J\x9b\r\nclient: all is well\n'
    assert_failure 1
    assert_output 'client: big: \x1b[2J\x9b\x0d\x0aclient: all is well\x0a'
    assert_nothing_saved
}

@test "an answer longer than any name or message is an error" {
    assert_distrusted header:100000 zeros:100000
    assert_distrusted header:1048576 'repeat:100:+big' # and no more comes
}

@test "more or less than was announced is an error [fault 46] [trap 23]" {
    assert_distrusted train:+big u64:10 header:20 zeros:20 train:
    assert_distrusted train:+big u64:10 header:10 zeros:10 header:1 zeros:1 train:
    assert_distrusted train:+big u64:10 header:6 zeros:6 header:5 zeros:5 train:
    assert_distrusted train:+big u64:0 header:1 zeros:1 train:
    assert_distrusted train:+big u64:10 train:
    assert_distrusted train:+big u64:10 header:9 zeros:9 train:
}

@test "a size that is no 8 bytes is an error [fault 46]" {
    local size
    for size in '' '\0\0\0\x05' '\0\0\0\0\0\0\0' '\0\0\0\0\0\0\x05' \
        '\0\0\0\0\0\0\0\0\x05'; do
        assert_distrusted train:+big "train:$size" train:hello train:
        refute_output --partial bytes # it cannot know how many there are
    done
}

@test "sizes are not cut to 32 bits, nor taken for negative [fault 60] [trap 21]" {
    assert_distrusted train:+big u64:0x100000005 train:hello train:
    fetch_from_evil train:+big u64:0x100000005 train:hello
    assert_output \
        'client: big: connection closed after 5 of 4294967301 bytes'
    fetch_from_evil train:+big u64:0xffffffffffffffff train:hello
    assert_output \
        'client: big: connection closed after 5 of 18446744073709551615 bytes'
    assert_nothing_saved
}

@test "a train longer than 1 MiB is an error [fault 44] [trap 18]" {
    local length
    for length in 0x100001 0x7fffffff 0x80000000 0xffffffff; do
        assert_distrusted "header:$length" zeros:100
        assert_distrusted train:+big "header:$length" zeros:100
        assert_distrusted train:+big u64:0xffffffffffff "header:$length" zeros:100
    done
}

# ---- Signals ----------------------------------------------------------------------

@test "INT, TERM and HUP end a download and leave nothing [fault 56]" {
    local signal
    serve
    for signal in INT TERM HUP; do
        start_killable -r 100k huge
        wait_for_some
        kill -s "$signal" "$CLIENT_PID"
        wait_background "$CLIENT_PID"
        assert_background_status $((128 + $(kill -l "$signal"))) \
            "It is a client that got SIG$signal."
        assert_nothing_saved
    done
}

@test "KILL leaves the temporary file only [fault 56]" {
    serve
    start_killable -r 100k huge
    wait_for_some
    kill -s KILL "$CLIENT_PID"
    wait_background "$CLIENT_PID"
    assert_background_status 137 "It is a client that got SIGKILL."
    run ls -A "$OUT"
    assert_output --regexp '^\.poolladder-.{6}\.part$'
}

@test "signals that were ignored at the start stay ignored [fault 56]" {
    serve
    # INT is ignored in what scripts start in the background, HUP under nohup.
    background env --ignore-signal=HUP,INT "$STAGE_DIR/client" \
        -p "$SERVER_PORT" -o "$OUT" -q -r 250k random 2>"$BATS_TEST_TMPDIR/client.err"
    wait_for_some
    kill -s INT "$BACKGROUND_PID"
    kill -s HUP "$BACKGROUND_PID"
    wait_background "$BACKGROUND_PID"
    assert_background_status 0 "It is a client that was told to ignore INT and HUP."
    assert_same random
}

# bats test_tags=native
@test "a signal at the very moment the file is made or renamed leaves nothing behind [fault 56]" {
    local open spec
    need_strace
    serve
    open=$(call_number openat '\.part')
    rm "$OUT/small"
    run injected "openat:signal=TERM:when=$open" small
    assert_failure 143
    assert_traced '\.part.*INJECTED\|SIGTERM' "$BATS_TEST_TMPDIR/trace"
    assert_nothing_saved
    for spec in fsync '?rename,?renameat,?renameat2'; do
        rm -f "$OUT/small"
        run injected "$spec:signal=TERM:when=1" small
        assert_failure 143
        assert_traced SIGTERM "$BATS_TEST_TMPDIR/trace"
        run ls -A "$OUT"
        [[ $output == '' || $output == small ]] ||
            explain "after TERM in the midst of $spec there is left: $output"
    done
}

# ---- How fast ------------------------------------------------------------------------

@test "a rate may be given in bytes, k, M or G" {
    local rate
    serve
    for rate in 100000 100k 10M 1G; do
        fetch -q -r "$rate" small
        [ "$status" -eq 0 ] || explain "--limit-rate $rate: $output"
    done
}

@test "--limit-rate keeps to the rate, and the bar to ten redraws a second" {
    local start elapsed redraws
    serve
    start=${EPOCHREALTIME/[.,]/}
    run_client -o "$OUT" -r 300k --progress random 2>"$BATS_TEST_TMPDIR/bar"
    elapsed=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
    assert_same random
    # 100000 bytes at 307200 a second; what comes first, a tenth of that, is free.
    ((elapsed >= 200 && elapsed < 5000 * TIMEOUT_SCALE)) ||
        explain "it took $elapsed ms: at 300 KiB/s it should take about 300 ms"
    redraws=$(tr -cd '\r' <"$BATS_TEST_TMPDIR/bar" | wc -c)
    ((redraws >= 2 && redraws <= elapsed / 100 + 2)) ||
        explain "the bar was drawn $redraws times in $elapsed ms"
}

# ---- Progress ------------------------------------------------------------------------

# in_terminal COMMAND: run shell code in a terminal of its own; print what it shows
# there, each redraw as a line.
in_terminal() {
    SHELL=/bin/bash timeout $((20 * TIMEOUT_SCALE)) \
        script -qec "$1" /dev/null </dev/null 3>&- | tr '\r' '\n' | grep .
}

@test "no bar and no control characters where there is no terminal [fault 62]" {
    serve
    fetch small empty random
    assert_success
    refute_output --partial $'\r'
    refute_output --partial $'\e'
    refute_output --partial %
}

@test "the bar is for terminals, --progress and --no-progress decide otherwise [fault 62]" {
    serve
    local client="'$STAGE_DIR/client' -p $SERVER_PORT -o '$OUT'"
    run in_terminal "$client random"
    assert_output --regexp 'random +100% .*97\.7 KiB.*00:00'
    assert_line --partial 'random: 100000 bytes in'
    run in_terminal "$client --no-progress random"
    refute_output --partial %
    run in_terminal "$client --quiet random"
    refute_output
    run in_terminal "$client --quiet --progress random"
    refute_output
    # Standard error alone decides.
    run in_terminal "$client random 2>&1 >/dev/null"
    assert_line --regexp '^random +100% '
    run in_terminal "$client random 2>/dev/null"
    refute_output --partial %
    fetch --progress random
    assert_output --partial $'\r'
    assert_output --partial 100%
    refute_output --partial $'\e'
}

@test "the last thing that the bar shows is 100 %, also for an empty file [fault 58] [trap 22]" {
    local size name
    FILES=$BATS_TEST_TMPDIR/files
    mkdir "$FILES"
    for size in 0 1 99 100 101; do
        head -c "$size" /dev/zero >"$FILES/size-$size"
    done
    serve
    fetch --progress size-0 size-1 size-99 size-100 size-101
    assert_success
    refute_output --regexp 'nan|inf'
    for size in 0 1 99 100 101; do
        name=size-$size
        run --separate-stderr run_client -o "$OUT" --progress "$name"
        [[ ${stderr##*$'\r'} == "$name "*' 100% '*" $size B "* ]] ||
            explain "the last line of the bar for $size bytes: '$stderr'"
        assert_same "$name"
    done
}

@test "the bar fits into the terminal, whatever its width [fault 63]" {
    local columns longest long name
    printf -v long '%200s' ''
    long=${long// /n}
    FILES=$BATS_TEST_TMPDIR/files
    mkdir "$FILES"
    for name in "$long" $'\xc3\xa4\x1b[2J' x; do
        cp "$BATS_FILE_TMPDIR/files/random" "$FILES/$name"
    done
    serve
    for columns in 0 1 20 40 80 200 1000; do
        run in_terminal "stty cols $columns; '$STAGE_DIR/client' \
            -p $SERVER_PORT -o '$OUT' '$long' x \$'\\xc3\\xa4\\x1b[2J' >/dev/null"
        longest=$(awk '{ if (length > max) max = length } END { print +max }' \
            <<<"$output")
        ((longest <= (columns == 0 ? 80 : columns))) ||
            explain "in a terminal of $columns columns a line has $longest:" \
                "$output"
        ((columns > 0 && columns < 80 || longest > 70)) ||
            explain "in a terminal of $columns columns the longest line has" \
                "$longest only:" "$output"
        refute_output --partial $'\e'
    done
}

@test "the bar keeps name and percentage apart, however narrow it is [fault 63]" {
    serve
    run in_terminal "for columns in 37 38 40 50 57 63 64 65; do
            stty cols \$columns
            '$STAGE_DIR/client' -p $SERVER_PORT -o '$OUT' random >/dev/null
        done"
    assert_line --regexp '^ran 100% .*97\.7 KiB' # at 40 columns
    refute_line --regexp '[^ ]100%'
}

@test "a job in the background does not draw its bar [fault 64]" {
    serve
    local client="'$STAGE_DIR/client' -p $SERVER_PORT -o '$OUT'"
    # -m: jobs get process groups of their own, as in a shell that one types to.
    run in_terminal "bash -mc \"$client random; echo done\""
    assert_output --partial 100%
    assert_line 'done'
    run in_terminal "bash -mc \"$client random & wait; echo done\""
    refute_output --partial %
    assert_line 'done'
    assert_same random
}

# bats test_tags=native
@test "the bar's numbers make sense at every size and speed [fault 61] [trap 22]" {
    [ -e "$STAGE_DIR/progress.c" ] || skip "this stage's bar is not in progress.c"
    local bar=$BATS_TEST_TMPDIR/progress_steps
    build_unit "$bar" progress_steps progress.c
    played() {
        "$bar" "$@" 2>&1 | tr '\r' '\n'
    }
    # No time has passed, no byte has come, or hardly any: nobody can tell.
    run played start:1000 add:0 add:10 wait:1000000 add:0 end
    assert_line --regexp '  0% .* --:--$'
    refute_output --regexp 'nan|inf|-[0-9]'
    run played start:0 end
    assert_line --regexp '^name +100% .* 0 B .* 00:00$'
    run played start:1000 wait:10 add:500
    assert_line --regexp '^name +50% .* 500 B +50 B/s +00:10$'
    run played start:18446744073709551615 wait:1 add:1 wait:1 add:4611686018427387904
    refute_output --regexp 'nan|inf|-[0-9]'
    assert_line --regexp ' 25% .*4096\.0 PiB'
    # At most ten redraws a second, and one at the end.
    run played start:1000 trickle:1000:0.001 end
    ((${#lines[@]} >= 10 && ${#lines[@]} <= 12)) ||
        explain "in one second the bar should be drawn 10 to 12 times, but it was" \
            "drawn ${#lines[@]} times"
    assert_line --index $((${#lines[@]} - 1)) --regexp '100% .*1000 B/s +00:00$'
    run "$bar" size:0 size:1023 size:1024 size:1536 size:1048576 size:5368709120 \
        size:1.9e19
    assert_output - <<'END'
0 B
1023 B
1.0 KiB
1.5 KiB
1.0 MiB
5.0 GiB
16875.4 PiB
END
}

# ---- Mistakes that only the surroundings can tell ------------------------------------

# bats test_tags=native
@test "why a download was cut is told though the bar cannot be drawn [fault 152]" {
    need_strace
    "$STAGE_DIR/client" --help | grep -q -e --method ||
        skip "this client saves files by write(2), too"
    start_evil listen expect-train:big train:+big u64:1000 header:1000 zeros:400
    # Every write to standard error fails; what it was to say is in the trace.
    run timeout $((20 * TIMEOUT_SCALE)) strace -qq -s 300 -o "$BATS_TEST_TMPDIR/trace" \
        -e trace=write -e inject=write:error=EIO "$STAGE_DIR/client" \
        -p "$EVIL_PORT" -o "$OUT" --progress big 3>&-
    assert_failure 1
    assert_injected "$BATS_TEST_TMPDIR/trace"
    grep -q 'closed after 400 of 1000 bytes' "$BATS_TEST_TMPDIR/trace" ||
        explain "the server closed the connection after 400 of 1000 bytes. That is" \
            "what the client should say, whatever became of its bar (does the" \
            "drawing change errno?). It tried to write:" \
            "$(cat "$BATS_TEST_TMPDIR/trace")"
}

# bats test_tags=native
@test "a client that keeps to a rate sleeps in between" {
    local before _
    serve
    start_client -o "$OUT" -q -r 50k random
    wait_for_some
    cpu_time "$CLIENT_PID"
    before=$REPLY
    for _ in {1..25}; do
        tick
    done
    is_running "$CLIENT_PID" || explain "100000 bytes at 50 KiB/s came at once"
    cpu_time "$CLIENT_PID"
    ((REPLY - before <= 5)) ||
        explain "of half a second at 50 KiB/s the client has used the CPU for" \
            "$((REPLY - before))0 ms: does it wait for milliseconds where it has" \
            "reckoned in seconds?"
}

# closed_pipe FD COMMAND...: run it with this fd as a pipe that nobody reads.
closed_pipe() {
    local pipe=$BATS_TEST_TMPDIR/pipe status=0
    [ -p "$pipe" ] || mkfifo "$pipe"
    exec {reader}<>"$pipe"
    # shellcheck disable=SC2094 # it is read nowhere
    exec {writer}>"$pipe"
    exec {reader}<&-
    case $1 in
    1) timeout $((20 * TIMEOUT_SCALE)) "${@:2}" >&"$writer" || status=$? ;;
    2) timeout $((20 * TIMEOUT_SCALE)) "${@:2}" 2>&"$writer" || status=$? ;;
    esac
    exec {writer}>&-
    return $status
}

@test "a client whose output nobody reads saves the file all the same [fault 19]" {
    serve
    run closed_pipe 1 "$STAGE_DIR/client" -p "$SERVER_PORT" -o "$OUT" random 3>&-
    [[ $status -eq 1 && $output == 'client: standard output: Broken pipe' ]] ||
        explain "the summary could not be written, for nobody reads the pipe: status" \
            "1 and 'client: standard output: Broken pipe' were expected, but it ends" \
            "with $(status_text "$status"), and $(said "$output")"
    assert_same random
    rm "$OUT/random"
    run closed_pipe 2 "$STAGE_DIR/client" -p "$SERVER_PORT" -o "$OUT" -r 1M \
        --progress random 3>&-
    [ "$status" -eq 0 ] || explain "the bar could not be drawn, for nobody reads the" \
        "pipe: the file should come all the same, but the client ends with" \
        "$(status_text "$status")"
    assert_same random
}

# bats test_tags=native
@test "trains of any length make a file, by any method, and leave nothing mapped" {
    local option length steps=() sent=0
    for length in 1 1000 3095 4096 4097 3000 2000 3000 2000 3000 2000 3000 2000; do
        steps+=("header:$length" "repeat:$length:x")
        sent=$((sent + length))
    done
    while read -ru 7 option; do
        start_evil listen expect-train:big train:+big "u64:$((sent + 1))" \
            "${steps[@]}" say:sent hold header:1 send:y header:0
        SERVER_ADDRESS=127.0.0.1 SERVER_PORT=$EVIL_PORT
        # shellcheck disable=SC2086 # an option and its argument, or nothing
        start_client -o "$OUT" -q $option big
        in_time 10 has_come "$sent" || explain "client $option: of $sent bytes, in" \
            "trains of several lengths, there came:" "$(ls -l "$OUT"/.*.part)" \
            "$(cat "$BATS_TEST_TMPDIR/client.err")"
        in_time 2 is_mapped_once ||
            explain "client $option: between trains nothing of the file should be" \
                "mapped any more (at most the train that is awaited), but there are" \
                "these mappings:" "$(grep '\.part' "/proc/$CLIENT_PID/maps")"
        wait_evil
        wait_background "$CLIENT_PID"
        assert_background_status 0 "client $option:" \
            "$(cat "$BATS_TEST_TMPDIR/client.err")"
        run cmp "$OUT/big" <(head -c "$sent" /dev/zero | tr '\0' x && printf y)
        assert_success
    done 7< <(method_options client)
}

has_come() {
    [ "$(stat -c %s "$OUT"/.*.part 2>/dev/null || echo 0)" -ge "$1" ]
}

is_mapped_once() {
    [ "$(grep -c '\.part' "/proc/$CLIENT_PID/maps")" -le 1 ]
}
