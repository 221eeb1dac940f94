#!/bin/bash
# methods.sh [STAGE_FOLDER]: every way to send a file with every way to receive
# it, over loopback, from a tmpfs to a tmpfs; then the same file from nginx to
# curl; then how much memory a small and a large file take.
#
# BENCH_MIB (1024)   size of the file
# BENCH_ROUNDS (5)   rounds; in each, every pair has its turn once
#
# Prints the machine, then medians with the smallest and the largest value. CPU
# is what the processes used, in user mode and in the kernel. Figures of one run
# compare; those of two machines, or of a busy one, do not.

set -u
bench=$(cd "$(dirname "$0")" && pwd)
root=$bench/../..
mib=${BENCH_MIB:-1024}
rounds=${BENCH_ROUNDS:-5}
stage=$(cd "${1:-$root/stage4_zerocopy}" && pwd) || exit
server=''

work=$(mktemp -d /dev/shm/poolladder-XXXXXX) || exit
end_server() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    [ -z "$server" ] || wait "$server" 2>/dev/null
    server=''
}
trap 'end_server; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

die() {
    echo "methods.sh: $*" >&2
    exit 1
}

# The server's processes.
family() {
    echo "$server"
    ps -o pid= --ppid "$server"
}

# CPU seconds that the server has used, all its processes together: by the
# scheduler's account in nanoseconds where the kernel keeps one.
server_cpu() {
    local pid
    for pid in $(family); do
        cat "/proc/$pid/task/"*/schedstat
    done | awk '{ ns += $1 } END { printf "%.4f\n", ns / 1e9 }'
}

server_rss() {
    local pid
    for pid in $(family); do
        awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"
    done | sort -n | tail -n 1
}

start_server() {
    local line
    mkfifo "$work/out"
    "$@" >"$work/out" 2>"$work/log" &
    server=$!
    read -r -t 10 line <"$work/out" || die "$1 does not start: $(cat "$work/log")"
    rm "$work/out"
    port=${line##*:}
}

# fetch NAME COMMAND...: fetch the file into a new one; add a line "NAME
# GB_PER_SECOND CPU_OF_SERVER_PER_GB CPU_OF_CLIENT_PER_GB" to the results.
fetch() {
    local name=$1 before after cost
    shift
    before=$(server_cpu)
    cost=$("$work/measure" "$@" 2>&1 >/dev/null | sed -n 's/^measured //p')
    after=$(server_cpu)
    [ "${cost##* }" = 0 ] || die "$name: '$*' failed"
    [ "$(stat -c %s "$work/new/file")" = $((mib * 1048576)) ] ||
        die "$name: the file is not whole"
    rm -f "$work/new/file"
    echo "$name $before $after $cost" | awk -v bytes=$((mib * 1048576)) '
        { gb = bytes / 1e9; print $1, gb / $4, ($3 - $2) / gb, $5 / gb }'
}

# Read lines "NAME VALUE VALUE VALUE"; print medians and ranges, in the order in
# which the names first came.
summarize() {
    sort -s -k1,1 | awk '
    function median(v, n,   i, j, t) {
        for (i = 2; i <= n; i++)
            for (j = i; j > 1 && v[j - 1] > v[j]; j--) {
                t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
            }
        low = v[1]; high = v[n]
        return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
    }
    function flush_name(   m1, l1, h1, m2, m3) {
        if (!n) return
        m1 = median(rate, n); l1 = low; h1 = high
        m2 = median(server, n); l2 = low; h2 = high
        m3 = median(client, n)
        printf "%-22s %6.2f (%5.2f-%5.2f)   %6.3f (%5.3f-%5.3f)  %6.3f\n",
               name, m1, l1, h1, m2, l2, h2, m3
    }
    $1 != name { flush_name(); name = $1; n = 0 }
    { n++; rate[n] = $2; server[n] = $3; client[n] = $4 }
    END { flush_name() }'
}

# value NAME FIELD: a median from the summary.
value() {
    awk -v name="$1" -v field="$2" '$1 == name {
        gsub(/\([^)]*\)/, ""); print $(field + 1) }' "$work/summary"
}

