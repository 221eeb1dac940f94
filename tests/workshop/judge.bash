# judge.bash: does a copy pass the tests that judge it, and if not, what was
# expected, and what was seen? Sourced by hunt.sh and learn.sh, after lib.bash.

# shellcheck shell=bash disable=SC2034,SC2154 # lib.bash and the scripts

# read_smoke STAGE PROGRAM: fill the arrays suites and names with the smoke tests.
read_smoke() {
    local stage program suite name
    suites=() names=()
    while read -r stage program suite name; do
        [ "$stage $program" = "$1 $2" ] || continue
        suites+=("$suite")
        names+=("$name")
    done < <(grep -v '^#' "$tests/workshop/smoke.txt")
}

# what_was_seen: from the output of a test (TAP), the lines that say what went
# wrong, without the words of Bats about its own code, 8 at most.
what_was_seen() {
    awk '
    /^# The end of the server.s log:/ { exit }
    !/^# / || /^# [( ](in|from) .*file / { next }
    /^#   `.* failed/ { code = $0; next }
    /^# (--|-- .* --|status +: .*)$/ { next }
    { sub(/^# output : /, "# ") }
    { print; any = 1 }
    END { if (!any && code) print code }' "$1" |
        sed 's/^# //' | cut -c 1-400 | head -n 8
}

# first_failure FIFO TAP SECONDS: copy what Bats says from the FIFO to a file, up
# to the end or to the first test that fails, with what is said about it.
first_failure() {
    local line failed='' wait=$3
    while IFS= read -rt "$wait" line; do
        [[ -z $failed || $line == '#'* ]] || return 0
        printf '%s\n' "$line"
        [[ $line != 'not ok '* ]] || failed=yes wait=0.3
    done <"$1" >"$2"
}

# run_suite_for FOLDER PROGRAM SECONDS SUITE: its tests of the arrays, to the first
# that fails; TAP goes to $work/judge.tap. Status 124 if the time was over.
run_suite_for() {
    local i file=$tests/$4.bats regex='' fifo=$work/judge.fifo scratch bats_pid
    [[ $4 != /* ]] || file=$4.bats
    for i in "${!suites[@]}"; do
        [ "${suites[i]}" != "$4" ] || regex+="${regex:+|}$(as_regex "${names[i]}")"
    done
    rm -f "$fifo"
    mkfifo "$fifo"
    scratch=$(mktemp -d "$work/bats-XXXXXX") || return
    # What does not come at once will not come: a third of the usual patience.
    TIMEOUT_PERCENT=30 bats_run "$1" "$2" "$file" "$regex" $(($3 * 4)) "$scratch" \
        >"$fifo" 2>&1 &
    bats_pid=$!
    first_failure "$fifo" "$work/judge.tap" $(($3 * 4 + 5))
    ! grep -q '^not ok ' "$work/judge.tap" || end_marked "$scratch"
    wait $bats_pid
}

# result_of NAME: print "ok", "not ok", "skip REASON", or nothing if it did not run.
result_of() {
    grep -E '^(not )?ok [0-9]' "$work/judge.tap" | grep -F -e "$1" |
        sed -E 's/^ok .* # skip ?/skip /; s/^((not )?ok) .*/\1/' | sort -r |
        head -n 1
}

# judge_suite FOLDER PROGRAM SECONDS SUITE: status 0 if its tests of the arrays
# pass; 1 if one does not; 2 if one cannot be tried. Then judged is its index and
# the array seen says why.
judge_suite() {
    local i result late='' status=0
    run_suite_for "$@" || status=$?
    [ $status -ne 124 ] && [ $status -ne 137 ] || late=yes
    for i in "${!suites[@]}"; do
        [ "${suites[i]}" = "$4" ] || continue
        [ "$(result_of "${names[i]}")" = 'not ok' ] || continue
        judged=$i
        mapfile -t seen < <(what_was_seen "$work/judge.tap")
        return 1
    done
    for i in "${!suites[@]}"; do
        [ "${suites[i]}" = "$4" ] || continue
        judged=$i
        result=$(result_of "${names[i]}")
        case $result in
        ok) continue ;;
        skip*) seen=("it cannot be tried here: ${result#skip }") && return 2 ;;
        esac
        if [ -n "$late" ]; then
            seen=("after $(($3 * 4)) s it was not over: something waits for ever"
                "(on a very busy machine: set TIMEOUT_SCALE=4)")
            return 1
        fi
        mapfile -t seen <"$work/judge.tap"
        seen=('there is no such test, or it cannot run:' "${seen[@]:0:8}")
        return 2
    done
}

# judge_tests FOLDER PROGRAM SECONDS: run the tests in the arrays suites and names,
# suite by suite, to the first that fails. Status as of judge_suite.
judge_tests() {
    local suite
    while IFS= read -r suite; do
        judge_suite "$1" "$2" "$3" "$suite" || return
    done < <(printf '%s\n' "${suites[@]}" | awk '!seen[$0]++')
}

# judge_again FOLDER PROGRAM SECONDS TIMES: how often does the test that has just
# failed fail? Sets failures and runs; ends early when the time is up.
judge_again() {
    local deadline=$((SECONDS + $3)) suites=("${suites[judged]}") kept=("${seen[@]}")
    local names=("${names[judged]}") judged
    failures=1
    for ((runs = 1; runs < $4 && SECONDS < deadline; runs++)); do
        judge_suite "$1" "$2" "$3" "${suites[0]}" || failures=$((failures + 1))
    done
    seen=("${kept[@]}")
}
