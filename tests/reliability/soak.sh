#!/bin/bash
# soak.sh [--connections N] [--seed N] [PROGRAM]...: does anything grow with the
# number of clients that were served?
#
# Each server has so many connections (20,000), 50 at a time, all of which have to
# get the right reply. Then it must have exactly the descriptors that it had after
# the first tenth, and take no more than 10 % more memory.
#
# A leak of a few bytes needs 1,000,000: make soak CONNECTIONS=1000000. See lib.bash
# for the rest.

declare -A option=([connections]=20000)
# shellcheck source=tests/reliability/lib.bash
. "$(dirname "$0")/lib.bash" "$@"

# serve N: so many connections, each of them answered.
serve() {
    start_swarm -c 50 -n "$1" -e
    wait_swarm
    expect_sound
    add connections "${got[connections]-0}"
}

visit() {
    local tenth=$((option[connections] / 10)) i
    ((tenth > 0)) || tenth=1
    start_server -w 8 || return
    serve $tenth
    tick 0.5
    remember
    for ((i = 2; i <= 10 && problems == 0; i++)); do
        serve $tenth
        ((i % 3 > 0)) || say "$((i * tenth)) connections"
    done
    expect_as_before 5
    stop_server
    say "$fds descriptors before and after; $memory_before KiB before, $memory after"
}

visit_all
finish "${figures[connections]-0} connections, ${figures[replies]-0} replies \
compared, ${figures[wrong]-0} wrong, ${figures[stuck]-0} stuck"
