#!/bin/bash
# inject.sh: every system call of every program fails once, and what promises.txt
# says must hold.
#
#   inject.sh all      each error at the 1st, 2nd and 5th call: a long time
#   inject.sh short    the chosen ones at the 1st call
#   inject.sh one PROGRAM ROLE:CALL:ERROR:N    one of them, and what was said
#
# Environment: PROGRAMS="stage1_fork/server ..."  only these (client: its client)
#              CALLS="accept4 ..."   only these calls
#              ROOT=folder           in place of this project: a copy of it
#              JOBS=N                so many at a time
#              TIMEOUT_SCALE=N       a slow machine
#
# Prints progress and a line of figures at the end. Status: 0 all promises held or
# are known not to (known.txt), 1 one did not, or a call has no row, 2 wrong usage,
# 3 not possible here.

set -u
shopt -s extglob # in the patterns of known.txt

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "${ROOT:-$here/../..}" && pwd) || exit 2
fail_once=$here/../build/fail_once
unset MAKEFLAGS MAKELEVEL

# shellcheck source=tests/inject/workload.bash
source "$here/workload.bash"
limit=$((12 * ${TIMEOUT_SCALE:-1})) # seconds for a client
jobs=${JOBS:-$(($(nproc) * 2))}

say() {
    printf '%s\n' "inject.sh: $*" >&2
}

# complain WHAT: a promise does not hold. Kept for the end of the case.
complain() {
    printf '%s\n' "$*" >>"$case_dir/complaints"
}

# words TEXT: print the words of TEXT, a line each.
words() {
    # shellcheck disable=SC2086 # the words are wanted
    printf '%s\n' ${1//,/ }
}

# all_programs: print those that there are to try.
all_programs() {
    if [ -n "${PROGRAMS-}" ]; then
        words "$PROGRAMS"
        return
    fi
    local stage folder program
    while read -r stage folder program _; do
        [[ $stage == [1-9] ]] || continue
        echo "$folder/$program"
        [ "$program" != server ] || echo "$folder/client"
    done <"$here/../programs.txt"
}

# try SPEC PROGRAM: run it in a folder of its own.
try() {
    : >"$case_dir/complaints"
    if [[ $2 == */client ]]; then
        ask "${1/#client:/main:}" "$2"
    else
        serve "$1" "$2"
    fi
}

# count PROGRAM: print "ROLE CALL TIMES" for the calls that it makes.
count() {
    local promise=unharmed
    case_dir=$work/count
    mkdir -p "$case_dir"
    try count "$1" >/dev/null 2>&1
    until_true 50 [ -s "$case_dir/trace" ]
    if [ -s "$case_dir/complaints" ] || [ ! -s "$case_dir/trace" ]; then
        say "$1 does not work even undisturbed:" \
            "$(cat "$case_dir/complaints" "$case_dir/err")"
        return 1
    fi
    if [[ $1 == */client ]]; then
        sed 's/^main/client/' "$case_dir/trace"
    else
        cat "$case_dir/trace"
    fi
    rm -rf "$case_dir"
}

# cases PROGRAM: print "PROGRAM PROMISE SPEC" for all there is to try with it, and
# "PROGRAM missing ROLE:CALL" for a call without a row.
cases() {
    local times
    times=$(count "$1") || return
    awk -v program="$1" -v mode="$mode" -v calls=" ${CALLS-} " '
        FNR == NR && /^ *[a-z]/ {
            n = split($2, places, ",")
            for (i = 1; i <= n; i++) {
                place = places[i] " " $1
                known[place] = 1
                for (j = 4; j <= NF; j++)
                    if ($j != "-")
                        errors[place, ++count[place]] = $3 " " $j
            }
        }
        FNR != NR && (calls == "  " || index(calls, " " $2 " ")) {
            place = $1 " " $2
            if (!known[place])
                print program, "missing", $1 ":" $2
            for (j = 1; j <= count[place]; j++) {
                split(errors[place, j], parts, " ")
                chosen = sub(/^!/, "", parts[2])
                for (nth = 1; nth <= 5 && nth <= $3; nth += nth == 2 ? 3 : 1)
                    if (mode != "short" || (chosen && nth == 1))
                        print program, parts[1], $1 ":" $2 ":" parts[2] ":" nth
            }
        }' "$here/promises.txt" - <<<"$times"
}

is_known() {
    local program pattern
    while read -r program pattern _; do
        [[ $program != '#'* && -n $program ]] || continue
        # shellcheck disable=SC2053 # patterns
        [[ $1 == $program && $2 == $pattern ]] && return
    done <"$here/known.txt"
    return 1
}

# one_case NUMBER PROGRAM PROMISE SPEC: append a line to the results: held, broken,
# known (to be broken), mended (and known) or unreached.
one_case() {
    local promise=$3 verdict=held what=''
    case_dir=$work/case$1
    mkdir "$case_dir"
    try "$4" "$2" 2>/dev/null
    if ! grep -q INJECTED "$case_dir/trace"; then
        verdict=unreached
    elif [ -s "$case_dir/complaints" ]; then
        verdict=broken
        what=$(paste -sd';' "$case_dir/complaints")
        ! is_known "$2" "$4" || verdict=known
    elif is_known "$2" "$4"; then
        verdict=mended
    fi
    printf '%s %s %s %s\n' "$verdict" "$2" "$4" "${what//$'\n'/ }" \
        >>"$work/results"
    rm -rf "$case_dir"
}

# counted VERDICT: how many of these results there are.
counted() {
    grep -c "^$1 " "$work/results"
}

progress() {
    local now=$SECONDS
    ((now - last >= 5)) || return 0
    last=$now
    printf '  %4d s  %d of %d injected, %d broken\n' "$now" \
        "$(wc -l <"$work/results")" "$total" "$(counted broken)"
}

run_cases() {
    local number=0 program promise spec running=0
    while read -r program promise spec <&4; do
        if ((running == jobs)); then
            wait -n
            running=$((running - 1))
        fi
        one_case $number "$program" "$promise" "$spec" 4<&- &
        number=$((number + 1))
        running=$((running + 1))
        progress
    done 4<"$work/cases"
    wait
}

# report_mended: the rows of known.txt that were tried and of which nothing failed.
report_mended() {
    local program pattern verdict where spec tried failed
    while read -r program pattern _; do
        [[ $program != '#'* && -n $program ]] || continue
        tried=0 failed=0
        while read -r verdict where spec _; do
            # shellcheck disable=SC2053 # patterns
            [[ $where == $program && $spec == $pattern ]] || continue
            tried=$((tried + 1))
            [ "$verdict" = mended ] || failed=$((failed + 1))
        done < <(grep -E '^(known|mended) ' "$work/results")
        [ $tried -eq 0 ] || [ $failed -gt 0 ] ||
            echo "MENDED remove this row from known.txt: $program $pattern"
    done <"$here/known.txt"
}

report() {
    sed -n 's/^broken \([^ ]*\) \([^ ]*\) /BROKEN \1 \2: /p' "$work/results" |
        sort
    [ "$mode" = short ] || report_mended
    sed 's/\([^ ]*\) missing \(.*\)/NO ROW \1 makes a call without one: \2/' \
        "$work/missing"
    printf '%d calls made to fail in %d programs, in %d s: %d promises held, ' \
        $((total - $(counted unreached))) "$(cut -d' ' -f1 "$work/cases" |
            sort -u | wc -l)" "$SECONDS" $(($(counted held) + $(counted mended)))
    printf '%d broken, %d known to be, %d not reached, %d calls without a row\n' \
        "$(counted broken)" "$(counted known)" "$(counted unreached)" \
        "$(wc -l <"$work/missing")"
}

