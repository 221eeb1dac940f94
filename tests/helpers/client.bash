# client.bash: clients, honest ones.
#
#   run_client [ARG...]       ./client of the stage, on the port of the server, at
#                             most 20 s (run). A further -p PORT wins.
#   start_client [ARG...]     the same in the background; sets CLIENT_PID; output
#                             goes to $BATS_TEST_TMPDIR/client.out and client.err
#   hold_client FD            connect this fd, 5 to 9, to the server and keep it.
#                             With a name, hold_client alice, the shell chooses an
#                             fd, and it is $alice
#   hold_clients N            connect that many; the fds are in the array HELD
#   ask FD TEXT               send a line on it; sets REPLY to the answer
#   take FD COUNT             print what comes on it, up to so many bytes or its end;
#                             fail if that takes more than 20 s
#   assert_waits FD [SECONDS] fail if it is answered, or closed, meanwhile (0.2 s)
#   assert_closed FD          fail unless the server closes it, without a byte more
#   release_client FD         close it
#   close_clients             close all
#   at_once N COMMAND...      run COMMAND 1 ... COMMAND N all at the same time and
#                             wait; output goes to $BATS_TEST_TMPDIR/crowd/1 ...;
#                             fails if one of them failed
#   speaks_lines              does the client of this stage send lines? Or does it
#                             ask for files?
#   assert_serves             a new client (evil) gets its answer, and no more

# shellcheck shell=bash disable=SC2034,SC2154 # the variables are shared

client_fds=() # opened by hold_client

run_client() {
    timeout $((20 * TIMEOUT_SCALE)) "$STAGE_DIR/client" \
        ${SERVER_PORT:+-a "$SERVER_ADDRESS" -p "$SERVER_PORT"} "$@" 3>&-
}

start_client() {
    background "$STAGE_DIR/client" -a "$SERVER_ADDRESS" -p "$SERVER_PORT" "$@" \
        >"$BATS_TEST_TMPDIR/client.out" 2>"$BATS_TEST_TMPDIR/client.err"
    CLIENT_PID=$BACKGROUND_PID
}

hold_client() {
    local to=/dev/tcp/$SERVER_ADDRESS/$SERVER_PORT
    case $1 in
    [5-9])
        eval "exec $1<>$to" || explain "no connection to $to" || return
        client_fds+=("$1")
        ;;
    [a-zA-Z]*)
        eval "exec {$1}<>$to" || explain "no connection to $to" || return
        client_fds+=("${!1}")
        ;;
    *)
        explain "hold_client: '$1' is neither an fd from 5 to 9 nor a name"
        ;;
    esac
}

hold_clients() {
    local fd i
    HELD=()
    for ((i = 0; i < $1; i++)); do
        hold_client fd || return
        HELD+=("$fd")
    done
}

release_client() {
    eval "exec $1>&-"
}

ask() {
    REPLY=''
    # In a subshell: writing to a connection that is gone ends the process.
    (printf '%s\n' "$2" >&"$1") ||
        explain "the server does not take '$2': it has closed the connection" ||
        return
    IFS= read -rt $((10 * TIMEOUT_SCALE)) -u "$1" REPLY ||
        explain "no answer to '$2', only '$REPLY'"
}

take() {
    timeout $((20 * TIMEOUT_SCALE)) head -c "$2" <&"$1" ||
        explain "within 20 s there came neither $2 bytes nor the end of the" \
            "connection"
}

# next_byte FD SECONDS: set REPLY to it. Status 0: it came; above 128: it did not
# come in time; another: the connection was closed.
next_byte() {
    REPLY=''
    LC_ALL=C IFS= read -rt "$2" -N 1 -u "$1" REPLY 2>/dev/null
}

assert_waits() {
    local status=0
    next_byte "$1" "${2:-0.2}" || status=$?
    if ((status == 0)); then
        explain "this client should have to wait, but it is answered."
    elif ((status <= 128)); then
        explain "this client should have to wait, but it is sent away."
    fi
}

assert_closed() {
    local status=0
    next_byte "$1" $((5 * TIMEOUT_SCALE)) || status=$?
    if ((status == 0)); then
        explain "a connection should have been closed, but there came '$REPLY'"
    elif ((status > 128)); then
        explain "a connection should have been closed, but after 5 s it still" \
            "is not. Does another process have a copy of it?"
    fi
}

# member_of_crowd NUMBER COMMAND...
member_of_crowd() {
    set -e
    # shellcheck disable=SC2064 # the number of now
    trap "leave_crowd $1" EXIT
    "${@:2}" "$1"
}

leave_crowd() {
    local status=$?
    [ $status -eq 0 ] || echo "$1" >>"$BATS_TEST_TMPDIR/crowd/failed"
    echo "$1" >>"$BATS_TEST_TMPDIR/crowd/done"
}

crowd_is_done() {
    [ "$(wc -l <"$BATS_TEST_TMPDIR/crowd/done")" -eq "$1" ]
}

at_once() {
    local i crowd=$BATS_TEST_TMPDIR/crowd
    rm -rf "$crowd"
    mkdir "$crowd"
    : >"$crowd/done"
    for ((i = 1; i <= $1; i++)); do
        background member_of_crowd $i "${@:2}" >"$crowd/$i" 2>&1
    done
    in_time 30 crowd_is_done "$1" ||
        explain "waited for 30 s, but only $(wc -l <"$crowd/done") of $1 are" \
            "done with: ${*:2}" || return
    [ ! -e "$crowd/failed" ] ||
        explain "$(wc -l <"$crowd/failed") of $1 times it failed: ${*:2}" \
            "One of them printed:" "$(cat "$crowd/$(head -n 1 "$crowd/failed")")"
}

close_clients() {
    local fd
    for fd in "${client_fds[@]}"; do
        eval "exec $fd>&-"
    done
    client_fds=()
}

speaks_lines() {
    [[ $("$STAGE_DIR/client" --help) != *FILE* ]]
}

assert_serves() {
    if speaks_lines; then
        run evil 'send:hello\n' halfclose recv-all
        [[ $status -eq 0 && $output =~ ^\[[0-9]+\]\ hello$ ]] ||
            explain "a new client that says 'hello' should be answered '[ID] hello'," \
                "but $(said "$output")"
    else
        run evil train:nosuch \
            'expect-train:-nosuch: No such file or directory' \
            halfclose expect-eof
        [ "$status" -eq 0 ] ||
            explain "a new client that asks for 'nosuch' should be refused:" \
                "$output"
    fi
}
