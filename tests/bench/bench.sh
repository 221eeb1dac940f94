#!/bin/bash
# bench.sh [--quick] [--save] [WORKLOAD...]: measure every server with the same
# workloads, and show tables of what they cost.
#
#   connect   (a) connect, one line, close
#   small     (b) a file of 4 KiB, a new connection for each
#   kept      (b') the same on connections that stay
#   methods   (c) a file of 1 GiB, by every method
#   many      (d) many connected clients of which few make requests
#   handover  (e) what it costs to give work to somebody else
#   pools         what a pool costs
#
# Without workloads: all, in less than ten minutes on two cores. --quick: the same
# with everything small, in less than one; its figures mean little. --save: what
# was measured goes to notes/measured.txt, the tables into notes/measured.md, charts
# into notes/img; that needs gnuplot. The machine should have nothing else to do.

set -u
export LC_ALL=C
bench=$(cd "$(dirname "$0")" && pwd)
notes=${BENCH_NOTES:-$(cd "$bench/../.." && pwd)/notes}
save=''

usage() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    exit "$1"
}

while [[ ${1-} == -* ]]; do
    case $1 in
    --quick)
        export BENCH_ROUNDS=${BENCH_ROUNDS:-2} BENCH_SECONDS=${BENCH_SECONDS:-0.3}
        export BENCH_MIB=${BENCH_MIB:-64} BENCH_ITEMS=${BENCH_ITEMS:-2000}
        export BENCH_MEMORY_SIZES=${BENCH_MEMORY_SIZES-}
        export BENCH_ONE_BY_ONE=${BENCH_ONE_BY_ONE:-200}
        ;;
    --save) save=yes ;;
    --help) usage 0 ;;
    *) usage 2 >&2 ;;
    esac
    shift
done
[ $# -gt 0 ] || set -- connect small kept methods many handover pools
for workload in "$@"; do
    [[ $workload =~ ^(connect|small|kept|methods|many|handover|pools)$ ]] || usage 2 >&2
done
if [ -n "$save" ] && ! command -v gnuplot >/dev/null; then
    echo 'bench.sh: --save needs gnuplot (package gnuplot-nox)' >&2
    exit 1
fi

BENCH_RAW=$(mktemp "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
export BENCH_RAW
trap 'rm -f "$BENCH_RAW"' EXIT
trap 'exit 130' INT TERM
"$bench/machine.sh" | sed 's/^/# /' >"$BENCH_RAW"
printf '# workload\tsubject\tcase\tround\tmetric\tvalue (tables.awk has the units)\n' \
    >>"$BENCH_RAW"
"$bench/machine.sh"
for workload in "$@"; do
    "$bench/$workload.sh" || exit
done
"$bench/tables.sh" "$BENCH_RAW" targets
if [ -n "$save" ]; then
    "$bench/save.sh" "$BENCH_RAW" "$notes"
fi
