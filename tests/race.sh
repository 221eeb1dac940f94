#!/bin/bash
# race.sh: look for data races in the programs that have threads. Their tests
# run under helgrind, under DRD, and built with the thread sanitizer.

set -u
# shellcheck source=tests/variant.bash
source "$(dirname "$0")/variant.bash"

export TSAN_OPTIONS=log_path=$reports/report:exitcode=66

has_threads() {
    nm -D --undefined-only "$1" | grep -q pthread_create
}

# run_row TOOL FOLDER PROGRAM SUITE...
run_row() {
    local tool=$1 folder=$2 program=$3 status=0 report
    shift 3
    [[ " ${threaded[*]} " == *" $folder/$program "* ]] || return 0
    variant_test "$folder" "$program" "${@/%/.bats}" || status=1
    for report in "$reports"/*; do
        if grep -q -e 'ERROR SUMMARY: [1-9]' -e 'WARNING: ThreadSanitizer' "$report"
        then
            cat "$report"
            status=1
        fi
    done
    variant_verdict $status "$folder" "$program ($tool)"
}

collect() {
    ! has_threads "$work/$1/$2" || threaded+=("$1/$2")
}

threaded=()
variant_build CFLAGS='-Og -g -gdwarf-4'
variant_rows collect
if [ ${#threaded[@]} -eq 0 ]; then
    echo 'No program has threads: there is nothing to look at.'
    exit 0
fi

export TIMEOUT_SCALE=20
for tool in helgrind drd; do
    WRAP="valgrind --tool=$tool --error-exitcode=99 --log-file=$reports/%q{SERVER_RUN}.%p" \
        variant_rows run_row $tool
done
variant_build SANITIZE=thread
TIMEOUT_SCALE=5 variant_rows run_row TSan
[ "$failures" -eq 0 ]
