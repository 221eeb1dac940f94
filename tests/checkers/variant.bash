# variant.bash: build every stage in another way, in copies of the folders, and
# run the tests there. Sourced by memcheck.sh, sanitize.sh and race.sh.
#
# STAGE_DIR=mine STAGE=6: only this folder, by the rows of stage 6.
#
# Tests with the Bats tag `native` are left out: they count on the plain build,
# trace system calls, or measure time or memory.

# shellcheck shell=bash

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
own=${STAGE_DIR-} # of a learner
own_stage=${STAGE-}
if [ -n "$own" ] && ! compgen -G "$tests/../stage${own_stage:-?}_*" >/dev/null; then
    echo "$(basename "$0"): a copy of which stage is '$own'? Say STAGE=6" >&2
    exit 2
fi
if [ -n "$own" ] && [ ! -e "$own/Makefile" ]; then
    echo "$(basename "$0"): there is no Makefile in '$own'" >&2
    exit 2
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
failures=0
rows=() # process ids of those that were started
jobs=$(($(nproc) * 2)) # rows of the table at the same time: tests wait a lot
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export SERVER_RUN=0 # part of a report's name; helpers.bash sets it for each server
unset MAKEFLAGS MAKELEVEL

# End the rows that still run, each a process group.
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    local pid
    for pid in $(jobs -rp); do
        kill -KILL -- "-$pid"
    done
    wait
    rm -rf "$work"
} 2>/dev/null

# variant_build ARGUMENT...: copy every stage, build it with these arguments of
# make.
variant_build() {
    local folder copy folders=("$tests"/../stage[1-9]_*/)
    [ -z "$own_stage" ] || folders=("$tests"/../stage"$own_stage"_*/)
    for folder in "${folders[@]}"; do
        copy=$work/$(basename "$folder")
        folder=${own:-$folder}
        rm -rf "$copy"
        mkdir "$copy"
        (cd "$folder" && find . -name build -prune -o -type f \
            \( -name '*.[ch]' -o -name Makefile -o -name '*.mk' \
            -o -path '*/cgi-bin/*' \) -print0 |
            xargs -0 cp --parents -t "$copy") &&
            make -s -C "$copy" "$@" || exit
    done
    make -s -C "$tests" || exit
}

# Run a row: whatever it says is kept for later. It has a folder $row for itself
# and puts the reports into $row/reports.
run_row() {
    row=$work/row$1
    shift
    rm -rf "$row"
    mkdir -p "$row/reports"
    "$@" >"$row/said" 2>&1
}

# variant_rows COMMAND...: for each row of programs.txt, start the command with
# the folder, the program and its suites as further arguments.
variant_rows() {
    local stage folder program suites
    while read -r stage folder program suites; do
        [[ $stage == [1-9] && $stage == "${own_stage:-$stage}" ]] || continue
        [ -x "$work/$folder/$program" ] || continue
        [ ${#rows[@]} -lt "$jobs" ] || wait -n
        set -m
        # shellcheck disable=SC2086 # the suites are words
        run_row ${#rows[@]} "$@" "$folder" "$program" ${suites%%#*} </dev/null &
        set +m
        rows+=($!)
    done <"$tests/programs.txt"
}

# variant_wait: wait for all that was started; print what each has to say.
variant_wait() {
    local i
    for i in "${!rows[@]}"; do
        wait "${rows[i]}" || failures=$((failures + 1))
        cat "$work/row$i/said"
    done
    rows=()
}

# variant_test FOLDER PROGRAM SUITE...: run these suites; print what failed.
variant_test() {
    local folder=$1 program=$2 status=0 files=("${@:3}")
    files=("${files[@]/#/$tests/}")
    STAGE_DIR=$work/$folder SERVER=$program \
        bats --tap --filter-tags '!native' "${files[@]/%/.bats}" \
        >"$row/output" 2>&1 || status=$?
    [ $status -eq 0 ] || grep -v '^ok ' "$row/output"
    return $status
}

# variant_verdict STATUS FOLDER WHAT: print a line about a run, and return that
# status.
variant_verdict() {
    local verdict=ok
    [ "$1" -eq 0 ] || verdict=FAIL
    printf '%-4s %-18s %-14s %3d tests passed\n' "$verdict" "$2" "$3" \
        "$(grep -c '^ok ' "$row/output")"
    return "$1"
}

# Show the first of some reports and say how many there are.
variant_show() {
    cat "${@:1:3}"
    echo "Reports with something wrong: $#. The first are above."
}
