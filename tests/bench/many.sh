#!/bin/bash
# many.sh: connected clients of which few are active. Does a server get slower or
# larger with those that say nothing?
#
# BENCH_CONNECTED (1 10 100 1000 10000)  how many are connected
# BENCH_ACTIVE (10)                      how many of them, at most, make requests
# See lib.bash for the rest.

# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
read -ra sizes <<<"${BENCH_CONNECTED:-1 10 100 1000 10000}"
most_active=${BENCH_ACTIVE:-10}
workers_max=1000 # that a pool of ours can have
fds_spare=1000   # more than a server needs beside its connections

# can_hold SERVER OPTIONS CONNECTED: if not, say why.
can_hold() {
    if (($3 + fds_spare > fds)); then
        left_out "$1, $3 connected" "no more than $fds descriptors allowed"
        return 1
    elif [[ $2 == *WORKERS* ]] && (($3 > workers_max)); then
        left_out "$1, $3 connected" \
            "each needs a worker, and there are $workers_max at most"
        return 1
    fi
}

# try_size SERVER PROTOCOL OPTIONS CONNECTED ROUND
try_size() {
    local active=$4
    ((active <= most_active)) || active=$most_active
    # shellcheck disable=SC2086 # several words
    try_server "$1" "$4" "$5" -- ${3//WORKERS/$4} -- -p "$2" -f file --keep \
        -c "$active" --silent $(($4 - active)) -d "$seconds"
}

make -s -C "$root/stage6_threadpool" || exit
head -c 4096 /dev/urandom >"$work/files/file"
for ((round = 1; round <= rounds; round++)); do
    while read -r name protocol options; do
        reason=$(why_not "$name")
        if [ -n "$reason" ]; then
            ((round > 1)) || left_out "$name" "$reason"
            continue
        fi
        for size in "${sizes[@]}"; do
            if ! why=$(can_hold "$name" "$options" "$size"); then
                ((round > 1)) || echo "$why"
                continue
            fi
            try_size "$name" "$protocol" "$options" "$size" "$round"
        done
    done < <(servers_of many)
done
show_results
