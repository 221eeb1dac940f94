#!/bin/bash
# kept.sh: a file of 4 KiB, again and again on connections that stay.
# BENCH_CLIENTS (16) clients at the same time; see lib.bash for the rest.

# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"

make -s -C "$root/stage6_threadpool" || exit
head -c 4096 /dev/urandom >"$work/files/file"
try_servers "${BENCH_CLIENTS:-16}" -f file -s 4096 --keep
show_results
