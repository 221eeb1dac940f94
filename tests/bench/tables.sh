#!/bin/bash
# tables.sh RAW [WORKLOAD...]: the tables of what was measured, medians over the
# rounds with the smallest and the largest value. RAW is what bench.sh has saved.
# Without a workload: what the machine is, and all of them;
# then the targets, which count as a workload here.

set -u
export LC_ALL=C
[ $# -ge 1 ] || { echo 'Usage: tables.sh RAW [WORKLOAD...]' >&2; exit 2; }
raw=$1
shift
if [ $# -eq 0 ]; then
    sed -n '/^# workload/!s/^# //p' "$raw"
    set -- connect small kept methods memory many handover pools targets
fi
for workload in "$@"; do
    if [ "$workload" = targets ]; then
        awk -f "$(dirname "$0")/targets.awk" "$raw"
        continue
    fi
    awk -f "$(dirname "$0")/summary.awk" "$raw" |
        awk -F '\t' -v workload="$workload" -f "$(dirname "$0")/tables.awk"
done
