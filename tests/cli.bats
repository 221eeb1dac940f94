#!/usr/bin/env bats
# cli.bats: the command line of the server and of the client, their addresses,
# and what becomes of them if standard input, output or error is closed or full.

# shellcheck disable=SC2034,SC2153,SC2154 # helpers.bash or run sets or reads it

load helpers

# has PROGRAM TEXT: tell whether the help of the program, the server that is judged
# or the client, mentions this.
has() {
    "$STAGE_DIR/${1/#server/$SERVER}" --help | grep -qF -e "$2"
}

# run_program server|client ARG...: the server on a free port, should it start.
run_program() {
    case $1 in
    server) run_server --port 0 "${@:2}" ;;
    client) run_client "${@:2}" ;;
    esac
}

# assert_wrong_usage server|client ARG...: they are refused for the last of them:
# status 2, a line that names it and a hint on standard error, and no output.
assert_wrong_usage() {
    local name=$1
    [ "$1" = client ] || name=$SERVER
    run --separate-stderr run_program "$@" </dev/null
    [ "$status" -eq 2 ] || explain "'$*' is wrong usage: expected status 2, got" \
        "$(status_text "$status"), and $(said "$stderr")"
    assert_silent "'$*' is wrong usage: on standard output"
    [[ ${#stderr_lines[@]} -eq 2 &&
        ${stderr_lines[0]} == "$name: "*"${*: -1}"* &&
        ${stderr_lines[1]} == *"$name --help"* ]] ||
        explain "'$*' is wrong usage: expected two lines on standard error, one" \
            "that begins with '$name: ' and names '${*: -1}', and a hint at" \
            "'$name --help', but $(said "$stderr")"
}

# assert_wrong_values server|client OPTION VALUE...
assert_wrong_values() {
    local value
    for value in "${@:3}"; do
        assert_wrong_usage "$1" "$2" "$value"
    done
}

# ask_by_client ARG...: as assert_serves, by way of ./client.
ask_by_client() {
    if speaks_lines; then
        run run_client "$@" <<<hello
        assert_success
        assert_output --regexp '^\[[0-9]+\] hello$'
    else
        run run_client "$@" nosuch
        assert_failure 1
        assert_output "client: nosuch: No such file or directory"
    fi
}

# unused_port: set PORT to one where nobody listens: it was free just now.
unused_port() {
    start_server
    PORT=$SERVER_PORT
    stop_server
    SERVER_PORT=''
}

# redirected REDIRECTION: start servers, clients behind the words in the array
# redirected, which put this in force.
redirected() {
    redirected=(bash -c "exec \"\$@\" $1" redirected)
}

# listening_port PID: print the port on which this process listens (proc(5)).
listening_port() {
    local sockets
    is_running "$1" || return 0
    sockets=$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l ' 2>/dev/null)
    awk -v sockets="$sockets" '
        $4 == "0A" && index(sockets, "socket:[" $10 "]") {
            print substr($2, 10)
        }' "/proc/$1/net/tcp" | while read -r port; do
        echo $((16#$port))
    done
}

# start_mute_server REDIRECTION: one that cannot tell its port.
start_mute_server() {
    local redirected
    redirected "$1"
    SERVER_PREFIX=("${redirected[@]}")
    launch_server --port 0
    wait_for "[ -n \"\$(listening_port $SERVER_PID)\" ]" 5 \
        "A server behind '$1' should listen (process $SERVER_PID)."
    SERVER_PREFIX=()
    SERVER_ADDRESS=127.0.0.1
    SERVER_PORT=$(listening_port "$SERVER_PID")
}

# ---- Help

@test "--help prints the usage and every option on standard output" {
    local name option
    for name in server client; do
        run --separate-stderr run_program $name --help
        assert_success
        assert_is "standard error of $name --help" '' "$stderr"
        [ $name = client ] || name=$SERVER
        assert_regex "${lines[0]}" "^Usage: $name \[OPTION\]\.\.\."
        for option in '-a, --address' '-p, --port' '-h, --help'; do
            assert_output --partial "  $option"
        done
        assert_output --partial 5678
        assert_is "lines of $name --help with more than 80 columns" '' \
            "$(grep -E '.{81}' <<<"$output")"
        full=$output
        run run_program "${name/$SERVER/server}" -h
        assert_output "$full"
    done
    run run_program server --help
    assert_output --partial '  -t, --timeout SEC'
    assert_output --partial '  -w, --workers N'
}

@test "--help fails if standard output is full or closed [fault 109]" {
    local name
    for name in server client; do
        run eval "run_program $name --help >/dev/full"
        assert_failure 1
        assert_output --regexp "^[a-z_]+: standard output: No space left on dev"
        run eval "run_program $name --help >&-"
        assert_failure 1
        assert_output --regexp "^[a-z_]+: standard output: Bad file descriptor"
    done
}

# ---- Wrong usage

@test "the server refuses unknown options and arguments [fault 15]" {
    assert_wrong_usage server --nosuch
    assert_wrong_usage server extra
    assert_wrong_usage server --timeout 1 extra
    run run_program server -Z
    assert_failure 2
    assert_line --index 0 "$SERVER: invalid option -- 'Z'"
    for option in --address --port --timeout --workers; do
        assert_wrong_usage server $option
    done
}

# bats test_tags=native
@test "the server refuses ports that are none [fault 15]" {
    assert_wrong_values server --port \
        65536 99999 80x x80 -1 '' ' 80' 0x50 1e3 99999999999999999999
}

# bats test_tags=native
@test "the server refuses a number of workers that is none [fault 15]" {
    assert_wrong_values server --workers 0 -1 x 2x '' 1.5 1001 99999999999999999999
}

# bats test_tags=native
@test "the server refuses times that are none [fault 15]" {
    local option
    for option in --timeout --drain-timeout; do
        has server $option || continue
        assert_wrong_values server $option -1 x 1s '' . 1.2.3 nan inf 0x1 1e3 1e99
    done
}

@test "the server refuses names and numbers that its other options do not know" {
    local option
    for option in --method --exit; do
        has server "$option NAME" || continue
        assert_wrong_values server $option nosuch '' Copy drain,kill
    done
    if has server '--queue N'; then
        assert_wrong_values server --queue 0 -1 x ''
    fi
}

@test "the client refuses options and values that it does not know [fault 15]" {
    assert_wrong_usage client --nosuch
    assert_wrong_usage client --port
    assert_wrong_values client --port 65536 80x -1 ''
    if speaks_lines; then
        assert_wrong_usage client extra
        return
    fi
    assert_wrong_values client --timeout -1 x '' 1e3
    assert_wrong_values client --limit-rate 0 -1 x 10q ''
    ! has client --method || assert_wrong_values client --method nosuch sendfile
    run run_client --quiet
    assert_failure 2
    assert_line --index 0 --partial "file"
}

@test "options are taken in every form that getopt_long(3) knows" {
    start_server -a127.0.0.1 --workers=2 --time 0.5 -p0
    ask_by_client
    stop_server
    start_server -t 0 -w1
    ask_by_client
    stop_server
    start_server -t 0.000001 -w1
}

# ---- Addresses

@test "the default address is 127.0.0.1:5678, for the server and the client" {
    local arguments=()
    need_strace
    speaks_lines || arguments=(nosuch)
    run timeout $((5 * TIMEOUT_SCALE)) strace -qq -e trace=bind -e inject=bind:error=EADDRINUSE \
        -o "$BATS_TEST_TMPDIR/trace" "$STAGE_DIR/$SERVER"
    assert_failure 1
    assert_output "$SERVER: bind 127.0.0.1:5678: Address already in use"
    run timeout $((5 * TIMEOUT_SCALE)) strace -qq -e trace=connect -e inject=connect:error=ECONNREFUSED \
        -o "$BATS_TEST_TMPDIR/trace" "$STAGE_DIR/client" "${arguments[@]}"
    assert_failure 1
    assert_output "client: connect 127.0.0.1:5678: Connection refused"
}

@test "a port in use is reported and nothing left behind [fault 13] [trap 50]" {
    start_server
    before=$(server_processes | sort)
    run --separate-stderr run_program server --port "$SERVER_PORT"
    assert_failure 1
    assert_silent "on standard output"
    assert_equal "$stderr" \
        "$SERVER: bind 127.0.0.1:$SERVER_PORT: Address already in use"
    assert_is "processes of servers (those of the first)" "$before" \
        "$(server_processes | sort)"
    assert_serves
}

@test "an address that is not ours is reported" {
    run --separate-stderr run_program server --address 192.0.2.1
    assert_failure 1
    assert_equal "$stderr" "$SERVER: bind 192.0.2.1:0: Cannot assign requested \
address"
    assert_silent "on standard output"
}

# bats test_tags=native
@test "a listener that cannot be made is reported, whatever call fails [trap 50]" {
    local call
    need_strace
    for call in socket setsockopt bind listen; do
        run timeout $((5 * TIMEOUT_SCALE)) strace -qq -e trace=$call -e inject=$call:error=ENOMEM \
            -o "$BATS_TEST_TMPDIR/trace" "$STAGE_DIR/$SERVER" --port 0
        assert_failure 1
        assert_output --regexp \
            "^$SERVER: (bind|listen) 127.0.0.1:0: Cannot allocate memory\$"
        assert_injected "$BATS_TEST_TMPDIR/trace"
    done
}

@test "a name that does not resolve is reported [fault 112]" {
    local arguments=()
    speaks_lines || arguments=(nosuch)
    # A name with an empty part in it: no name server is asked for that.
    run --separate-stderr run_program server --address no..such
    assert_failure 1
    assert_silent "on standard output"
    assert_is "lines on standard error" 1 "${#stderr_lines[@]}"
    assert_regex "$stderr" "^$SERVER: no\.\.such:0: .+"
    run --separate-stderr run_client --address no..such --port 1 "${arguments[@]}"
    assert_failure 1
    assert_silent "on standard output"
    assert_is "lines on standard error" 1 "${#stderr_lines[@]}"
    assert_regex "$stderr" '^client: no\.\.such:1: .+'
}

@test "a refused connection is reported by the client [fault 112]" {
    local PORT arguments=()
    speaks_lines || arguments=(nosuch)
    unused_port
    run --separate-stderr run_client --port "$PORT" "${arguments[@]}"
    assert_failure 1
    assert_silent "on standard output"
    assert_equal "$stderr" "client: connect 127.0.0.1:$PORT: Connection refused"
}

@test "IPv6 works, and addresses of it stand in brackets [fault 112]" {
    grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null || skip "no IPv6 here"
    start_server --address ::1
    assert_equal "$SERVER_ADDRESS" ::1
    ask_by_client
    run server_log
    assert_output --partial "client [::1]:"
    run run_program server --address ::1 --port "$SERVER_PORT"
    assert_failure 1
    assert_output "$SERVER: bind [::1]:$SERVER_PORT: Address already in use"
}

@test "addresses can be names [fault 112]" {
    getent ahosts localhost >/dev/null || skip "localhost has no address here"
    start_server --address localhost
    assert_regex "$SERVER_ADDRESS" '^(127\.0\.0\.1|::1)$'
    ask_by_client --address localhost
}

@test "a server starts again at once on the port that it had [fault 14]" {
    local port
    start_server --timeout 0.1
    port=$SERVER_PORT
    # The server parts first, so that the port stays in TIME_WAIT on its side.
    run evil expect-eof
    assert_success
    wait_for "grep -qi ':$(printf '%04X' "$port") [0-9A-F]*:[0-9A-F]* 06' \
        /proc/net/tcp" 5 \
        "The server's end of a connection should be in the state TIME_WAIT (06)."
    stop_server
    start_server --port "$port"
    assert_is "the port of the new server" "$port" "$SERVER_PORT"
    assert_serves
}

# ---- Standard input, output and error

@test "standard output carries one line, all others go to standard error" {
    local line
    start_server
    assert_serves
    assert_serves
    stop_server
    run cat <&"$SERVER_OUT"
    assert_silent "on standard output, after 'listening on'"
    while read -r line; do
        assert_regex "$line" '^\[[0-9]+\] '
    done < <(server_log)
    [ -n "$line" ] || [ -s "$BATS_TEST_TMPDIR/server.err" ] ||
        explain "the server has logged nothing"
}

@test "the server serves though standard output is full [fault 109]" {
    start_mute_server '>/dev/full'
    assert_serves
    run server_log
    assert_line "$SERVER: standard output: No space left on device"
}

# bats test_tags=native
@test "no connection becomes the server's input, output or log [fault 110]" {
    local closed
    for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' \
        '<&- >&- 2>&-'; do
        start_mute_server "$closed"
        assert_serves
        run find /proc/"$SERVER_PID"/fd/[012] -printf '%f is %l\n'
        refute_output --regexp 'socket:|anon_inode:'
        stop_server
    done
}

@test "the server serves on when its log has reached the limit of a file [fault 113]" {
    local log=$BATS_TEST_TMPDIR/log
    # shellcheck disable=SC2016 # for the inner shell
    SERVER_PREFIX=(bash -c 'ulimit -f 0; exec "$@" 2>"$0"' "$log")
    start_server
    assert_serves
    ask_by_client
    [ ! -s "$log" ] ||
        explain "the log is written in spite of ulimit -f: this test proves nothing"
    stop_server
}

# bats test_tags=native
@test "the server serves on when nobody reads its log, and says what was lost [fault 125]" {
    local pipe=$BATS_TEST_TMPDIR/pipe read_end line
    mkfifo "$pipe"
    exec {read_end}<>"$pipe"
    dd if=/dev/zero of="$pipe" bs=4096 count=1000 oflag=nonblock status=none \
        2>/dev/null || true # until it is full
    # shellcheck disable=SC2016 # for the inner shell
    SERVER_PREFIX=(bash -c 'exec "$@" 2>"$0"' "$pipe")
    start_server
    assert_serves
    timeout 5 dd if="$pipe" of=/dev/null bs=4096 count=1000 iflag=nonblock \
        status=none 2>/dev/null || true # until it is empty
    assert_serves
    read -rt $((5 * TIMEOUT_SCALE)) -u "$read_end" line ||
        explain "a pipe that was full is read again, but no line of log comes"
    assert_regex "$line" '^\[[0-9]+\] [0-9]+ lines before this one were lost$'
    stop_server
}

@test "signals that were blocked or ignored at the start act all the same [fault 114]" {
    SERVER_PREFIX=(env --block-signal=TERM --block-signal=CHLD
        --ignore-signal=CHLD --ignore-signal=TERM)
    start_server
    assert_serves
    stop_server
    assert_is "zombies" '' "$(zombies "$SERVER_PID")"
}

@test "a client whose output is full says so and fails [fault 109]" {
    local directory=() arguments=()
    if ! speaks_lines; then
        echo hello >"$BATS_TEST_TMPDIR/f"
        mkdir "$BATS_TEST_TMPDIR/out"
        directory=(--directory "$BATS_TEST_TMPDIR")
        arguments=(--output "$BATS_TEST_TMPDIR/out" f)
    fi
    start_server "${directory[@]}"
    run eval 'run_client "${arguments[@]}" <<<hello >/dev/full'
    assert_failure 1
    assert_output "client: standard output: No space left on device"
    speaks_lines || cmp "$BATS_TEST_TMPDIR/f" "$BATS_TEST_TMPDIR/out/f"
}

@test "the server of a client that has no output gets none of it [fault 110]" {
    local closed redirected arguments=() steps=('expect:hello\n' 'send:[1] hello\n')
    if ! speaks_lines; then
        steps=(expect-train:nosuch train:-nosuch expect-train:f train:+f
            u64:3 train:abc train:)
        arguments=(--output "$BATS_TEST_TMPDIR" nosuch f)
    fi
    for closed in '>&-' '2>&-' '>&- 2>&-'; do
        start_evil listen "${steps[@]}" expect-eof
        redirected "$closed"
        run timeout $((5 * TIMEOUT_SCALE)) "${redirected[@]}" "$STAGE_DIR/client" \
            --port "$EVIL_PORT" "${arguments[@]}" <<<hello 3>&-
        [ "$status" -le 1 ] || explain "with $closed the client ends with" \
            "$(status_text "$status"), expected 0 or 1"
        wait_evil ||
            explain "with $closed the client sends what is not meant to go"
        speaks_lines || assert_equal "$(cat "$BATS_TEST_TMPDIR/f")" abc
    done
}

@test "a client without input does not take the connection for it [fault 110]" {
    speaks_lines || skip "this client reads no input"
    local redirected
    start_evil listen expect-eof
    redirected '<&-'
    run timeout $((5 * TIMEOUT_SCALE)) "${redirected[@]}" "$STAGE_DIR/client" --port "$EVIL_PORT" 3>&-
    [ "$status" -le 1 ] || explain "a client without input should end, with" \
        "status 0 or 1. It ends with $(status_text "$status")"
    wait_evil
}

@test "a time-out next to nothing is not 'never'" {
    start_server --timeout 0.0000001
    hold_client 5
    assert_closed 5
    speaks_lines || {
        start_evil listen hold
        run run_client --port "$EVIL_PORT" --timeout 0.0000001 file
        assert_failure 1
        assert_output --regexp '^client: .*timed out$'
    }
}
