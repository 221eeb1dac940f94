#!/bin/bash
# strace.sh N: count the system calls that stage N makes for each MiB of a file,
# for every way to send it and every way to receive it.  Needs strace.  STAGE_DIR=mine:
# of this copy of the stage.

set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${STAGE_DIR:-$(echo "$root/stage$1"_*)}
mib=64
server=''

work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
end_server() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    [ -z "$server" ] || wait "$server" 2>/dev/null
    server=''
}
trap 'end_server; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

die() {
    echo "strace.sh: $*" >&2
    exit 1
}

# strace writes its table when the server has gone, a moment later.
wait_for_table() {
    local i
    for ((i = 0; i < 1000; i++)); do
        grep -q ' total$' "$1" 2>/dev/null && return
        read -r -t 0.01 <> <(:)
    done
    die "no table from strace"
}

# Download once; leaves the tables in $work/server and $work/client.
download() {
    local line
    rm -f "$work/server" "$work/client"
    mkfifo "$work/out"
    strace -D -f -c -o "$work/server" "$folder/server" -p 0 -w 1 -m "$1" \
        -d "$work/files" >"$work/out" 2>"$work/log" &
    server=$!
    read -r -t 10 line <"$work/out" || die "the server does not start"
    rm "$work/out"
    strace -f -c -o "$work/client" "$folder/client" -q -p "${line##*:}" \
        -m "$2" -o "$work" file || die "the download failed"
    cmp -s "$work/files/file" "$work/file" || die "the file has changed"
    end_server
    wait_for_table "$work/server"
}

# Print a line of the table from what strace counted.
count() {
    awk -v name="$2" -v mib=$mib '
        $1 ~ /^[0-9.]+$/ && $NF != "total" { calls[$NF] += $4; all += $4 }
        END {
            printf "%-9s", name
            split("read recvfrom sendto write sendfile splice mmap munmap lseek", columns, " ")
            for (i = 1; i in columns; i++) {
                per_mib = calls[columns[i]] / mib
                shown += per_mib
                printf " %8s", per_mib < 0.5 ? "-" : sprintf("%.0f", per_mib)
            }
            printf " %9.0f\n", all / mib
        }' "$1"
}

table_head() {
    printf '\n%-9s' "$1"
    printf ' %8s' read recvfrom sendto write sendfile splice mmap munmap lseek
    printf ' %9s\n' 'all calls'
}

command -v strace >/dev/null || die "strace is not installed (apt-get install strace)"
strace -qq -e trace=none true || die "strace is not allowed to trace here"
make -s -C "$folder" || exit
"$folder/server" --help | grep -q -- --method ||
    die "stage $1 has only one method; try stage 4"
mkdir "$work/files"
head -c $((mib * 1048576)) /dev/urandom >"$work/files/file"

echo "System calls for each MiB of a file ($mib MiB, $(basename "$folder"))"
table_head server
for method in copy mmap sendfile splice; do
    download "$method" copy
    count "$work/server" "$method"
done
table_head client
for method in copy mmap splice; do
    download sendfile "$method"
    count "$work/client" "$method"
done
