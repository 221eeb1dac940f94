#!/bin/bash
# at.sh N: let a server of stage N, with one worker and a client, run until it is
# about to make a system call, and stop it there. Look at it with ps, /proc, ss, gdb,
# kill it; Enter lets it go on. Needs strace.
#
#   CALL=recvmsg   the system call
#   WHEN=2         the second one that a process makes
#   EXIT=drain     end the server meanwhile, in this way (stages 5 and 6); without
#                  CALL at the moment that moments.txt lists for it
#   PROGRAM=NAME   another server of the stage
#
# Without CALL and EXIT it lists the moments of the stage. On no terminal it waits
# for nobody.

set -u
# shellcheck source=tests/workshop/lib.bash
source "$(dirname "$0")/lib.bash"
# shellcheck source=tests/workshop/fds.bash
source "$tests/workshop/fds.bash"

# These are made again after EINTR: strace makes such a call fail so, and stops the
# process before the next attempt. Others are made, and the stop comes after them.
made_again=' accept4 epoll_wait ppoll read recvfrom recvmsg sendfile sendmsg sendto splice write '

list_moments() {
    local stage way name number words
    echo "Moments of stage $1:"
    while read -r stage way name number words; do
        [ "$stage" = "$1" ] || continue
        if [ "$way" = - ]; then
            printf '\n%s\n' "  make at$1 CALL=$name"
        else
            printf '\n%s\n' "  make at$1 EXIT=$way  ($name)"
        fi
        wrapped 4 <<<"$words"
    done <"$tests/workshop/moments.txt"
    printf '\n%s\n' 'Any other call will do as well: CALL=name.'
}

# moment STAGE: fill in what the table knows about it.
moment() {
    local stage way name number words
    while read -r stage way name number words; do
        [ "$stage $way" = "$1 ${EXIT:--}" ] || continue
        [ -z "$call" ] || [ "$call" = "$name" ] || continue
        call=$name when=${when:-$number} text=$words
        return
    done <"$tests/workshop/moments.txt"
}

# within SECONDS COMMAND...: wait until it succeeds.
within() {
    local deadline=$((SECONDS + $1 * TIMEOUT_SCALE))
    until "${@:2}"; do
        [ $SECONDS -le $deadline ] || return 1
        read -rt 0.1 <>"$work/tick" || true
    done
}

# The server's processes that stand still.
stopped() {
    local pid state
    for pid in $server $(pgrep -P "$server"); do
        state=$(ps -o stat= -p "$pid")
        [[ $state != [tT]* ]] || echo "$pid"
    done
}

