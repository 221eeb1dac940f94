#!/bin/bash
# connect.sh: connect, one line, close. How many clients can come in a second?
# BENCH_CLIENTS (16) of them at the same time; see lib.bash for the rest.

# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"

make -s -C "$root/stage1_fork" && make -s -C "$root/stage2_fdpass" || exit
try_servers "${BENCH_CLIENTS:-16}" -s 16
show_results
