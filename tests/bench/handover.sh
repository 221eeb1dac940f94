#!/bin/bash
# handover.sh: what it costs to give an item of work to somebody else, by each of
# the ways that the stages use. See handover_cost.c.
#
# BENCH_ITEMS (20000)  how many are handed over; a tenth where each needs a new
#                      process or thread
# See lib.bash for the rest.

# shellcheck source=tests/bench/lib.bash
. "$(dirname "$0")/lib.bash"
items=${BENCH_ITEMS:-20000}

[ "$(nproc)" -ge 2 ] || left_out 'two cores' 'there is one only'
for ((round = 1; round <= rounds; round++)); do
    for way in fork thread fdpass queue socketpair pipe eventfd; do
        for ((cores = 1; cores <= 2 && cores <= $(nproc); cores++)); do
            count=$items
            [[ $way != fork && $way != thread ]] || count=$((items / 10))
            ns=$("$build/handover_cost" $way $cores "$count" </dev/null) ||
                die "handover_cost $way failed"
            record $way $cores "$round" ns "$ns"
        done
    done
done
show_results
