#!/bin/bash
# chaos.sh [--seconds N] [--seed N] [PROGRAM]...: disturb servers, and look whether
# they keep their promises.
#
# 150 clients ask each server and compare every byte of the replies; ten more reset
# their connections, stall, and flood it. Meanwhile one of its processes, if it has
# any, is killed every 50 ms. What has to be true: no wrong byte in a reply that is
# whole; each request gets its reply or an end; within 9 s of the last blow as many
# processes and descriptors as before, no zombies, no more memory, and everybody is
# answered.
#
# --seconds (20) is for how long each server is disturbed. See lib.bash for the rest.
# The seed fixes who is chosen and what is asked for, not when the kernel lets it
# happen.

declare -A option=([seconds]=20)
large=8000003 # more than the kernel buffers: a transfer can be torn
# shellcheck source=tests/reliability/lib.bash
. "$(dirname "$0")/lib.bash" "$@"

# kill_one: any child of the server.
kill_one() {
    find_children
    if [ ${#children[@]} -gt 0 ] && kill -s KILL \
        "${children[RANDOM % ${#children[@]}]}" 2>/dev/null; then
        kills=$((kills + 1))
    fi
}

count_threads() {
    local all=(/proc/"$server"/task/*)
    threads=${#all[@]}
}

# Until the swarm has no more to begin.
kill_all_the_time() {
    local end=$((${EPOCHREALTIME/./} + option[seconds] * 1000000)) i
    kills=0 threads=0
    for ((i = 1; ${EPOCHREALTIME/./} < end; i++)); do
        kill_one
        [ "$threads" -gt 1 ] || count_threads
        tick 0.05
        if is_over "$server"; then
            problem 'it has ended'
            return 1
        fi
        ((i % 100 > 0)) || say "about $((i / 20)) s, $kills kills"
    done
    add kills $kills
}

visit() {
    start_server -t 2 -w 8 || return
    start_swarm -c 150 -r 10 -t 2 # all that it needs once, it has after this
    wait_swarm
    expect_sound
    tick 1
    remember
    start_swarm -c 150 -r 10 -t "${option[seconds]}"
    if ! kill_all_the_time; then
        kill -s TERM "$swarm"
        stop_server
        return
    fi
    wait_swarm
    expect_sound
    add rude "${got[rude]-0}"
    [ "$kills" -gt 0 ] || [ "$threads" -gt 1 ] ||
        problem 'it had no process to kill, and no threads'
    expect_as_before 9
    local said="$kills kills, ${got[done]-0} replies, ${got[cut]-0} cut,"
    said+=" the slowest took ${got[slowest_ms]-0} ms"
    start_swarm -c 8 -n 64 -w $((9 * scale)) -e
    wait_swarm
    expect_sound
    stop_server
    say "$said"
}

visit_all
finish "${option[seconds]} s each, ${figures[kills]-0} kills, \
${figures[rude]-0} rude clients, ${figures[replies]-0} replies compared, ${figures[wrong]-0} wrong, \
${figures[stuck]-0} stuck"
