#!/usr/bin/env bats
# How a server ends. The first tests walk through a matrix: what the server is
# doing (a test each) x how it is to end (--exit) x the signal that tells it to.
# For each cell there is a server of its own; all cells of a test run at once.

# shellcheck disable=SC2016,SC2154 # $ is for other shells; run sets variables

load helpers

# What may come: one of these, or INT and then INT again.
SIGNALS=(INT TERM USR1 twice)

# Seconds: how long all waits are at most, and a drain time-out that none sees.
PATIENCE=10
NEVER=$((20 * TIMEOUT_SCALE))

setup_file() {
    mkdir "$BATS_FILE_TMPDIR/data"
    cd "$BATS_FILE_TMPDIR/data" || return
    seq 700 >small
    seq -f %015.0f $((1024 * 1024)) >big # 16 MiB, more than buffers take
    truncate -s 1G huge                  # more than is ever sent in time
}

setup() {
    local folder=/dev/shm
    [ -w "$folder" ] || folder=$BATS_TEST_TMPDIR
    FILES=$BATS_FILE_TMPDIR/data
    OUT=$(mktemp -d "$folder/poolladder-XXXXXX")
    # An address that nobody else uses: then nobody takes a port that is freed.
    ADDRESS=127.$((64 + BASHPID / 65536)).$((BASHPID / 256 % 256)).$((BASHPID % 256))
    read -ra MODES < <("$STAGE_DIR/$SERVER" --help | grep -A 1 -e --exit |
        grep -owE 'kill|mask|drain|cancel' | sort -u | xargs)
    [ ${#MODES[@]} -gt 1 ] || explain "server --help lists no ways to --exit"
    cells=() cell_pid=() cell_port=()
    clients=() client_pid=() client_prefix=()
}

teardown() {
    rm -rf "${OUT-}"
    end_test
}

# Bats follows every command, which takes more time than the commands themselves;
# functions that begin with these words are followed no further:
#     local - && set +T

# ---- Servers

# Tell whether a mode cuts transfers; the others let them end.
cuts() {
    [[ $1 == kill || $1 == cancel ]]
}

# Tell whether what is under way in a cell is to be cut.
cell_cuts() {
    local - && set +T
    cuts "${cells[$1]% *}" || [[ ${cells[$1]} == *twice ]]
}

# make_cell MODE SIGNAL: of the server that was started last.
make_cell() {
    local i=${#cells[@]}
    cells[i]="$1 $2" cell_pid[i]=$SERVER_PID cell_port[i]=$SERVER_PORT
}

# open_cell MODE SIGNAL [ARG...]: start a server.
open_cell() {
    serve --exit "$1" "${@:3}"
    make_cell "$1" "$2"
}

# open_cells [ARG...]: a server for each mode and signal.
open_cells() {
    local - && set +T
    local mode signal
    for mode in "${MODES[@]}"; do
        for signal in "${SIGNALS[@]}"; do
            open_cell "$mode" "$signal" "$@"
        done
    done
}

# complain CELL LINE...: say why a test fails.
complain() {
    local mode signal
    read -r mode signal <<<"${cells[$1]}"
    explain "A server with --exit $mode that got $signal:" "${@:2}" \
        "Its log:" "$(log_of "$1")"
}

# What the server itself has logged.
log_of() {
    grep "^\[${cell_pid[$1]}\] " "$BATS_TEST_TMPDIR/server.err"
}

# await_stopping CELL: until the server has got the signal, and listens no more.
await_stopping() {
    local - && set +T
    in_time $PATIENCE does_not_listen "${cell_port[$1]}" ||
        complain "$1" "it still listens after $PATIENCE s"
}

# send_first CELL: its first signal.
send_first() {
    local signal=${cells[$1]#* }
    signal_all "${signal/twice/INT}" "${cell_pid[$1]}"
}

# send_second CELL: when it has begun to end, another one if it is to get two.
send_second() {
    await_stopping "$1"
    [[ ${cells[$1]} != *twice ]] || signal_all INT "${cell_pid[$1]}"
}

# send_signals: to every server what it is to get.
send_signals() {
    local - && set +T
    local i
    for i in "${!cells[@]}"; do
        send_first "$i"
    done
    for i in "${!cells[@]}"; do
        send_second "$i"
    done
}

# await_end CELL SERVED CUT: the server must end, and say that so many clients
# were served and cut (patterns).
await_end() {
    local - && set +T
    local line expected status
    SERVER_PID=${cell_pid[$1]}
    in_time $PATIENCE is_over "$SERVER_PID" || complain "$1" \
        "it did not end within $PATIENCE s. It and its children:" \
        "$(ps -o pid,ppid,stat,wchan:20,args -p "$SERVER_PID" \
            --ppid "$SERVER_PID")"
    wait_server
    line=$(log_of "$1" | tail -n 1)
    expected="stopped: $2 clients served, $3 cut"
    # shellcheck disable=SC2053 # a pattern
    [[ $line == *"] "$expected ]] || complain "$1" \
        "its last line should be '$expected', not: $line"
    [[ $line == *' 0 cut' ]] && status=0 || status=1
    [ "$SERVER_STATUS" -eq $status ] || complain "$1" "it ends with" \
        "$(status_text "$SERVER_STATUS"), expected $status after: $line"
}

# check_remains: after the end of all servers nothing of them is left.
check_remains() {
    local - && set +T
    local left
    in_time 1 no_server_processes || explain "the servers are gone, these" \
        "processes of them are not:" \
        "$(ps -o pid,ppid,stat,args -p "$(server_processes | paste -sd,)")"
    left=$(find "$OUT" "$FILES" -name '.*' -type f)
    [ -z "$left" ] || explain "temporary files are left:" "$left"
    run grep -E -e 'Bad file desc|Invalid arg|No child|No such process' \
        -e '^$|^[^[]' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "lines of the log about calls that were wrong, or that nobody has \
begun with [PID]"
    serve --port "${cell_port[-1]}" # it is free
    stop_server
}

# ---- Clients

# download CELL NAME [ARG...]: begin to download to $OUT/CELL.N, N counting the
# clients of the test.
download() {
    local - && set +T
    local n=${#clients[@]}
    mkdir "$OUT/$1.$n"
    background "${client_prefix[@]}" "$STAGE_DIR/client" -a "$ADDRESS" \
        -p "${cell_port[$1]}" --quiet --output "$OUT/$1.$n" "${@:3}" "$2" \
        >"$OUT/$1.$n.log" 2>&1
    clients[n]="$1 $2" client_pid[n]=$BACKGROUND_PID
}

# download_and_stop CELL NAME [ARG...]: the same, but the client stops itself in
# mid-transfer.
download_and_stop() {
    client_prefix=(env "LD_PRELOAD=$TESTS_DIR/build/stop_midway.so")
    download "$@"
    client_prefix=()
}

# await_stop: until all clients have stopped.
await_stop() {
    local - && set +T
    local n
    for n in "${!clients[@]}"; do
        in_time $PATIENCE is_stopped "${client_pid[n]}" ||
            complain "${clients[n]% *}" "client $n does not stop in mid-transfer"
    done
}

# go_on: all clients that have stopped.
go_on() {
    signal_all CONT "${client_pid[@]}"
}

# await_client N: until it ends; sets CLIENT_STATUS and CLIENT_SAYS.
await_client() {
    local - && set +T
    wait_background "${client_pid[$1]}"
    CLIENT_STATUS=$BACKGROUND_STATUS
    CLIENT_SAYS=$(cat "$OUT/${clients[$1]% *}.$1.log")
}

# assert_came N: the file came, byte for byte.
assert_came() {
    local - && set +T
    local cell name
    read -r cell name <<<"${clients[$1]}"
    await_client "$1"
    [ "$CLIENT_STATUS" -eq 0 ] || complain "$cell" \
        "a client whose download it should have let end says: $CLIENT_SAYS"
    assert_same_file "$FILES/$name" "$OUT/$cell.$1/$name"
}

# assert_was_cut N: it did not, and the client says so.
assert_was_cut() {
    local - && set +T
    local cell=${clients[$1]% *}
    await_client "$1"
    [[ $CLIENT_STATUS -eq 1 && $CLIENT_SAYS == client:*connection\ closed* ]] ||
        complain "$cell" "a client whose download should have been cut ends" \
            "with $(status_text "$CLIENT_STATUS"), expected 1, and" \
            "$(said "$CLIENT_SAYS")"
    [ -z "$(ls -A "$OUT/$cell.$1")" ] ||
        complain "$cell" "a cut download leaves: $(ls -A "$OUT/$cell.$1")"
}

# assert_refused CELL: a client that comes now is refused.
assert_refused() {
    run timeout $((5 * TIMEOUT_SCALE)) "$STAGE_DIR/client" -a "$ADDRESS" -p "${cell_port[$1]}" \
        --output "$OUT" small
    [[ $status -eq 1 && $output == *'Connection refused' ]] ||
        complain "$1" "a client that comes after the signal is not refused." \
            "It ends with $(status_text "$status"), and $(said "$output")"
}

# need_processes: the workers of this stage are processes.
need_processes() {
    serve
    [ -n "$(children "$SERVER_PID")" ] || skip "the workers are no processes"
    stop_server
}

# ---- The matrix

# assert_outcome: where a cell lets downloads end all of them came, and were
# counted; where it cuts them none came, and COUNT (a pattern) were counted.
assert_outcome() {
    local - && set +T
    local i n
    for i in "${!cells[@]}"; do
        if cell_cuts "$i"; then
            await_end "$i" 0 "$1"
        else
            await_end "$i" $((${#clients[@]} / ${#cells[@]})) 0
        fi
    done
    go_on
    for n in "${!clients[@]}"; do
        if cell_cuts "${clients[n]% *}"; then
            assert_was_cut "$n"
        else
            assert_came "$n"
        fi
    done
    check_remains
}

@test "idle: it ends at once, by any exit and signal [fault 74]" {
    local i
    open_cells
    for i in "${!cells[@]}"; do
        download "$i" small
        assert_came "$i"
    done
    send_signals
    for i in "${!cells[@]}"; do
        await_end "$i" 1 0
    done
    check_remains
}

@test "in mid-transfer: the download completes or is cut, as --exit says [fault 75] [trap 30]" {
    local i
    open_cells --drain-timeout $NEVER
    for i in "${!cells[@]}"; do
        if cell_cuts "$i"; then
            download_and_stop "$i" huge --limit-rate 40M
        else
            download_and_stop "$i" big
        fi
    done
    await_stop
    for i in "${!cells[@]}"; do
        ! cell_cuts "$i" || signal_all CONT "${client_pid[i]}"
    done
    send_signals
    for i in "${!cells[@]}"; do
        cell_cuts "$i" || assert_refused "$i"
    done
    go_on
    assert_outcome 1
}

# open_limited_cells [MODE...]: a server for each mode and signal. Its drain does
# not take long, unless a second signal or one of these modes is to end it.
open_limited_cells() {
    local - && set +T
    local mode signal limit
    for mode in "${MODES[@]}"; do
        for signal in "${SIGNALS[@]}"; do
            limit=0.3
            [[ $signal != twice && " $* " != *" $mode "* ]] || limit=$NEVER
            open_cell "$mode" "$signal" --workers 1 --drain-timeout "$limit"
        done
    done
}

# assert_all_cut: the clients of all cells.
assert_all_cut() {
    local - && set +T
    local i
    for i in "${!cells[@]}"; do
        await_end "$i" 0 1
    done
    go_on
    for i in "${!clients[@]}"; do
        assert_was_cut "$i"
    done
    check_remains
}

@test "the client is stopped: cut at once, or when the drain time-out is over [fault 77] [fault 78]" {
    local i
    open_limited_cells kill cancel
    for i in "${!cells[@]}"; do
        download_and_stop "$i" big
    done
    await_stop
    send_signals
    assert_all_cut
}

# workers_of CELL: print their pids.
workers_of() {
    children "${cell_pid[$1]}"
}

# signal_workers SIGNAL: to the workers of all cells.
signal_workers() {
    local - && set +T
    local i
    for i in "${!cells[@]}"; do
        signal_all "$1" "$(workers_of "$i")"
    done
}

@test "a worker is stopped: it is killed when the drain time-out is over [fault 82]" {
    local i
    need_processes
    open_limited_cells
    for i in "${!cells[@]}"; do
        download_and_stop "$i" big
    done
    await_stop
    signal_workers STOP
    send_signals
    assert_all_cut
}

@test "a worker has just died with its client: that one is cut, nobody waits for more" {
    local i
    need_processes
    open_cells --workers 1 --drain-timeout $NEVER
    for i in "${!cells[@]}"; do
        download_and_stop "$i" big
    done
    await_stop
    signal_workers KILL
    send_signals
    assert_all_cut
}

# holds_more_than CELL FDS: the server has more fds than that.
holds_more_than() {
    [ "$(fd_count "${cell_pid[$1]}")" -gt "$2" ]
}

# The server learns of both at once: of the worker's death and of the signal.
@test "a worker has just died before it took its client: another serves that one" {
    local i fds
    need_processes
    open_cells --workers 1 --drain-timeout $NEVER
    signal_workers STOP
    for i in "${!cells[@]}"; do
        fds=$(fd_count "${cell_pid[i]}")
        if cell_cuts "$i"; then
            download_and_stop "$i" big
        else
            download "$i" small
        fi
        in_time $PATIENCE holds_more_than "$i" "$fds" ||
            complain "$i" "it does not accept a client"
    done
    signal_all STOP "${cell_pid[@]}"
    signal_workers KILL
    for i in "${!cells[@]}"; do
        in_time $PATIENCE has_dead_worker "$i" ||
            complain "$i" "its worker was killed, but is not dead"
        send_first "$i"
    done
    signal_all CONT "${cell_pid[@]}"
    for i in "${!cells[@]}"; do
        send_second "$i"
    done
    assert_outcome 1
}

has_dead_worker() {
    [ -n "$(zombies "${cell_pid[$1]}")" ]
}

# await_connections CELL N: until so many clients are connected.
await_connections() {
    in_time $PATIENCE has_connections "$2" "${cell_port[$1]}" ||
        complain "$1" "it should have $2 connections, but it has these:" \
            "$(sockets connected "${cell_port[$1]}")"
}

@test "clients are waiting: they are served, or get a clear answer [fault 76]" {
    local i
    [[ $SERVER != server_@(reactor|proactor) ]] ||
        skip "no client waits for another"
    open_cells --workers 1 --drain-timeout $NEVER
    for i in "${!cells[@]}"; do
        download_and_stop "$i" big
    done
    await_stop
    for i in "${!cells[@]}"; do
        download "$i" small
        download "$i" small
        await_connections "$i" 3
    done
    send_signals
    for i in "${!cells[@]}"; do
        cell_cuts "$i" || signal_all CONT "${client_pid[i]}"
    done
    assert_outcome 3
}

# ---- The matrix: signals at the very moment of a system call

# open_struck_cells CALL WHEN: a server for each mode and signal that gets the
# signal when it enters this system call for this time.
open_struck_cells() {
    local - && set +T
    local mode signal prefix=("${SERVER_PREFIX[@]}")
    need_strace
    for mode in "${MODES[@]}"; do
        for signal in INT TERM USR1; do
            SERVER_PREFIX=(strace -D -qq -e "trace=$1"
                -o "$BATS_TEST_TMPDIR/trace.${#cells[@]}"
                -e "inject=$1:signal=SIG$signal:when=$2")
            open_cell "$mode" "$signal" --drain-timeout $NEVER
        done
    done
    SERVER_PREFIX=("${prefix[@]}")
}

# waiting_call: print the system call in which the server waits.
waiting_call() {
    if uses_ring; then
        echo io_uring_enter
    else
        echo epoll_wait
    fi
}

# assert_struck: the signals came from strace.
assert_struck() {
    local i
    for i in "${!cells[@]}"; do
        grep -q "^--- SIG${cells[i]#* } " "$BATS_TEST_TMPDIR/trace.$i" ||
            complain "$i" "strace should have sent the signal when the server makes" \
                "a certain system call, but it did not make it, or not so often: so" \
                "this test proves nothing. Does the server come that far? What calls" \
                "of this kind it did make:" "$(tail "$BATS_TEST_TMPDIR/trace.$i")"
    done
}

# strike CALL WHEN: a client comes to each server, and with it the signal. It is
# served, unless the mode cuts: then it may have got all of the file, or not.
strike() {
    local - && set +T
    local i
    open_struck_cells "$@"
    for i in "${!cells[@]}"; do
        download "$i" small
    done
    for i in "${!cells[@]}"; do
        if cell_cuts "$i"; then
            await_end "$i" '[01]' '[01]'
            await_client "$i"
            [ "$CLIENT_STATUS" -eq 0 ] || assert_was_cut "$i"
            [ "$CLIENT_STATUS" -eq 0 ] || [ "$SERVER_STATUS" -eq 1 ] ||
                complain "$i" "it cut a client, but ends with status 0"
        else
            await_end "$i" 1 0
            assert_came "$i"
        fi
    done
    assert_struck
    check_remains
}

# bats test_tags=native
@test "a signal at the moment of the first wait is not lost [fault 79]" {
    local i
    open_struck_cells "$(waiting_call)" 1
    for i in "${!cells[@]}"; do
        await_end "$i" 0 0
    done
    assert_struck
    check_remains
}

# bats test_tags=native
@test "a signal at the moment of a wait, after a client came, is not lost [fault 79]" {
    strike "$(waiting_call)" 2
}

# bats test_tags=native
@test "a signal at the moment of accept4 is not lost, nor is the client [fault 79]" {
    need_calls
    strike accept4 1
}

# bats test_tags=native
@test "a signal at the moment of sendmsg is not lost, nor is the client [fault 79]" {
    need_processes
    strike sendmsg 1
}

# Each line that the server logs comes with a signal: the first of them begins the
# end, and one comes after all else is done.
# bats test_tags=native
@test "signals up to the last moment: what was well stays well [fault 78]" {
    local mode i log=$BATS_TEST_TMPDIR/server.err
    need_strace
    for mode in "${MODES[@]}"; do
        SERVER_PREFIX=(strace -D -qq -o "$BATS_TEST_TMPDIR/trace.${#cells[@]}"
            -P "$log" -e trace=write -e inject=write:signal=SIGINT:when=1+)
        open_cell "$mode" INT
    done
    SERVER_PREFIX=()
    for i in "${!cells[@]}"; do
        await_end "$i" 0 0
    done
    assert_struck
    check_remains
}

# bats test_tags=native
@test "a signal while the workers are being started ends them all [trap 32]" {
    local i
    need_calls
    open_struck_cells clone,clone3 1
    open_struck_cells clone,clone3 3
    for i in "${!cells[@]}"; do
        await_end "$i" 0 0
    done
    assert_struck
    check_remains
}

# ---- Ends that need a look of their own

# open_default [ARG...]: one server, cell 0, that ends in the way of the default.
open_default() {
    serve "$@"
    make_cell drain TERM
}

@test "an exit or a drain time-out that is not known is wrong usage" {
    local argument
    for argument in --exit= --exit=nosuch --exit=DRAIN --drain-timeout= \
        --drain-timeout=-1 --drain-timeout=x; do
        run --separate-stderr timeout $((10 * TIMEOUT_SCALE)) "$STAGE_DIR/$SERVER" --port 0 $argument
        [[ $status -eq 2 && -z $output ]] ||
            explain "server $argument is wrong usage: expected status 2, got" \
                "$(status_text "$status"), and $(said "$output$stderr")"
        [[ $stderr == *invalid*--help* ]] ||
            explain "server $argument should say what is invalid, and a hint at" \
                "--help, but $(said "$stderr")"
    done
}

@test "it drains by default" {
    open_default
    download_and_stop 0 big
    await_stop
    send_signals
    go_on
    await_end 0 1 0
    assert_came 0
}

@test "a drain takes as long as --drain-timeout, and not much longer [fault 77]" {
    local now_ms before
    open_default --drain-timeout 0.4
    download_and_stop 0 big
    await_stop
    now
    before=$now_ms
    send_signals
    await_end 0 0 1
    now
    [ $((now_ms - before)) -ge 390 ] ||
        complain 0 "it ended after $((now_ms - before)) ms, expected 400"
    [ $((now_ms - before)) -lt $((5000 * TIMEOUT_SCALE)) ] ||
        complain 0 "it ended only after $((now_ms - before)) ms, expected 400"
}

# bats test_tags=native
@test "while it waits for its client it takes no CPU time, with a drain time-out or without" {
    local i limits=(0 "$NEVER")
    for i in 0 1; do
        open_default --drain-timeout "${limits[i]}"
        download_and_stop $i big
    done
    await_stop
    send_signals
    for i in 0 1; do
        in_time $PATIENCE is_at_rest "${cell_pid[i]}" || complain $i "with" \
            "--drain-timeout ${limits[i]} it takes CPU time while it waits"
        is_running "${cell_pid[i]}" ||
            complain $i "it has ended, though its client has not got all of its file"
    done
    go_on
    for i in 0 1; do
        await_end $i 1 0
        assert_came $i
    done
}

# Counted, not timed: a loop that wakes up every millisecond is no loop that waits.
# bats test_tags=native
@test "until the drain time-out is over it waits once, and not a thousand times [fault 77]" {
    local calls
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    # shellcheck disable=SC2054 # these commas belong to a word
    SERVER_PREFIX=(strace -D -qq -o "$TRACE" -e trace=epoll_wait,poll,ppoll)
    open_default --drain-timeout 1
    SERVER_PREFIX=()
    download_and_stop 0 big
    await_stop
    send_signals
    await_end 0 0 1
    calls=$(wc -l <"$TRACE")
    ((calls > 0)) || explain "no wait was seen: this proves nothing"
    ((calls < 100)) || explain "the server had one client, and cut it after a second." \
        "In that time it should wait a few times, but it waited $calls times: are" \
        "seconds taken for milliseconds?"
}

# What is cut when the time is over takes some more time itself: here all share one
# processor, and so the worker can end only when the server sleeps.
# bats test_tags=native
@test "that the drain time-out is over is said once, and nobody spins until all is cut [fault 77]" {
    local round
    command -v taskset >/dev/null || skip "taskset(1) is missing"
    SERVER_PREFIX=(taskset -c 0 chrt --idle 0)
    "${SERVER_PREFIX[@]}" true || SERVER_PREFIX=(taskset -c 0)
    for round in 0 1 2 3; do
        open_default --drain-timeout 0.1
        download_and_stop $round big
    done
    SERVER_PREFIX=()
    await_stop
    send_signals
    for round in 0 1 2 3; do
        await_end $round 0 1
        assert_is "times that it says that the drain time-out is over" 1 \
            "$(log_of $round | grep -c 'time-out')"
    done
}

is_traced() {
    ! grep -q '^TracerPid:.0$' "/proc/$1/status"
}

# bats test_tags=native
@test "a signal at any close of the end meets no pipe that is closed already [fault 78]" {
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    open_default
    background strace -qq -p "$SERVER_PID" -o "$TRACE" -e trace=close,write \
        -e inject=close:signal=SIGINT
    in_time 5 is_traced "$SERVER_PID"
    signal_all TERM "$SERVER_PID"
    wait_server
    assert_traced SIGINT "$TRACE"
    run grep -E '^write.* = -1 (EBADF|EPIPE)' "$TRACE"
    assert_silent "what a handler wrote to a pipe that was closed already"
}

# At the signal the worker has been sent a client, and behind it the order to end;
# it is killed before it reads either.
@test "a worker that is killed with its orders unread is replaced, and that one ends, too" {
    local fds worker
    need_processes
    open_default --workers 1 --drain-timeout $NEVER
    worker=$(workers_of 0)
    signal_all STOP "$worker"
    fds=$(fd_count "$SERVER_PID")
    download 0 small
    in_time $PATIENCE holds_more_than 0 "$fds"
    wait_for_log "handed to worker $worker"
    send_signals
    signal_all KILL "$worker"
    await_end 0 1 0
    assert_came 0
}

# The death that is reported first is that of the youngest worker; wait(2) would
# tell of the oldest.
@test "of workers that die together each death is told [trap 34]" {
    local pid workers
    need_processes
    open_default --workers 3
    mapfile -t workers < <(workers_of 0 | sort -nr)
    signal_all STOP "$SERVER_PID"
    for pid in "${workers[@]}"; do
        signal_all KILL "$pid"
        in_time $PATIENCE is_over "$pid"
    done
    signal_all CONT "$SERVER_PID"
    for pid in "${workers[@]}"; do
        wait_for_log "worker $pid killed by signal 9 "
    done
    send_signals
    await_end 0 0 0
}

@test "a client that is silent is let go, and then the server ends [fault 90]" {
    open_default --timeout 0.3 --drain-timeout $NEVER
    hold_client 5
    send_signals
    await_end 0 1 0
}

@test "a client that is silent is cut when the drain time-out is over [fault 90]" {
    open_default --timeout 0 --drain-timeout 0.3
    hold_client 5
    send_signals
    await_end 0 0 1
}

@test "clients whom a stopped server could not yet accept are served [fault 76]" {
    local n
    open_default --drain-timeout $NEVER
    signal_all STOP "$SERVER_PID"
    for n in 0 1 2 3 4; do
        download 0 small
    done
    await_connections 0 5
    send_first 0
    signal_all CONT "$SERVER_PID"
    await_end 0 5 0
    for n in "${!clients[@]}"; do
        assert_came "$n"
    done
}

# numbers_of_end: print how many clients were served and cut, of the last line.
numbers_of_end() {
    server_log |
        sed -n 's/.* stopped: \([0-9]*\) clients served, \([0-9]*\) cut/\1 \2/p' |
        tail -n 1
}

# bats test_tags=native
@test "every client whom the kernel had let in is served or counted as cut [fault 121]" {
    local served cut
    start_server --directory "$FILES" --workers 1 --timeout 0.2 --drain-timeout 2
    kill -STOP "$SERVER_PID"
    hold_clients 300
    kill -TERM "$SERVER_PID"
    kill -CONT "$SERVER_PID"
    wait_server
    read -r served cut < <(numbers_of_end)
    [ "$((served + cut))" -eq 300 ] ||
        explain "300 clients were connected when the signal came, but the server" \
            "accounts for $served served and $cut cut"
    assert_equal "cut: $cut, status $SERVER_STATUS" \
        "cut: $cut, status $((cut > 0))"
}

# drain_between CLIENT: the server is told to end after the client's first step
# `hold`; it ends by itself, in time, having cut nobody.
drain_between() {
    wait_for '[ -s "$BATS_TEST_TMPDIR/evil.out" ]' 10
    signal_all TERM "$SERVER_PID"
    wait_for_log stopping
    wait_evil
    wait_server
    assert_equal "$(numbers_of_end), status $SERVER_STATUS" "1 0, status 0"
}

@test "after the signal a client that keeps its connection gets no further file [fault 122]" {
    start_server --directory "$FILES" --workers 1 --exit drain --timeout 0
    start_evil connect train:small expect-train:+small recv-train recv-body say: \
        expect-eof
    drain_between
}

@test "after the signal the request under way is the last [fault 122]" {
    start_server --directory "$FILES" --workers 1 --exit drain --timeout 0
    start_evil connect rcvbuf:4096 train:big train:small train:small \
        expect-train:+big say: hold expect-train:'\0\0\0\0\x01\0\0\0' recv-body \
        expect-closed
    drain_between
    [[ $(tail -c 16 "$BATS_TEST_TMPDIR/evil.out") == 000000001048576 ]] ||
        explain "of the file that was under way not all has come, or more than it"
}

# bats test_tags=native
@test "an order to end that cannot be sent is sent again [fault 123]" {
    need_processes
    start_injected sendmsg:error=ENOBUFS:when=1 --directory "$FILES" --exit drain \
        --workers 1 --drain-timeout $NEVER
    stop_server
    assert_injected
    assert_equal "$(numbers_of_end), status $SERVER_STATUS" "0 0, status 0"
}

@test "Ctrl-C, which goes to the whole process group, does not reach the workers [fault 83] [trap 33]" {
    local mode i
    SERVER_PREFIX=(setsid)
    for mode in "${MODES[@]}"; do
        cuts "$mode" || open_cell "$mode" INT --drain-timeout $NEVER
    done
    SERVER_PREFIX=()
    for i in "${!cells[@]}"; do
        download_and_stop "$i" big
    done
    await_stop
    for i in "${!cells[@]}"; do
        kill -s INT -- "-${cell_pid[i]}"
        await_stopping "$i"
    done
    go_on
    assert_outcome 0
    run grep 'signal 2' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "Ctrl-C has reached a worker; in the log"
}

# A terminal that is closed sends SIGHUP, for which there is no handler.
@test "SIGHUP ends the server, and its workers after their clients [fault 84]" {
    local workers
    open_default --workers 1
    workers=$(workers_of 0)
    download_and_stop 0 big
    await_stop
    stop_server HUP
    assert_server_status 129
    in_time $PATIENCE does_not_listen ||
        complain 0 "it is gone, but somebody still listens"
    go_on
    if [ -n "$workers" ]; then
        assert_came 0
    else
        assert_was_cut 0
    fi
    in_time $PATIENCE no_server_processes ||
        complain 0 "it is gone, but not these of its processes: $(server_processes)"
}

# has_handler PID: for INT, TERM or USR1.
has_handler() {
    local mask
    mask=$(sed -n 's/^SigCgt:\t*//p' "/proc/$1/status")
    ((16#$mask & (1 << 1 | 1 << 9 | 1 << 14)))
}

has_no_handler() {
    ! has_handler "$1"
}

# has_another_worker CELL PID: the only worker is not that one.
has_another_worker() {
    local worker
    worker=$(workers_of "$1")
    [[ -n $worker && $worker != "$2" ]]
}

# await_another_worker CELL PID
await_another_worker() {
    in_time $PATIENCE has_another_worker "$@" ||
        complain "$1" "its worker $2 has ended, but there is no other in its place." \
            "Its children: $(workers_of "$1")"
}

# bats test_tags=native
@test "a signal to a worker is not taken for one to the server [trap 32]" {
    local worker
    need_processes
    open_default --workers 1
    has_handler "$SERVER_PID" ||
        explain "the server handles neither INT nor TERM nor USR1 (SigCgt in" \
            "/proc/$SERVER_PID/status), so this test proves nothing"
    worker=$(workers_of 0)
    in_time $PATIENCE has_no_handler "$worker" ||
        explain "worker $worker still has the server's handler for INT, TERM or" \
            "USR1: $(grep SigCgt "/proc/$worker/status")"
    signal_all USR1 "$worker"
    await_another_worker 0 "$worker"
    download 0 small
    assert_came 0
    send_signals
    await_end 0 1 0
}

@test "workers that died earlier are not waited for [trap 34]" {
    local mode i workers=()
    need_processes
    for mode in "${MODES[@]}"; do
        open_cell "$mode" TERM --workers 1
    done
    for i in "${!cells[@]}"; do
        workers[i]=$(workers_of "$i")
        signal_all KILL "${workers[i]}"
    done
    for i in "${!cells[@]}"; do
        await_another_worker "$i" "${workers[i]}"
        [ -z "$(zombies "${cell_pid[i]}")" ] ||
            complain "$i" "the worker that was killed is a zombie still"
    done
    for mode in "${MODES[@]}"; do
        open_cell "$mode" TERM --workers 3
        mapfile -t workers < <(workers_of $((${#cells[@]} - 1)))
        signal_all KILL "${workers[@]}"
    done
    send_signals
    for i in "${!cells[@]}"; do
        await_end "$i" 0 0
    done
    check_remains
}

@test "an idle worker that is stopped does not hold up the end for ever [fault 82]" {
    local i
    need_processes
    open_limited_cells
    signal_workers STOP
    send_signals
    for i in "${!cells[@]}"; do
        await_end "$i" 0 0
    done
    check_remains
}

# bats test_tags=native
@test "the order to end carries no descriptor along [trap 31]" {
    local trace=$BATS_TEST_TMPDIR/trace
    need_processes
    need_strace
    SERVER_PREFIX=(strace -D -qq -o "$trace" -e trace=sendmsg)
    open_default --workers 3
    SERVER_PREFIX=()
    download 0 small
    assert_came 0
    send_signals
    await_end 0 1 0
    assert_is "calls of sendmsg (a client, three orders to end)" 4 \
        "$(grep -c '^sendmsg' "$trace")"
    assert_is "calls of sendmsg that carry a descriptor (the client)" 1 \
        "$(grep -c SCM_RIGHTS "$trace")"
}

# ---- The handler by itself

# bats test_tags=native
@test "the handler keeps errno, and does not block when the pipe is full [fault 80] [fault 81]" {
    build_unit "$BATS_TEST_TMPDIR/signal_pipe_check" signal_pipe_check \
        signal_pipe.c
    assert_unit 20 "$BATS_TEST_TMPDIR/signal_pipe_check"
}

# bats test_tags=native
@test "the handler's file calls nothing that is unsafe in a handler [fault 80] [trap 29]" {
    local object=$BATS_TEST_TMPDIR/signal_pipe.o called unsafe
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -c -I "$STAGE_DIR" -o "$object" \
        "$STAGE_DIR/signal_pipe.c"
    called=$(nm --undefined-only --format=posix "$object" | cut -d ' ' -f 1)
    [[ $called == *write* ]] || explain "the handler does not write: $called"
    unsafe=$(grep -vxE -e 'write|read|close|fcntl|pipe2?|eventfd|sig[a-z]+|poll|memcpy|memset' \
        -e '__errno_location|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_' \
        <<<"$called") || return 0
    explain "signal-safety(7) does not list these, which signal_pipe.c calls:" \
        "$unsafe"
}