has_stopped() {
    grep -q 'stopped by SIGSTOP' "$work/trace" && [ -n "$(stopped)" ]
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

serves_somebody() {
    grep -q 'client ' "$work/log"
}

# Let go of all processes; who stands still stays so. strace itself would let
# them run.
leave_to_others() {
    local tracer
    tracer=$(awk '/^TracerPid/ { print $2 }' "/proc/$1/status")
    [ "$tracer" -eq 0 ] || kill -KILL "$tracer"
    within 2 grep -q '^TracerPid:.0$' "/proc/$1/status"
}

start_server() {
    local line='' inject="signal=SIGSTOP:when=${when:-1}"
    local options=(--port 0 --workers 1)
    [[ $made_again != *" $call "* ]] || inject="error=EINTR:$inject"
    [ -z "${EXIT-}" ] || options+=(--exit "$EXIT")
    [ "$number" -lt 3 ] || options+=(--directory "$work/files")
    mkfifo "$work/out"
    (only_standard_fds env --default-signal=INT,QUIT \
        strace -D -f -qq -o "$work/trace" -e "trace=$call" -e "inject=$call:$inject" \
        "$folder/$program" "${options[@]}") >"$work/out" 2>"$work/log" </dev/null &
    server=$!
    exec {out}<>"$work/out"
    read -rt $((10 * TIMEOUT_SCALE)) -u "$out" line
    [[ $line == listening* ]] ||
        die "$program does not start: $(cat "$work/log" "$work/trace" 2>/dev/null)"
    port=${line##*:}
}

start_client() {
    if [ "$number" -lt 3 ]; then
        echo hello | "$folder/client" -p "$port" >"$work/client" 2>&1 &
    else
        "$folder/client" -p "$port" -q -t 0 -o "$work/got" ${EXIT:+-r 8M} file \
            >"$work/client" 2>&1 &
    fi
    client=$!
}

# who PID: which process is it?
who() {
    if [ "$1" -ne "$server" ]; then
        echo "a worker, process $1"
    elif [ -n "$(pgrep -P "$server")" ]; then
        echo "the parent, process $1"
    else
        echo "the server, process $1"
    fi
}

describe() {
    local verb='has just made'
    [[ $made_again != *" $call "* ]] || verb='is about to make'
    printf '%s\n' "${bold}Here stands $(who "$1"). It $verb the call$plain"
    awk -v call=" $call(" 'index($0, call) { line = $0 }
        / --- SIGSTOP / { print line; exit }' "$work/trace" |
        sed 's/^[0-9]* */  /; s/ = -1 EINTR.*//' | cut -c "1-$width"
    printf '\n%s\n' "It and the others:"
    ps -o pid,ppid,stat,args -p "$server" --ppid "$server" | cut -c "1-$width"
    printf '\n%s\n' "Its descriptors:"
    find "/proc/$1/fd" -type l -printf '  %f -> %l\n' | sort -n -k1
    [ -z "$text" ] || printf '\n%s\n' "$text" | wrapped
    printf '%s\n' '' 'Look, in another terminal:' \
        "  ls -l /proc/$1/fd; grep Sig /proc/$1/status" \
        "  ss -tnp 'sport = :$port or dport = :$port'" \
        "  gdb -p $1 -batch -ex bt" \
        "  kill -9 $1"
}

go_on() {
    local pid
    for pid in $(stopped); do
        kill -CONT "$pid"
    done
    within 15 is_gone "$client" || kill "$client" 2>/dev/null
    wait "$client" 2>/dev/null
    printf '\n%s\n' "It went on. The client ended with status $?."
    sed 's/^/  client: /' "$work/client"
    kill -TERM "$server" 2>/dev/null
    within 5 is_gone "$server" || true
    sed 's/^/  log: /' "$work/log" | tail -n 12 | cut -c "1-$width"
}

[[ ${1-} == [1-9] ]] || die "usage: at.sh STAGE, with CALL=NAME or EXIT=METHOD"
number=$1
folder=$(echo "$root/stage$1"_*)
[ -d "$folder" ] || die "there is no stage $1"
program=${PROGRAM:-server}
call=${CALL-} when=${WHEN-} text=''
look_at_terminal
[ -n "$call${EXIT-}" ] || { list_moments "$1" && exit; }
[[ ${WHEN:-1} =~ ^[0-9]+$ ]] || die "WHEN has to be a number"
moment "$1"
[ -n "$call" ] || die "there is no moment for EXIT=$EXIT in stage $1 (make at$1 lists them)"
command -v strace >/dev/null || die "strace is not here (apt-get install strace)"
strace -qq -e "trace=$call" true 2>/dev/null ||
    die "strace does not know a call '$call', or may not trace here"
begin_work
make -s -C "$folder" || exit
mkfifo "$work/tick"
mkdir "$work/files" "$work/got"
truncate -s 24M "$work/files/file"
start_server
start_client
if [ -n "${EXIT-}" ]; then
    within 5 serves_somebody || true
    kill -TERM "$server"
fi
if ! within 10 has_stopped; then
    die "nobody made the call $call${when:+ number $when} within 10 s. The log:" \
        "$(cat "$work/log")"
fi
pid=$(stopped | head -n 1)
leave_to_others "$pid"
describe "$pid"
if [ -t 0 ]; then
    printf '\n%s' 'Enter lets it go on. '
    read -r
fi
go_on
