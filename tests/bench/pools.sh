#!/bin/bash
# pools.sh [FOLDER...]: what a pool costs: how long it takes to start, how much
# memory it needs, how long one client takes, for small and large pools of
# processes (stage 5) and of threads (stage 6).
#
# BENCH_ONE_BY_ONE (2000)  clients, one after another
# See lib.bash for the rest.
#
# Memory is the proportional set size (proc(5), smaps_rollup): a page that
# several processes share counts once.

# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
requests=${BENCH_ONE_BY_ONE:-2000}
[ $# -gt 0 ] || set -- "$root/stage5_exit" "$root/stage6_threadpool"

# The memory of all processes below the one that measures them.
pss_kib() {
    local pid family
    mapfile -t family < <(ps -o pid= --ppid "$server")
    mapfile -t -O ${#family[@]} family \
        < <(ps -o pid= --ppid "${family[0]// /}")
    for pid in "${family[@]}"; do
        awk '/^Pss:/ { print $2 }' "/proc/${pid// /}/smaps_rollup"
    done | awk '{ kib += $1 } END { print kib }'
}

# try_pool FOLDER WORKERS ROUND
try_pool() {
    local from to name
    name=$(basename "$1")
    from=${EPOCHREALTIME/./}
    start_server "$name/server" -w "$2"
    to=${EPOCHREALTIME/./}
    record "$name" "$2" "$3" start_ms "$(awk "BEGIN { print ($to - $from) / 1000 }")"
    record "$name" "$2" "$3" pss_kib "$(pss_kib)"
    "$build/load" -f file -n "$requests" "$port" >"$work/load" ||
        die "$1: $(cat "$work/load")"
    end_server
    record "$name" "$2" "$3" client_us \
        "$(sed -n 's/.* p50_us=\([^ ]*\) .*/\1/p' "$work/load")"
}

for folder in "$@"; do
    make -s -C "$folder" || exit
done
echo "a small file" >"$work/files/file"
for ((r = 1; r <= rounds; r++)); do
    for folder in "$@"; do
        for workers in 3 100; do
            try_pool "$folder" $workers $r
        done
    done
done
show_results
