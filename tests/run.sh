#!/bin/bash
# run.sh N [ARGUMENT...]     run the tests that the programs of stage N must pass
# run.sh all [ARGUMENT...]   run the tests of all programs and of the project
# run.sh tools [ARGUMENT...] run the tests of what the project has for learners
#                            and for attackers: make draw2, learn, chaos ...
#
# The arguments go to bats: run.sh 2 --filter 'half a line'. The table that says
# which program must pass which suites is programs.txt.
#
#   STAGE_DIR=FOLDER run.sh N   judge this folder in place of our own stage N
#   SERVER=PROGRAM run.sh N     only the rows of this program
#   JOBS=N                      so many rows at the same time (two for each
#                               processor: tests wait a lot)
#
# The last line is "N passed, N failed", and skipped ones if there are any.
# Status 0 only if nothing failed.

set -u
tests=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$tests")
unset MAKEFLAGS MAKELEVEL MFLAGS # of the make that started us

usage() {
    echo "run.sh: $1" >&2
    echo "Usage: run.sh N|all|tools [ARGUMENT OF BATS]..." >&2
    exit 2
}

# read_rows STAGE: fill the arrays, an element for each row that is to be run.
read_rows() {
    local stage folder program suites
    while read -r stage folder program suites; do
        [[ -n $stage && $stage != '#'* ]] || continue
        [[ $1 == "$stage" || ($1 == all && $stage != tools) ]] || continue
        [[ $1 == all || $program == "${SERVER:-$program}" ]] || continue
        suites=${suites%%#*}
        if [[ $stage == all || $stage == tools ]]; then
            folders+=('') programs+=('') titles+=('the whole project')
        elif [[ $1 != all && -n ${STAGE_DIR-} ]]; then
            folders+=("$(cd "$STAGE_DIR" && pwd)") programs+=("$program")
            titles+=("$STAGE_DIR $program")
        else
            folders+=("$root/$folder") programs+=("$program")
            titles+=("$folder $program")
        fi
        row_suites+=("$suites")
    done <"$tests/programs.txt"
}

# build_all: the helpers of the tests and every folder that is to be tested.
build_all() {
    local folder
    make -s -C "$tests" || return
    while read -r folder; do
        make -s -C "$folder" || return
    done < <(printf '%s\n' "${folders[@]}" | grep . | sort -u)
}

# cannot_build I: the program of row I needs a package that is not here; sets REPLY
# to what its Makefile says.
cannot_build() {
    local folder=${folders[$1]} program=${programs[$1]}
    [ -n "$folder" ] && [ ! -x "$folder/$program" ] &&
        REPLY=$(make -s -C "$folder" "$program" 2>&1 | grep ' needs ')
}

# run_row I ARGUMENT...: run the suites of row I. Status 0 only if all is well.
run_row() {
    local i=$1 suite names files=() missing=0
    shift
    read -ra names <<<"${row_suites[i]}"
    for suite in "${names[@]}"; do
        if [ -e "$tests/$suite.bats" ]; then
            files+=("$tests/$suite.bats")
        else
            echo "not ok - there is no suite tests/$suite.bats"
            missing=1
        fi
    done
    [ ${#files[@]} -gt 0 ] || return
    if cannot_build "$i"; then
        echo "ok 1 ${programs[i]} # skip $REPLY"
        return
    fi
    if [ -n "${folders[i]}" ]; then
        export STAGE_DIR=${folders[i]} SERVER=${programs[i]}
    else
        unset STAGE_DIR SERVER
    fi
    bats "${format[@]}" --report-formatter tap --output "$work/$i" "$@" \
        "${files[@]}" && [ $missing -eq 0 ]
}

# Run all rows, several at a time. Each leaves output, pid and status in $work.
run_rows() {
    local i
    for i in "${!titles[@]}"; do
        ((i < jobs)) || wait -n
        (
            echo "$BASHPID" >"$work/$i/pid"
            run_row "$i" "$@"
            echo $? >"$work/$i/status"
        ) >"$work/$i/output" 2>&1 &
    done
    wait
}

# show_row I: print what row I prints, as it comes.
show_row() {
    local pid=''
    printf '# %s: %s\n' "${titles[$1]}" "${row_suites[$1]}"
    until read -r pid 2>/dev/null <"$work/$1/pid"; do
        read -rt 0.1 <>"$work/never"
    done
    tail -n +1 -s 0.1 -f --pid="$pid" "$work/$1/output"
}

# count_row I: add its tests to the sums. A row that fails without a failed test
# is one failure more.
count_row() {
    local report=$work/$1/report.tap status good bad skip
    [ -e "$report" ] || report=$work/$1/output
    read -r status 2>/dev/null <"$work/$1/status" || status=1
    good=$(grep -c '^ok [0-9]' "$report")
    skip=$(grep -c '^ok [0-9].* # skip' "$report")
    bad=$(grep -c '^not ok [0-9]' "$report")
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + good - skip))
    skipped=$((skipped + skip))
    failed=$((failed + bad))
}

[[ ${1-} == @(all|tools|[0-9]) ]] || usage "expected a stage, all or tools"
folders=() programs=() titles=() row_suites=()
passed=0 failed=0 skipped=0
jobs=${JOBS:-$(($(nproc) * 2))}
format=(--formatter tap)
[ ! -t 1 ] || format=(--formatter pretty)

read_rows "$1"
[ ${#titles[@]} -gt 0 ] || usage "no program to test in stage $1"
build_all || exit

work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkfifo "$work/never"
for i in "${!titles[@]}"; do
    mkdir "$work/$i"
    : >"$work/$i/output"
done
run_rows "${@:2}" &
for i in "${!titles[@]}"; do
    show_row "$i"
    count_row "$i"
done
wait
echo "$passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
[ $failed -eq 0 ]
