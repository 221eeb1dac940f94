#!/bin/bash
# sanitize.sh: build every stage with the address sanitizer and the sanitizer of
# undefined behaviour, and run the tests on that. Any report fails, whatever the
# tests say.

set -u
# shellcheck source=tests/variant.bash
source "$(dirname "$0")/variant.bash"

export TIMEOUT_SCALE=4
# The shim of the tests is preloaded before the sanitizer; strace and the leak
# check do not go together (make memcheck looks for leaks).
ASAN_OPTIONS=log_path=$reports/report:handle_abort=1:detect_leaks=0
ASAN_OPTIONS+=:verify_asan_link_order=0:detect_stack_use_after_return=1
# gcc's version of this one reports to a file only by way of abort and ASan.
UBSAN_OPTIONS=log_path=$reports/report:abort_on_error=1:halt_on_error=1
UBSAN_OPTIONS+=:print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS

run_row() {
    local folder=$1 program=$2 status=0 files
    shift 2
    variant_test "$folder" "$program" "${@/%/.bats}" || status=1
    mapfile -t files < <(find "$reports" -type f)
    if [ ${#files[@]} -gt 0 ]; then
        cat "${files[@]:0:3}"
        echo "${#files[@]} reports; above are the first"
        status=1
    fi
    variant_verdict $status "$folder" "$program"
}

variant_build SANITIZE=address,undefined
variant_rows run_row
[ "$failures" -eq 0 ]
