#!/bin/bash
# storm.sh [--rounds N] [--seed N] [PROGRAM]...: stop servers at bad moments.
#
# Each server is started and stopped so often (30) by every way that it knows
# (--exit), at a random moment of its first 300 ms under load: by SIGTERM, SIGINT or
# SIGUSR1. In one round of three one of its processes is killed before; in one of
# three a second signal follows, in one of three a killed worker. Afterwards no
# process may be left, and the status must be as the notes say: 0 or 1 from a server
# that catches the signal, and 0 only if no download was torn that was not by a kill
# of ours; otherwise it is killed by the signal. See lib.bash for the rest.

declare -A option=([rounds]=30)
large=8000003 # more than the kernel buffers: a transfer can be torn
# shellcheck source=tests/reliability/lib.bash
. "$(dirname "$0")/lib.bash" "$@"

# chance N: true one time in N.
chance() {
    ((RANDOM % $1 == 0))
}

# wait_up_to MS: a random time.
wait_up_to() {
    printf -v pause '0.%03d' $((1 + RANDOM % $1))
    tick "$pause"
}

signal() {
    kill -s "$1" "$server" 2>/dev/null && signals=$((signals + 1))
}

# kill_any: a child of the server, if there is one.
kill_any() {
    find_children
    [ ${#children[@]} -eq 0 ] || ! kill -s KILL \
        "${children[RANDOM % ${#children[@]}]}" 2>/dev/null || kills=$((kills + 1))
}

# catches NUMBER: has the server a handler for this signal, or blocked it?
catches() {
    local caught
    caught=$(awk '$1 ~ /^Sig(Blk|Cgt):/ { print "0x" $2 }' \
        "/proc/$server/status" | paste -s -d '|')
    ((caught >> ($1 - 1) & 1))
}

# expect_status SIGNAL: the status is as documented, having begun with this one.
expect_status() {
    local number=$((server_status - 128))
    if [ "$caught" = yes ] && [ "$server_status" -gt 1 ]; then
        problem "after SIG$1 $way its status is $server_status, not 0 or 1"
    elif [ "$caught" = yes ] && [ "$server_status" = 0 ] && [ "$hard" = no ] &&
        [ "${got[torn]}" -gt 0 ]; then
        problem "after SIG$1 $way its status is 0, but ${got[torn]} downloads" \
            "were cut in the middle"
    elif [ "$caught" = no ] && [ $number -ne "$(kill -l "$1")" ]; then
        problem "SIG$1 should kill it, but its status is $server_status"
    fi
}

# disturb SIGNAL: what comes after the signal.
disturb() {
    if chance 3; then
        wait_up_to 200
        signal "$1"
        hard=yes
    fi
    if chance 3; then
        wait_up_to 50
        kill_any
        hard=yes
    fi
}

# round OPTION...: start it, load it, stop it.
round() {
    local names=(TERM) first caught=no hard=no begin
    [ $# -eq 0 ] || names=(TERM INT USR1)
    first=${names[RANDOM % ${#names[@]}]}
    start_server -t 1 -w 4 "$@" || return
    start_swarm -c 20 -r 3
    wait_up_to 300
    if chance 3; then
        kill_any
        hard=yes
    fi
    ! catches "$(kill -l "$first")" || caught=yes
    begin=${EPOCHREALTIME/./}
    signal "$first"
    disturb "$first"
    in_time 10 is_over "$server" || problem "10 s after SIG$first $way it is there"
    kill -s TERM "$swarm"
    wait_swarm
    stop_server
    expect_sound
    expect_status "$first"
    local ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
    ((ms <= slowest)) || slowest=$ms
}

# all_rounds OPTION...
all_rounds() {
    local i signals=0 kills=0 slowest=0 before=$problems
    way=${2+with $1 $2}
    for ((i = 1; i <= option[rounds] && problems == before; i++)); do
        round "$@"
    done
    say "$((i - 1)) stops ${way:+$way, }$signals signals, $kills kills;" \
        "the slowest took $slowest ms"
    add stops $((i - 1))
    add signals $signals
    add kills $kills
}

visit() {
    local exit ways=0
    for exit in kill mask cancel drain; do
        if takes --exit "$exit"; then
            all_rounds --exit "$exit" --drain-timeout 4
            ways=$((ways + 1))
        fi
    done
    [ $ways -gt 0 ] || all_rounds
}

visit_all
finish "${figures[stops]-0} stops, ${figures[signals]-0} signals, \
${figures[kills]-0} kills, ${figures[wrong]-0} wrong, ${figures[stuck]-0} stuck"
