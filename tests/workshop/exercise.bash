# exercise.bash: reading an exercise, making the copy to work in, judging it.
# Sourced by learn.sh and prove.sh, after lib.bash, museum.bash and judge.bash.
# What an exercise looks like is said in tests/exercises/README.md.

# shellcheck shell=bash disable=SC2034,SC2154 # lib.bash and the scripts

# exercises: print the files, in order.
exercises() {
    find "$tests/exercises" -maxdepth 1 -name '[0-9]*-*.md' | sort -V
}

# exercise NAME: print the file of an exercise, by its number or part of its name.
exercise() {
    local file name found=()
    for file in $(exercises); do
        name=$(basename "$file" .md)
        if [[ $1 =~ ^[0-9]+$ ]]; then
            ((10#${name%%-*} != 10#$1)) || found+=("$file")
        elif [[ $name == *"$1"* ]]; then
            found+=("$file")
        fi
    done
    [ ${#found[@]} -gt 0 ] || die "there is no exercise '$1' (make learn-list)"
    [ ${#found[@]} -eq 1 ] || die "'$1' can be any of" \
        "$(basename -a -s .md "${found[@]}" | paste -sd ' ')"
    echo "${found[0]}"
}

# open_exercise FILE: set exercise_name, kind, stage, program, seconds, directory.
open_exercise() {
    exercise_file=$1
    exercise_name=$(basename "$1" .md)
    kind=$(field Kind "$1")
    stage=$(stage_of "$1") || exit
    program=$(program_of "$1")
    seconds=$(field Seconds "$1")
    [ -n "$seconds" ] || case $stage in
    stage[1-4]_*) seconds=5 ;;
    *) seconds=10 ;;
    esac
    seconds=$((seconds * TIMEOUT_SCALE))
    directory=$mine/$exercise_name
    # Tests of its own are a suite like any other.
    code Tests "$1" >"$work/own"
    if [ -s "$work/own" ]; then
        {
            printf '#!/usr/bin/env bats\n\nload "%s/helpers"\n\n' "$tests"
            cat "$work/own"
        } >"$work/own.bats"
    fi
}

# The functions that are cut out: sets the arrays cut_files and cut_names.
read_cuts() {
    local line
    cut_files=() cut_names=()
    while IFS= read -r line; do
        [[ $line =~ ^([A-Za-z0-9_/.]+):\ ([a-z_0-9]+)$ ]] ||
            die "$exercise_name: Cut: expected  file.c: function  and not  $line"
        cut_files+=("${BASH_REMATCH[1]}")
        cut_names+=("${BASH_REMATCH[2]}")
    done < <(field Cut "$exercise_file")
}

# put_body FOLDER FILE FUNCTION BODY: the lines of the file BODY become the body.
put_body() {
    awk -v name="$3" -v stub="$4" -f "$tests/workshop/cut.awk" "$1/$2" \
        >"$work/cut.c" || die "$exercise_name: $2 has no function $3 any more"
    cp "$work/cut.c" "$1/$2"
}

# body_of FOLDER FILE FUNCTION
body_of() {
    awk -v name="$3" -v mode=body -f "$tests/workshop/cut.awk" "$1/$2"
}

# make_start NAME: the copy that one begins with, in $work/NAME; sets REPLY to it.
make_start() {
    local i folder bug
    copy_of "$stage" "$1"
    folder=$REPLY
    if [ "$kind" = mend ]; then
        bug=$(specimen "$(field Bug "$exercise_file")") || exit
        apply "$bug" "$folder" ||
            die "$exercise_name: ${bug##*/} does not fit $stage any more"
    fi
    if [ -n "$(code Start "$exercise_file")" ]; then
        apply "$exercise_file" "$folder" Start ||
            die "$exercise_name: what Start changes does not fit any more"
    fi
    read_cuts
    for i in "${!cut_names[@]}"; do
        {
            echo "    /* Yours: ${exercise_name#*-}. */"
            code "Stub ${cut_names[i]}" "$exercise_file"
        } >"$work/stub"
        [ "$(wc -l <"$work/stub")" -gt 1 ] ||
            die "$exercise_name: there is no section 'Stub ${cut_names[i]}'"
        put_body "$folder" "${cut_files[i]}" "${cut_names[i]}" "$work/stub"
    done
    REPLY=$folder
}

# make_solution NAME: the same with the solution in it.
make_solution() {
    if [ "$kind" = extend ] || [ -n "$(code Solution "$exercise_file")" ]; then
        if [ "$kind" = extend ]; then make_start "$1"; else copy_of "$stage" "$1"; fi
        apply "$exercise_file" "$REPLY" Solution ||
            die "$exercise_name: its solution does not fit any more:" \
                "${complaints[*]}"
    else
        copy_of "$stage" "$1"
    fi
}

# hide_times FOLDER: the time of a file, and its object, would say what was changed.
hide_times() {
    build "$1"
    find "$1" -exec touch -r "$1/Makefile" {} +
}

# ---- The verdict -------------------------------------------------------------

# read_exercise_tests: fill suites, names and wants with what judges it.
read_exercise_tests() {
    local line
    suites=() names=() wants=()
    while IFS= read -r line; do
        [[ $line =~ ^([a-z_]+):\ \"([^\"]*)\"\ *(.*)$ ]] ||
            die "$exercise_name: Tests: expected  suite: \"name\"  and not  $line"
        suites+=("${BASH_REMATCH[1]}")
        names+=("${BASH_REMATCH[2]}")
        wants+=("${BASH_REMATCH[3]:-${BASH_REMATCH[2]}}")
        [ "${suites[-1]}" != own ] || suites[-1]=$work/own
    done < <(field Tests "$exercise_file")
}

# say_verdict EXPECTED SEEN...: what a failure is told in.
say_verdict() {
    printf '%s\n' "expected: $1" | wrapped
    printf '%s\n' "seen:     ${2:-nothing else}"
    [ $# -lt 3 ] || printf '          %s\n' "${@:3}"
    say_where
}

# say_where: which note explains it, and what shows it.
say_where() {
    local note show
    note=$(field Note "$exercise_file")
    show=$(field See "$exercise_file")
    [ -z "$note" ] || printf 'why:      %s\n' "$note"
    [ -z "$show" ] || printf 'see it:   %s\n' "${show//\$DIR/mine/$exercise_name}"
}

# judge_build FOLDER
judge_build() {
    build "$1" && return
    echo 'It does not build:'
    grep -E 'error|undefined reference|\*\*\*' "$work/build.log" |
        sed "s|^|  |; s|$work/||" | head -n 8
    return 1
}

# tell_race: the runs disagree.
tell_race() {
    echo "$failures of $runs runs failed: they disagree, so this is a race. What" \
        "happens depends on who is quicker. Look for what two of them do at once," \
        "and for the moment between a look at something and what is done about" \
        "it." | wrapped
}

# judge_repeatedly FOLDER TIMES: all tests have passed once. Do they always?
judge_repeatedly() {
    local deadline=$((SECONDS + seconds))
    for ((runs = 1; runs < $2 && SECONDS < deadline; runs++)); do
        judge_tests "$1" "$program" "$seconds" || return
    done
}

# judge_code FOLDER: build it, run what judges it. Prints the verdict.
judge_code() {
    local repeat status=0 always runs=1 failures
    judge_build "$1" || return
    repeat=$(field Repeat "$exercise_file")
    read_exercise_tests
    judge_tests "$1" "$program" "$seconds" || status=$?
    if [ $status -eq 0 ] && [ -n "$repeat" ]; then
        judge_repeatedly "$1" "$repeat" || status=$?
    fi
    if [ $status -ne 0 ]; then
        say_verdict "${wants[judged]}" "${seen[@]}"
        [ $status -eq 1 ] && [ -n "$repeat" ] || return 1
        always=$runs
        judge_again "$1" "$program" "$seconds" "$repeat"
        runs=$((runs + always - 1))
        [ "$failures" -eq "$runs" ] || tell_race
        return 1
    fi
    read_smoke "$stage" "$program"
    judge_tests "$1" "$program" "$seconds" && return
    echo 'What you were to do works, but something else does no longer.' | wrapped
    say_verdict "${names[judged]}" "${seen[@]}"
    return 1
}

# is_answer SAID RIGHT: the same text or number, or within a range, 3..5.
is_answer() {
    local said right
    said=$(tr -s '[:blank:]' ' ' <<<"${1,,}" | sed 's/^ //; s/ $//')
    right=$(tr -s '[:blank:]' ' ' <<<"${2,,}" | sed 's/^ //; s/ $//')
    [ "$said" != "$right" ] || return 0
    awk -v said="$said" -v right="$right" 'BEGIN {
        number = "^-?[0-9]+([.][0-9]+)?$"
        if (said !~ number)
            exit 1
        if (right ~ number)
            exit !(said + 0 == right + 0)
        if (split(right, ends, "[.][.]") != 2)
            exit 1
        exit !(said + 0 >= ends[1] + 0 && said + 0 <= ends[2] + 0)
    }'
}

# judge_prediction FOLDER ANSWER: run it, compare. Prints the verdict.
judge_prediction() {
    local right answers=$work/answers
    if [ -z "$2" ]; then
        echo 'Say first what you expect:' \
            "\`make learn-check EX=$exercise_name ANSWER='...'\`." | wrapped
        return 1
    fi
    : >"$answers"
    code Run "$exercise_file" >"$work/run"
    stand "$1" "$program" "$work/run" "$answers" >"$work/run.said"
    if [ ! -s "$answers" ]; then
        echo 'The run has shown no answer: it cannot be judged here.'
        return 1
    fi
    while IFS= read -r right; do
        ! is_answer "$2" "$right" || return 0
    done <"$answers"
    mapfile -t seen <"$work/run.said"
    say_verdict "$2 (your answer)" \
        "$(sort -u "$answers" | paste -sd '|' | sed 's/|/, or /g'). It was run:" \
        "${seen[@]}"
    return 1
}

# judge_exercise FOLDER [ANSWER]: print the verdict. Status 0 if it is done.
judge_exercise() {
    if [ "$kind" = predict ]; then
        judge_prediction "$1" "${2-}"
    else
        judge_code "$1"
    fi
}
