#!/bin/bash
# flakes.sh [OPTION]...: run the tests again and again on a busy machine, and list
# those that failed, and how often.
#
#   --runs N        so often (50)
#   --stage N       the tests of stage N, or all (all)
#   --filter REGEX  only tests with such names
#   --load N        so many processes that do nothing but work (4): stress-ng, or
#                   loops of the shell
#   --short         three runs of those tests of stage 2 for which time matters most
#   --help          print this
#
# In the environment: JOBS, STAGE_DIR and SERVER, see run.sh, and TIMEOUT_SCALE.
# Status: 0 nothing failed, 1 something did, 2 wrong usage.

set -u
export LC_ALL=C
unset MAKEFLAGS MAKELEVEL MFLAGS # of the make that started us
tests=$(cd "$(dirname "$0")/.." && pwd -P)
runs=50 stage=all filter='' load=4

usage() {
    echo "flakes: $1" >&2
    echo "Try '$0 --help' for more information." >&2
    exit 2
}

# number NAME VALUE
number() {
    [[ $2 =~ ^[0-9]{1,6}$ ]] || usage "$1: '$2' is not a whole number"
}

while [ $# -gt 0 ]; do
    case $1 in
    --help)
        sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
        exit
        ;;
    --short)
        runs=3 stage=2 filter='dies young|are being started|is let go'
        shift
        continue
        ;;
    --runs | --stage | --filter | --load) [ $# -ge 2 ] || usage "$1 needs a value" ;;
    *) usage "what is '$1'?" ;;
    esac
    case $1 in
    --runs) number "$1" "$2" && runs=$2 ;;
    --load) number "$1" "$2" && load=$2 ;;
    --stage) stage=$2 ;;
    --filter) filter=$2 ;;
    esac
    shift 2
done
[[ $stage == all || $stage == [1-9] ]] || usage "--stage: '$stage' is no stage"

# All that this starts has the variable in its environment, wherever it goes to.
processes() {
    grep -lzsFx "POOLLADDER_FLAKES=$work" /proc/[0-9]*/environ | cut -d / -f 3
}

end_all() {
    local pids
    trap '' INT TERM HUP
    while mapfile -t pids < <(POOLLADDER_FLAKES='' processes) &&
        [ ${#pids[@]} -gt 0 ]; do
        kill -s KILL "${pids[@]}"
        read -rt 0.05 <>"$work/never"
    done
    wait
    rm -rf "$work"
} 2>/dev/null

work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit 1
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkfifo "$work/never"
mkdir "$work/tmp"

# marked COMMAND...: become the command.
marked() {
    exec env "POOLLADDER_FLAKES=$work" "TMPDIR=$work/tmp" "$@"
}

busy() {
    local i
    if [ "$load" -gt 0 ] && command -v stress-ng >/dev/null; then
        marked stress-ng --quiet --cpu "$load" </dev/null >/dev/null 2>&1 &
    else
        for ((i = 0; i < load; i++)); do
            marked bash -c 'while :; do :; done' </dev/null &
        done
    fi
}

# failures: print "ROW: TEST" for each test that failed in this run.
failures() {
    awk '
        /^# .*: / && !/^#  / { row = $0; sub(/^# /, "", row); sub(/: .*/, "", row) }
        /^not ok / { sub(/^not ok [0-9]* */, ""); print row ": " $0 }
    ' "$work/output"
}

# explained: print what the tests that failed had to say.
explained() {
    awk '/^not ok / { on = 1 } /^ok |^1\.\./ { on = 0 } on { print "    " $0 }' \
        "$work/output" | head -n 60
}

# run_once NUMBER
run_once() {
    local status=0 begin=$SECONDS arguments=("$stage") summary
    [ -z "$filter" ] || arguments+=(--filter "$filter")
    (marked "$tests/run.sh" "${arguments[@]}") >"$work/output" 2>&1 </dev/null &
    wait $! || status=$?
    summary=$(tail -n 1 "$work/output")
    [[ $summary == *passed* ]] || summary="it broke off: $summary"
    passed=$((passed + $(grep -c '^ok ' "$work/output")))
    failures >"$work/failures"
    if [ $status -ne 0 ] && [ ! -s "$work/failures" ]; then
        echo "the run: $summary" >"$work/failures"
    fi
    cat "$work/failures" >>"$work/all"
    echo "run $1 of $runs: $summary ($((SECONDS - begin)) s)"
    [ ! -s "$work/failures" ] || explained
}

passed=0
: >"$work/all"
busy
for ((i = 1; i <= runs; i++)); do
    run_once $i
done
sort "$work/all" | uniq -c | sort -rn |
    while read -r times test; do
        echo "failed $times of $runs times: $test"
    done
failed=$(wc -l <"$work/all")
echo "flakes: $runs runs with $load busy processes, $passed tests passed," \
    "$failed failed, $(sort -u "$work/all" | wc -l) of them different, $SECONDS s"
[ "$failed" -eq 0 ]