run_all() {
    local program last=0 status=0
    : >"$work/results"
    for program in $(all_programs); do
        cases "$program" >>"$work/all" || status=1
        progress_counting "$program"
    done
    grep -v ' missing ' "$work/all" >"$work/cases"
    grep ' missing ' "$work/all" >"$work/missing"
    total=$(wc -l <"$work/cases")
    run_cases
    report
    [ $status -eq 0 ] && [ "$total" -gt 0 ] && [ "$(counted broken)" -eq 0 ] &&
        [ ! -s "$work/missing" ]
}

progress_counting() {
    printf '  %4d s  %s: %d to try\n' "$SECONDS" "$1" \
        "$(grep -c "^$1 " "$work/all")"
}

# run_one PROGRAM SPEC: show all about one.
run_one() {
    local promise role call error
    IFS=: read -r role call error _ <<<"$2"
    promise=$(awk -v call="$call" -v role="$role" -v error="$error" '
        $1 == call && index("," $2 ",", "," role ",") {
            for (i = 4; i <= NF; i++)
                if ($i == error || $i == "!" error)
                    print $3
        }' "$here/promises.txt")
    [ -n "$promise" ] || { say "promises.txt has no row for $2" && exit 2; }
    case_dir=$work/one
    mkdir "$case_dir"
    try "$2" "$1"
    sed 's/^/  /' "$case_dir/trace" "$case_dir/err"
    if ! grep -q INJECTED "$case_dir/trace"; then
        echo "$1 $2: not reached"
        return 1
    fi
    sed 's/^/BROKEN: /' "$case_dir/complaints"
    [ -s "$case_dir/complaints" ] || echo "$1 $2: $promise"
    [ ! -s "$case_dir/complaints" ]
}

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    local file
    wait
    grep -lzs "^INJECT_CASE=$work" /proc/[0-9]*/environ |
        while IFS=/ read -r _ _ file _; do
            kill -KILL "$file" 2>/dev/null
        done
    rm -rf "$work"
}

mode=${1-}
case "$mode $#" in
'all 1' | 'short 1' | 'one 3') ;;
*) say 'usage: inject.sh all|short|one PROGRAM ROLE:CALL:ERROR:N' && exit 2 ;;
esac
make -s -C "$here/.." inject || exit 2
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
never=$work/never
files=$work/files
total=0
mkfifo "$never" && mkdir "$files" || exit
head -c 2500000 /dev/urandom >"$files/file"
"$fail_once" "$work/probe" main:getppid:EPERM:1 "$(type -P true)" ||
    { say 'system calls cannot be made to fail here (seccomp_unotify(2))' && exit 3; }
for folder in $(all_programs | sed 's,/[^/]*$,,' | sort -u); do
    make -s -C "$root/$folder" || exit
done
if [ "$mode" = one ]; then
    run_one "$2" "$3"
else
    run_all
fi
