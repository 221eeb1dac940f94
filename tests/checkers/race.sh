#!/bin/bash
# race.sh: look for data races in the programs that have threads. Their tests
# run under helgrind, under DRD, and built with the thread sanitizer.

set -u
# shellcheck source=tests/checkers/variant.bash
source "$(dirname "$0")/variant.bash"

left_out=' cli download transfer method exit ' # thread tries both ends, under load

suppressions=--suppressions=$tests/checkers/drd.supp # helgrind passes over them

has_threads() {
    nm -D --undefined-only "$1" | grep -q pthread_create
}

# test_row TOOL FOLDER PROGRAM SUITE...
test_row() {
    local tool=$1 folder=$2 program=$3 status=0 suite suites=() found
    for suite in "${@:4}"; do
        [[ $left_out == *" $suite "* ]] || suites+=("$suite")
    done
    [ -e "$work/$folder/$program.threads" ] || return 0
    export TSAN_OPTIONS=log_path=$row/reports/report:exitcode=66
    export WRAP=''
    [ "$tool" = TSan ] ||
        WRAP="valgrind --tool=$tool --error-exitcode=99 $suppressions
            --log-file=$row/reports/%q{SERVER_RUN}.%p"
    variant_test "$folder" "$program" "${suites[@]}" || status=1
    mapfile -t found < <(grep -rl -e 'ERROR SUMMARY: [1-9]' \
        -e 'WARNING: ThreadSanitizer' "$row/reports")
    if [ ${#found[@]} -gt 0 ]; then
        variant_show "${found[@]}"
        status=1
    fi
    variant_verdict $status "$folder" "$program, $tool"
}

# Note which programs have threads.
mark_row() {
    ! has_threads "$work/$1/$2" || touch "$work/$1/$2.threads"
}

variant_build CFLAGS='-Og -g -gdwarf-4'
variant_rows mark_row
variant_wait
if ! compgen -G "$work/*/*.threads" >/dev/null; then
    echo 'No program has threads: there is nothing to look at.'
    exit 0
fi
TIMEOUT_SCALE=20 variant_rows test_row helgrind
TIMEOUT_SCALE=20 variant_rows test_row drd
variant_wait
marks=("$work"/*/*.threads)
variant_build SANITIZE=thread
touch "${marks[@]}"
TIMEOUT_SCALE=5 variant_rows test_row TSan
variant_wait
[ "$failures" -eq 0 ]
