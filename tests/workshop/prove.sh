#!/bin/bash
# prove.sh WHAT [NAME]...: is what the workshop says so?
#
#   prove.sh bugs [7 ...]         the specimens of tests/bugs
#   prove.sh mutants [b01 ...]    the mutants of tests/mutants
#   prove.sh exercises [01 ...]   the exercises of tests/exercises
#
# A name may be a number or any part of the file's name; none stands for all.
# Each gets a line, with the reason below it if something is not so:
#
#   a specimen   its diff applies without fuzz; the copy builds; the sign is seen
#                in what `Show` prints with it and not without; the tests that it
#                names fail with it, each, and pass without
#   a mutant     the same, without the show
#   an exercise  see README.md there
#
# Variables: STAGE=2 only those of this stage; SHORT=1 for mutants: neither the
# checkers nor the tests of the healthy stage, which `make test` runs; JOBS=N so
# many at a time (one for each processor); TIMES=N each so many times, for what
# chance may decide.
#
# The last line is "N proved, N failed". Status 0 if nothing failed, 1 otherwise,
# 2 for wrong usage.

set -u
# shellcheck source=tests/workshop/lib.bash
source "$(dirname "$0")/lib.bash"

usage() {
    die "$1 (usage: prove.sh bugs|mutants|exercises [NAME]...)"
}

# complain LINE...: say what is not so. For the job of one file.
complain() {
    printf '       %s\n' "$@"
    return 1
}

indented() {
    head -n "${1:-20}" | cut -c 1-200 | sed 's/^/         /'
}

# need_fields FILE NAME...
need_fields() {
    local name missing=()
    for name in "${@:2}"; do
        [ -n "$(field "$name" "$1")" ] || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] || complain "lacks the fields: ${missing[*]}"
}

