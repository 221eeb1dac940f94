# variant.bash: build every stage in another way, in copies of the folders, and
# run the tests there. Sourced by memcheck.sh, sanitize.sh and race.sh.
#
# Tests with the Bats tag `native` are left out: they count on the plain build.

# shellcheck shell=bash

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
reports=$work/reports # one file for each process that has something to say
failures=0
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export SERVER_RUN=0 # part of a report's name; helpers.bash sets it for each server
unset MAKEFLAGS MAKELEVEL

# variant_build ARGUMENT...: copy every stage, build it with these arguments of
# make.
variant_build() {
    local folder copy
    for folder in "$tests"/../stage[1-9]_*/; do
        copy=$work/$(basename "$folder")
        rm -rf "$copy"
        mkdir "$copy"
        cp "$folder"/*.[ch] "$folder"/Makefile "$copy" &&
            make -s -C "$copy" "$@" || exit
    done
    make -s -C "$tests" || exit
}

# variant_rows COMMAND...: for each row of programs.txt, run the command with
# the folder, the program and its suites as further arguments.
variant_rows() {
    local stage folder program suites
    while read -r stage folder program suites <&5; do
        [[ $stage == [1-9] ]] || continue
        # shellcheck disable=SC2086 # the suites are words
        "$@" "$folder" "$program" ${suites%%#*}
    done 5<"$tests/programs.txt"
}

# variant_test FOLDER PROGRAM SUITE...: run these suites; print what failed.
# Afterwards $reports holds the reports of this run.
variant_test() {
    local folder=$1 program=$2 status=0
    shift 2
    rm -rf "$reports"
    mkdir "$reports"
    STAGE_DIR=$work/$folder SERVER=$program \
        bats --tap --filter-tags '!native' "${@/#/$tests/}" \
        >"$work/output" 2>&1 5<&- || status=$?
    [ $status -eq 0 ] || grep -v '^ok ' "$work/output"
    return $status
}

# variant_verdict STATUS FOLDER PROGRAM: print a line about a run.
variant_verdict() {
    local verdict=ok count
    count=$(grep -c '^ok ' "$work/output")
    [ "$1" -eq 0 ] || verdict=FAIL failures=$((failures + 1))
    printf '%-4s %-18s %-14s %3d tests passed\n' "$verdict" "$2" "$3" "$count"
}
