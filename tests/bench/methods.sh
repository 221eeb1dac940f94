#!/bin/bash
# methods.sh [STAGE_FOLDER]: every way to send a file with every way to receive
# it, over loopback, from a tmpfs to a tmpfs; the same file from nginx and from
# python3 to curl; from server_proactor,
# by both of its ways; from a bare sendfile(2) to somebody who drops what comes;
# then how much memory a small and a large file take.
#
# BENCH_MIB (1024)           size of the file
# BENCH_MEMORY_SIZES (1M 4G) sizes for the memory, none if it is empty
# See lib.bash for the rest.
#
# CPU is what the processes used, in user mode and in the kernel. Figures of one
# run compare; those of two machines, or of a busy one, do not.

# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
mib=${BENCH_MIB:-1024}
stage=$(cd "${1:-$root/stage4_zerocopy}" && pwd) || exit
folder=${stage#"$root/"}
client=$stage/client
curl=$(command -v curl)
proactor=stage6_threadpool/server_proactor
mkdir "$work/new"

# cost NAME FILE: the value of that name in a line that `measure` wrote.
cost() {
    sed -n "s/.*\<$1=\([^ ]*\).*/\1/p" "$2"
}

# fetch NAME ROUND SERVER OPTION... -- COMMAND...: start the server, have the
# command fetch the file, stop the server, record what it took. The command sees
# the port as PORT.
fetch() {
    local name=$1 round=$2 started=()
    shift 2
    while [ "$1" != -- ]; do
        started+=("$1")
        shift
    done
    shift
    cost_idle "${started[@]}"
    start_server "${started[@]}"
    "$build/measure" "$work/client_cost" "${@//PORT/$port}" >/dev/null 2>&1 ||
        die "$name failed: $*"
    end_server
    is_whole || die "$name: the file is not whole"
    rm -f "$work/new/file"
    awk -v OFS='\t' -v gb="$(awk "BEGIN { print $mib * 1048576 / 1e9 }")" \
        -v key="$workload	$name	-	$round" \
        -v wall="$(cost wall "$work/client_cost")" \
        -v server="$(cost cpu "$work/cost")" -v idle="$(cost cpu <(echo "$IDLE"))" \
        -v client="$(cost cpu "$work/client_cost")" 'BEGIN {
            print key, "gb_per_s", gb / wall
            print key, "server_s_per_gb", (server - idle) / gb
            print key, "client_s_per_gb", client / gb
        }' >>"$raw"
}

# Whoever keeps no file has counted the bytes itself.
is_whole() {
    [ ! -e "$work/new/file" ] ||
        [ "$(stat -c %s "$work/new/file")" = $((mib * 1048576)) ]
}

# One round: every pair once, then the others.
round() {
    local from to other
    for from in copy mmap sendfile splice; do
        for to in copy mmap splice; do
            fetch "$from-$to" "$1" "$folder/server" -m "$from" -- "$client" \
                -q -p PORT -m "$to" -o "$work/new" file
        done
    done
    for from in copy splice; do
        [ -n "$(why_not "$proactor")" ] ||
            fetch "proactor.$from-copy" "$1" "$proactor" -m "$from" -- \
                "$client" -q -p PORT -m copy -o "$work/new" file
    done
    for other in nginx python3; do
        [ -n "$(why_not $other)" ] || [ -z "$curl" ] ||
            fetch "$other-curl" "$1" $other -- "$curl" -s -S -f \
                -o "$work/new/file" http://127.0.0.1:PORT/file
    done
    fetch sendfile-discard "$1" sendfile -- "$build/load" -p bare \
        -s $((mib * 1048576)) -n 1 -t 600 PORT
}

# Peak memory of server and client. Both files are sparse.
memory() {
    local from size workload=memory
    rm -f "$work/files/file"
    for from in copy mmap sendfile splice; do
        for size in $1; do
            truncate -s "$size" "$work/files/file"
            start_server "$folder/server" -m "$from"
            "$build/measure" "$work/client_cost" "$client" -q -p "$port" \
                -o "$work/new" file || die "memory: $from $size failed"
            end_server
            record "$from" "$size" 1 server_kib "$(cost maxrss "$work/cost")"
            record "$from" "$size" 1 client_kib \
                "$(cost maxrss "$work/client_cost")"
            rm -f "$work/new/file" "$work/files/file"
        done
    done
    show_results
}

make -s -C "$stage" || exit
make -s -C "$root/stage6_threadpool" || exit
head -c $((mib * 1048576)) /dev/urandom >"$work/files/file"
for other in nginx python3 "$proactor"; do
    reason=$(why_not "$other")
    [ -z "$reason" ] || left_out "$other" "$reason"
done
[ -n "$curl" ] || left_out 'nginx-curl and python3-curl' \
    'curl is not installed (package curl)'
record file - 0 mib "$mib"
for ((r = 1; r <= rounds; r++)); do
    round $r
done
show_results
sizes=${BENCH_MEMORY_SIZES-1M 4G}
[ -z "$sizes" ] || memory "$sizes"
