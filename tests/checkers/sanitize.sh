#!/bin/bash
# sanitize.sh: build every stage with the address sanitizer and the sanitizer of
# undefined behaviour, and run the tests on that. Any report fails, whatever the
# tests say.

set -u
# shellcheck source=tests/checkers/variant.bash
source "$(dirname "$0")/variant.bash"

export TIMEOUT_SCALE=4

set_options() {
    local log=log_path=$row/reports/report
    # The shim of the tests is preloaded before the sanitizer; strace and the
    # leak check do not go together (make memcheck looks for leaks).
    ASAN_OPTIONS=$log:handle_abort=1:detect_leaks=0:verify_asan_link_order=0
    ASAN_OPTIONS+=:detect_stack_use_after_return=1
    # gcc's version of this one reports to a file only by way of abort and ASan.
    UBSAN_OPTIONS=$log:halt_on_error=1:abort_on_error=1:print_stacktrace=1
    export ASAN_OPTIONS UBSAN_OPTIONS
}

test_row() {
    local folder=$1 program=$2 status=0 found
    set_options
    variant_test "$@" || status=1
    mapfile -t found < <(find "$row/reports" -type f)
    if [ ${#found[@]} -gt 0 ]; then
        variant_show "${found[@]}"
        status=1
    fi
    variant_verdict $status "$folder" "$program"
}

variant_build SANITIZE=address,undefined
variant_rows test_row
variant_wait
[ "$failures" -eq 0 ]
