# prove_exercise.bash: is an exercise what it says? Sourced by prove.sh.
#
# The start builds, and is judged with what `Fails` says; the solution passes; an
# empty body, a constant result, no function at all and what the exercise lists
# under `Cheats` do not; hints 1 and 2 hold no line of the solution.

# shellcheck shell=bash disable=SC2154 # lib.bash, prove.sh and exercise.bash

# shellcheck source=tests/workshop/museum.bash
source "$tests/workshop/museum.bash"
# shellcheck source=tests/workshop/judge.bash
source "$tests/workshop/judge.bash"
# shellcheck source=tests/workshop/exercise.bash
source "$tests/workshop/exercise.bash"

# solution_lines: print the lines of the solution that say something, without
# their blanks.
solution_lines() {
    local i bug
    case $kind in
    write)
        for i in "${!cut_names[@]}"; do
            body_of "$root/$stage" "${cut_files[i]}" "${cut_names[i]}"
        done
        ;;
    mend)
        bug=$(specimen "$(field Bug "$exercise_file")")
        diff_of "$bug" | sed -n '/^--- /d; s/^-//p'
        ;;
    extend) code Solution "$exercise_file" | sed -n '/^+++ /d; s/^+//p' ;;
    esac | tr -d ' \t' | awk 'length($0) >= 12' | grep -v '^\(/\*\|return\)'
}

prove_hints() {
    local n line
    for n in 1 2 3; do
        [ -n "$(section "Hint $n" "$exercise_file")" ] ||
            complain "there is no hint $n" || return
    done
    section 'Hint 1' "$exercise_file" | tr -d ' \t\n' >"$work/hints"
    section 'Hint 2' "$exercise_file" | tr -d ' \t\n' >>"$work/hints"
    while IFS= read -r line; do
        ! grep -qF -e "$line" "$work/hints" ||
            complain "hint 1 or 2 holds a line of the solution: $line" || return
    done < <(solution_lines)
}

# must_fail WHAT FOLDER [ANSWER]: the verdict is in $work/verdict.
must_fail() {
    judge_exercise "${@:2}" >"$work/verdict" 2>&1 || return 0
    complain "$1 passes"
}

must_pass() {
    judge_exercise "${@:2}" >"$work/verdict" 2>&1 && return
    complain "$1 does not pass:"
    indented <"$work/verdict"
    return 1
}

# prove_start: it builds, and fails for the reason that is named.
prove_start() {
    local fails
    fails=$(field Fails "$exercise_file")
    make_start start
    build "$REPLY" || complain 'the start does not build:' || {
        indented <"$work/build.log"
        return 1
    }
    must_fail 'the start' "$work/start" || return
    grep -Eq -e "$fails" "$work/verdict" && return
    complain "the verdict on the start does not say what Fails does: $fails"
    indented <"$work/verdict"
    return 1
}

# constants FOLDER FILE FUNCTION: print bodies that only return a constant.
constants() {
    local type
    type=$(grep -B 1 "^$3(" "$1/$2" | head -n 1)
    echo ''
    case $type in
    *void) ;;
    *bool) printf 'return %s;\n' true false ;;
    *'*') echo 'return NULL;' ;;
    *) printf 'return %s;\n' 0 1 -1 ;;
    esac
}

# prove_cheats: each of the functions with a body that does nothing, and away.
prove_cheats() {
    local i body
    for i in "${!cut_names[@]}"; do
        while IFS= read -r body; do
            copy_of "$stage" cheat
            echo "    $body" >"$work/body"
            put_body "$REPLY" "${cut_files[i]}" "${cut_names[i]}" "$work/body"
            must_fail "${cut_names[i]} with the body '{ $body }'" "$REPLY" || return
        done < <(constants "$root/$stage" "${cut_files[i]}" "${cut_names[i]}"
            field Cheats "$exercise_file")
        copy_of "$stage" cheat
        awk -v name="${cut_names[i]}" -v mode=delete -f "$tests/workshop/cut.awk" \
            "$root/$stage/${cut_files[i]}" >"$REPLY/${cut_files[i]}"
        must_fail "${cut_names[i]} taken away" "$REPLY" || return
    done
}

prove_prediction() {
    local wrong right
    copy_of "$stage" predict
    must_fail 'no answer' "$REPLY" '' || return
    must_fail 'a wrong answer' "$REPLY" 'nothing of the kind' || return
    grep -q '^seen: ' "$work/verdict" || complain 'the run shows no answer:' || {
        indented <"$work/verdict"
        return 1
    }
    while IFS= read -r wrong; do
        must_fail "the answer '$wrong'" "$REPLY" "$wrong" || return
    done < <(field Cheats "$exercise_file")
    right=$(head -n 1 "$work/answers")
    must_pass "the answer '${right%%..*}'" "$REPLY" "${right%%..*}"
}

# Tests of an exercise's own are shell like any other.
prove_own_tests() {
    [ -e "$work/own.bats" ] && command -v shellcheck >/dev/null || return 0
    sed 's|^load .*|load helpers|' "$work/own.bats" >"$work/own.check.bats"
    shellcheck -s bats -e SC1091,SC2034,SC2153,SC2154 "$work/own.check.bats" &&
        return
    complain 'shellcheck complains about its tests'
}

exercises_prove() {
    local part
    need_fields "$1" Title Kind Stage Note || return
    for part in Task Done; do
        [ -n "$(section $part "$1")" ] || complain "lacks the section $part" ||
            return
    done
    open_exercise "$1"
    read_cuts
    prove_hints || return
    case $kind in
    predict) prove_prediction ;;
    write | mend | extend)
        need_fields "$1" Tests Fails && prove_own_tests && prove_start || return
        make_solution solution
        must_pass 'the solution' "$REPLY" && prove_cheats
        ;;
    *) complain "there is no kind '$kind'" ;;
    esac
}
