#!/bin/bash
# pools.sh [FOLDER...]: what a pool costs: how long it takes to start, how much
# memory it needs, how long one client takes, for small and large pools of
# processes (stage 5) and of threads (stage 6).  Each figure is a median of
# BENCH_ROUNDS (5).
#
# Memory is the proportional set size (proc(5), smaps_rollup): a page that
# several processes share counts once.

set -u
bench=$(cd "$(dirname "$0")" && pwd)
root=$bench/../..
rounds=${BENCH_ROUNDS:-5}
clients=2000
server=''
[ $# -gt 0 ] || set -- "$root/stage5_exit" "$root/stage6_threadpool"

work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
end_server() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    [ -z "$server" ] || wait "$server" 2>/dev/null
    server=''
}
trap 'end_server; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

die() {
    echo "pools.sh: $*" >&2
    exit 1
}

# The median of the numbers on standard input.
median() {
    sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

pss_kib() {
    local pid
    for pid in "$server" $(ps -o pid= --ppid "$server"); do
        awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup"
    done | awk '{ kib += $1 } END { print kib }'
}

# Measure one server once; appends to $work/start, $work/pss, $work/client.
measure() {
    local line from to
    mkfifo "$work/out"
    from=${EPOCHREALTIME/./}
    "$1/server" -p 0 -w "$2" -d "$work/files" >"$work/out" 2>"$work/log" &
    server=$!
    read -r -t 20 line <"$work/out" || die "$1 does not start: $(cat "$work/log")"
    to=${EPOCHREALTIME/./}
    rm "$work/out"
    awk -v us=$((to - from)) 'BEGIN { printf "%.1f\n", us / 1000 }' \
        >>"$work/start"
    pss_kib >>"$work/pss"
    "$work/clients" "${line##*:}" file $clients >>"$work/client" ||
        die "$1: a client failed"
    end_server
}

for folder in "$@"; do
    make -s -C "$folder" || exit
done
cc -O2 -std=c11 -D_GNU_SOURCE -o "$work/clients" "$bench/clients.c" || exit
mkdir "$work/files"
echo "a small file" >"$work/files/file"

awk -F': ' '/^model name/ { print "machine: " $2; exit }' /proc/cpuinfo
echo "cores:   $(nproc)   kernel: $(uname -r)   date: $(date +%F)"
echo "medians of $rounds rounds; $clients clients, one after another"
printf '\n%-18s %8s %14s %12s %17s\n' '' workers 'start-up (ms)' \
    'memory (KiB)' 'one client (us)'
for folder in "$@"; do
    for workers in 3 100; do
        rm -f "$work/start" "$work/pss" "$work/client"
        for ((r = 1; r <= rounds; r++)); do
            measure "$folder" $workers
        done
        printf '%-18s %8d %14s %12s %17s\n' "$(basename "$folder")" $workers \
            "$(median <"$work/start")" "$(median <"$work/pss")" \
            "$(median <"$work/client")"
    done
done