# broken_copy FILE [ARGUMENT OF MAKE]...: sets broken to a built copy with the
# diff of the file in it.
broken_copy() {
    local stage
    stage=$(stage_of "$1")
    copy_of "$stage" broken
    broken=$REPLY
    apply "$1" "$broken" || complain \
        "the diff does not fit $stage any more: write it anew" \
        "${complaints[@]}" || return
    [ $# -eq 1 ] || make -s -C "$broken" clean
    build "$broken" "${@:2}" && return
    complain "$stage does not build with it:"
    indented <"$work/build.log"
    return 1
}

# test_results FOLDER PROGRAM: run the tests in the arrays suites and names;
# fill the array results, an element "ok" or "not ok" for each.
test_results() {
    local suite i k regex line log=$work/tap
    results=()
    for suite in $(printf '%s\n' "${suites[@]}" | sort -u); do
        regex=''
        for i in "${!suites[@]}"; do
            [ "${suites[i]}" != "$suite" ] ||
                regex+="${regex:+|}$(as_regex "${names[i]}")"
        done
        bats_run "$1" "$2" "$tests/$suite.bats" "$regex" \
            $((60 * TIMEOUT_SCALE)) >"$log.$suite"
        for i in "${!suites[@]}"; do
            [ "${suites[i]}" = "$suite" ] || continue
            k=0
            while IFS= read -r line; do
                [[ $line == *"${names[i]}"* ]] || continue
                k=$((k + 1))
                [[ $line != *' # skip'* ]] || line='skipped '
                line=${line%% [0-9]*}
                results[i]=${results[i]:-$line}
                [ "${results[i]}" = "$line" ] || results[i]='both, ok and not ok'
            done < <(grep -E '^(not )?ok [0-9]+ ' "$log.$suite")
            [ $k -gt 0 ] || results[i]='no result'
        done
    done
}

# judge_reports: with a bad report of Valgrind in $reports, all tests have failed.
judge_reports() {
    local i bad
    bad=$(awk -v fds_count=1 -f "$tests/checkers/reports.awk" "$reports"/* | head -n 1)
    [ -n "$bad" ] || return 0
    for i in "${!results[@]}"; do
        [ "${results[i]}" = 'skipped ' ] || results[i]='not ok'
        {
            echo "${names[i]}: the report of Valgrind:"
            cat "$bad"
        } >>"$work/tap.${suites[i]}"
    done
}

# want_results WANTED WORDS FOLDER PROGRAM: each of the tests has this result.
want_results() {
    local i status=0
    test_results "$3" "$4"
    [ -z "${reports-}" ] || judge_reports
    for i in "${!names[@]}"; do
        [ "${results[i]}" != 'skipped ' ] || continue
        [ "${results[i]}" = "$1" ] && continue
        complain "$2: ${results[i]}: ${suites[i]}: \"${names[i]}\""
        grep -A 12 -F -e "${names[i]}" "$work/tap.${suites[i]}" | indented 14
        status=1
    done
    return $status
}

# prove_show FILE PROGRAM: the sign is to be seen in the broken copy only.
prove_show() {
    local sign stage
    stage=$(stage_of "$1")
    sign=$(field Sign "$1")
    field Show "$1" >"$work/show"
    healthy "$stage"
    stand "$REPLY" "$2" "$work/show" >"$work/show.healthy"
    stand "$broken" "$2" "$work/show" >"$work/show.broken"
    if grep -aEq -e "$sign" "$work/show.healthy"; then
        complain "the sign is seen without the bug, too: $sign"
        indented <"$work/show.healthy"
        return 1
    fi
    grep -aEq -e "$sign" "$work/show.broken" && return
    complain "the sign is not seen with the bug: $sign"
    indented <"$work/show.broken"
    return 1
}

# prove_tests FILE PROGRAM: fail with it, pass without.
prove_tests() {
    read_tests "$1"
    want_results 'not ok' 'with the diff' "$broken" "$2" || return
    [ -z "${SHORT-}" ] || return 0
    healthy "$(stage_of "$1")"
    want_results ok 'without the diff' "$REPLY" "$2"
}

bugs_prove() {
    local program
    need_fields "$1" Title Stage Seen Complaint Why Symptom Tool Tests Show Sign ||
        return
    program=$(program_of "$1")
    broken_copy "$1" && prove_show "$1" "$program" && prove_tests "$1" "$program"
}

# checked CHECKER FOLDER PROGRAM WANTED WORDS: the named tests, with a checker.
checked() {
    local memory='--leak-check=full --show-leak-kinds=definite --error-exitcode=99'
    local reports=''
    case $1 in
    memcheck)
        reports=$work/reports
        rm -rf "$reports"
        mkdir "$reports"
        memory+=" --track-fds=yes --log-file=$reports/%q{SERVER_RUN}.%p"
        WRAP="valgrind $memory" TIMEOUT_SCALE=10 \
            want_results "$4" "$5" "$2" "$3"
        ;;
    helgrind | drd) WRAP="valgrind --tool=$1 --error-exitcode=99" \
        TIMEOUT_SCALE=20 want_results "$4" "$5" "$2" "$3" ;;
    # As in sanitize.sh: libraries of the tests are preloaded before the sanitizer.
    *) ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 TIMEOUT_SCALE=4 \
        want_results "$4" "$5" "$2" "$3" ;;
    esac
}

# schedules FOLDER WANTED WORDS: trying all schedules ends with this status.
schedules() {
    local status=0
    DIR=$1 timeout $((120 * TIMEOUT_SCALE)) "$tests/schedule/schedule.sh" 6 \
        >"$work/schedules" 2>&1 || status=$?
    [ $status -ne "$2" ] || return 0
    complain "schedules, $3: status $status, expected $2"
    tail -n 20 "$work/schedules" | indented
    return 1
}

# prove_scheduled FILE: a schedule goes wrong with it, and none without.
prove_scheduled() {
    broken_copy "$1" || return
    [ -z "${SHORT-}" ] || return 0
    schedules "$broken" 1 'with the diff' || return
    healthy "$(stage_of "$1")"
    schedules "$REPLY" 0 'without the diff'
}

# prove_checked FILE PROGRAM CHECKER: the named tests fail under a checker.
prove_checked() {
    local options=() stage
    stage=$(stage_of "$1")
    case $3 in
    memcheck | helgrind | drd) options=(CFLAGS='-Og -g -gdwarf-4') ;;
    sanitize) options=('SANITIZE=address,undefined') ;;
    race) options=(SANITIZE=thread) ;;
    *) complain "there is no checker '$3'" || return ;;
    esac
    broken_copy "$1" "${options[@]}" || return
    read_tests "$1"
    checked "$3" "$broken" "$2" 'not ok' "$3, with the diff" || return
    copy_of "$stage" sound
    make -s -C "$REPLY" clean && build "$REPLY" "${options[@]}" || return
    checked "$3" "$REPLY" "$2" ok "$3, without the diff"
}

mutants_prove() {
    local program checker
    checker=$(field Checker "$1")
    if [ "$checker" = schedules ]; then
        need_fields "$1" Title Stage && prove_scheduled "$1"
        return
    fi
    need_fields "$1" Title Stage Tests || return
    program=$(program_of "$1")
    if [ -z "$checker" ]; then
        broken_copy "$1" && prove_tests "$1" "$program"
    elif [ -n "${SHORT-}" ]; then
        broken_copy "$1"
    else
        prove_checked "$1" "$program" "$checker"
    fi
}

# prove_one FILE: the job of one file, with a folder of its own.
prove_one() {
    local name=${1##*/} verdict='ok  ' begin=$SECONDS i
    work=$shared/${name%.*}
    mkdir "$work"
    trap - EXIT
    for ((i = 0; i < ${TIMES:-1}; i++)); do
        # In a subshell: what cannot go on exits.
        ("${what}_prove" "$1") >"$work/said" 2>&1 || verdict=FAIL
        [ "$verdict" != FAIL ] || break
    done
    {
        printf '%s %-34s (%d s)\n' "$verdict" "${name%.*}" $((SECONDS - begin))
        [ "$verdict" != FAIL ] || cat "$work/said"
    } >"$work/all"
    cat "$work/all" # at once: others write, too
    [ "$verdict" != FAIL ]
}

# wanted FILE NAME...: is it one of those that were asked for?
wanted() {
    local file=${1##*/} name number
    [[ -z ${STAGE-} ]] || [[ $(field Stage "$1") == *"$STAGE"* ]] || return
    [ $# -gt 1 ] || return 0
    for name in "${@:2}"; do
        number=${file%%-*}
        [[ $name =~ ^[0-9]+$ && $number =~ ^[0-9]+$ ]] || number=''
        [ -z "$number" ] || ((10#$number != 10#$name)) || return 0
        [ -n "$number" ] || [[ ${file%.*} != *"$name"* ]] || return 0
    done
    return 1
}

[[ ${1-} == bugs || ${1-} == mutants || ${1-} == exercises ]] ||
    usage "'${1-}' is nothing to prove"
what=$1
shift
# shellcheck source=tests/workshop/prove_exercise.bash
[ "$what" != exercises ] || source "$tests/workshop/prove_exercise.bash"

files=()
for file in "$tests/$what"/*.patch "$tests/$what"/[0-9]*.md; do
    [ ! -e "$file" ] || ! wanted "$file" "$@" || files+=("$file")
done
[ ${#files[@]} -gt 0 ] || usage "tests/$what has none of the name ${*:-*}"

look_at_terminal
begin_work
make -s -C "$tests" || exit
proved=0 failed=0 running=0
jobs=${JOBS:-$(nproc)}
count() {
    if wait -n; then
        proved=$((proved + 1))
    else
        failed=$((failed + 1))
    fi
    running=$((running - 1))
}
for file in "${files[@]}"; do
    ((running < jobs)) || count
    prove_one "$file" &
    running=$((running + 1))
done
while ((running > 0)); do
    count
done
echo "$proved proved, $failed failed"
[ $failed -eq 0 ]
