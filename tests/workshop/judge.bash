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
    !/^# / || /^# \((in|from) / { next }
    /^#   `.* failed/ { code = $0; next }
    /^# (--|-- .* --|status +: .*)$/ { next }
    { sub(/^# output : /, "# ") }
    { print; any = 1 }
    END { if (!any && code) print code }' "$1" |
        sed 's/^# //' | cut -c 1-400 | head -n 8
}

# judge_one FOLDER PROGRAM SUITE NAME SECONDS: run one test, which may be a part of
# a name that several have. Status 0 it passes; 1 it fails, the array seen has the
# reason; 2 there is no such test, or it cannot be tried here.
judge_one() {
    local file=$tests/$3.bats status=0
    [[ $3 != /* ]] || file=$3
    # What does not come at once will not come: a third of the usual patience.
    TIMEOUT_PERCENT=30 bats_run "$1" "$2" "$file" "$(as_regex "$4")" $(($5 * 2)) \
        >"$work/judge.tap" || status=$?
    mapfile -t seen < <(what_was_seen "$work/judge.tap")
    if [ $status -eq 124 ] || [ $status -eq 137 ]; then
        seen=("nothing: after $(($5 * 2)) s it was not over: something waits for ever.")
        return 1
    fi
    if grep -q '^ok .* # skip' "$work/judge.tap"; then
        seen=("it cannot be tried here:"
            "$(sed -n 's/^ok .* # skip //p' "$work/judge.tap")")
        return 2
    fi
    if ! grep -Eq '^(not )?ok ' "$work/judge.tap"; then
        seen=("there is no such test")
        return 2
    fi
    [ $status -eq 0 ]
}

# judge_tests FOLDER PROGRAM SECONDS: run the tests in the arrays suites and names,
# one after the other, to the first that fails. Status 0 if all pass; otherwise
# judged is the index of the one that does not.
judge_tests() {
    local status
    for judged in "${!names[@]}"; do
        status=0
        judge_one "$1" "$2" "${suites[judged]}" "${names[judged]}" "$3" || status=$?
        [ $status -eq 0 ] || return $status
    done
}

# judge_again FOLDER PROGRAM SECONDS TIMES: how often does the test that has just
# failed fail? Sets failures and runs; ends early when the time is up.
judge_again() {
    local deadline=$((SECONDS + $3))
    failures=1
    for ((runs = 1; runs < $4 && SECONDS < deadline; runs++)); do
        judge_one "$1" "$2" "${suites[judged]}" "${names[judged]}" "$3" ||
            failures=$((failures + 1))
    done
}