machine() {
    awk -F': ' '/^model name/ { print "machine: " $2; exit }' /proc/cpuinfo
    echo "cores:   $(nproc)   kernel: $(uname -r)   date: $(date +%F)"
    echo "file:    $mib MiB, tmpfs to tmpfs over loopback, $rounds rounds"
}

make -s -C "$stage" || exit
cc -O2 -std=c11 -D_GNU_SOURCE -o "$work/measure" "$bench/measure.c" || exit
mkdir "$work/files" "$work/new"
head -c $((mib * 1048576)) /dev/urandom >"$work/files/file"

# One round: every pair once, nginx and curl last.
round() {
    local from to
    for from in copy mmap sendfile splice; do
        start_server "$stage/server" -p 0 -m "$from" -d "$work/files"
        for to in copy mmap splice; do
            fetch "$from-$to" "$stage/client" -q -p "$port" -m "$to" \
                -o "$work/new" file
        done
        end_server
    done
    [ -z "$nginx" ] || round_nginx
}

round_nginx() {
    "$nginx" -p "$work" -c "$work/nginx.conf" 2>"$work/log" &
    server=$!
    for ((i = 0; i < 500; i++)); do
        curl -s -o /dev/null -r 0-0 --unix-socket "$work/socket" \
            http://localhost/file && break
        read -r -t 0.01 <> <(:)
    done
    fetch nginx-curl curl -s -o "$work/new/file" "http://127.0.0.1:$nginx_port/file"
    end_server
}

# nginx cannot listen on port 0. It takes a port that a server of ours has just
# left, and a Unix socket by which to see that it is up.
set_up_nginx() {
    nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
    if [ -z "$nginx" ] || ! command -v curl >/dev/null; then
        echo "nginx and curl: left out, not installed (apt-get install nginx-light curl)"
        nginx=''
        return
    fi
    start_server "$stage/server" -p 0
    nginx_port=$port
    end_server
    cat >"$work/nginx.conf" <<CONF
daemon off;
user $(id -un) $(id -gn);
worker_processes auto;
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 1024; }
http {
    access_log off;
    sendfile on;
    server {
        listen 127.0.0.1:$nginx_port;
        listen unix:$work/socket;
        root $work/files;
    }
}
CONF
}

# Peak memory of server and client for a small and for a large file. Both
# are sparse, and removed at once where they arrive.
memory() {
    local from size cost
    rm -f "$work/files/file"
    printf '\npeak memory in KiB          server   client\n'
    for from in copy mmap sendfile splice; do
        for size in 1M 4G; do
            truncate -s "$size" "$work/files/large"
            start_server "$stage/server" -p 0 -m "$from" -d "$work/files"
            cost=$("$work/measure" "$stage/client" -q -p "$port" \
                -o "$work/new" large 2>&1 | sed -n 's/^measured //p')
            [ "${cost##* }" = 0 ] || die "memory: $from $size failed"
            read -ra words <<<"$cost"
            printf '%-10s %4s          %8d %8d\n' "$from" "$size" \
                "$(server_rss)" "${words[2]}"
            end_server
            rm -f "$work/new/large" "$work/files/large"
        done
    done
}

machine
set_up_nginx
for ((r = 1; r <= rounds; r++)); do
    round
done >"$work/results"
summarize <"$work/results" >"$work/summary"
printf '\nserver-client            GB/s (from - to)    server: CPU s/GB      client\n'
cat "$work/summary"

printf '\nserver sendfile / copy, CPU per GB (client splice):   %s\n' \
    "$(awk -v a="$(value sendfile-splice 2)" -v b="$(value copy-splice 2)" \
        'BEGIN { printf "%.2f", a / b }')"
[ -z "$nginx" ] || printf 'ours (sendfile-splice) / nginx-curl, bytes a second:  %s\n' \
    "$(awk -v a="$(value sendfile-splice 1)" -v b="$(value nginx-curl 1)" \
        'BEGIN { printf "%.2f", a / b }')"
memory
