#!/bin/bash
# small.sh: a file of 4 KiB, a new connection for each.
# BENCH_CLIENTS (16) clients at the same time; see lib.bash for the rest.

# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"

for folder in "$root"/stage[3-6]_*; do
    make -s -C "$folder" || exit
done
head -c 4096 /dev/urandom >"$work/files/file"
try_servers "${BENCH_CLIENTS:-16}" -f file -s 4096
show_results
