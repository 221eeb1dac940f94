#!/bin/bash
# learn.sh [VERB]: the exercises. Without a verb, on a terminal, it shows the present
# one, judges it after every save, and knows a few keys. The verbs do the same
# for editors and scripts:
#
#   list       all exercises, and how far you are
#   task       what the present one asks; begins it, if it is new
#   check      judge it: status 0 if it is done, 1 if not yet
#   hint       the next hint (there are three)
#   diff       what you have changed
#   reset      begin it again; what you have is kept aside
#   solution   the stage's own, and how yours differs: once it is done, or with
#              GIVE_UP=1, which is remembered
#   suite      the whole tests of the stage on your copy
#
# EX=NAME chooses: a number, or a part of the name. ANSWER='...' is the answer to a
# question (check). Your work lies in mine/NAME. How far you are is in
# mine/learn.txt, a line for each exercise: name, state, hints seen, times judged.

set -u
# shellcheck source=tests/workshop/lib.bash
source "$(dirname "$0")/lib.bash"
# shellcheck source=tests/workshop/museum.bash
source "$tests/workshop/museum.bash"
# shellcheck source=tests/workshop/judge.bash
source "$tests/workshop/judge.bash"
# shellcheck source=tests/workshop/exercise.bash
source "$tests/workshop/exercise.bash"
# shellcheck source=tests/workshop/screen.bash
source "$tests/workshop/screen.bash"

state=$mine/learn.txt

# ---- How far you are ---------------------------------------------------------

# read_state NAME: set progress (new, open, solved), hints, tries, gave_up.
read_state() {
    local name words
    progress=new hints=0 tries=0 gave_up=''
    [ -e "$state" ] || return 0
    while read -r name words; do
        [ "$name" = "$1" ] || continue
        [[ ! $words =~ ^(open|solved) ]] || progress=${BASH_REMATCH[1]}
        [[ ! $words =~ hints\ ([0-3]) ]] || hints=${BASH_REMATCH[1]}
        [[ ! $words =~ judged\ ([0-9]{1,6}) ]] || tries=${BASH_REMATCH[1]}
        [[ $words != *'gave up'* ]] || gave_up=yes
    done <"$state"
}

# write_state NAME: the opposite; the other lines stay as they are.
write_state() {
    local line="$1 $progress, hints $hints, judged $tries${gave_up:+, gave up}"
    mkdir -p "$mine" || exit
    {
        [ -e "$state" ] || echo '# How far you are (make learn).'
        [ ! -e "$state" ] || awk -v name="$1" '$1 != name && $1 != "now"' "$state"
        echo "now $1"
        echo "$line"
    } >"$state.new" && mv "$state.new" "$state"
}

# present: print the file of the exercise that is meant: EX, or the one of last
# time unless it is done, or else the first that is not.
present() {
    local file name
    if [ -n "${EX-}" ]; then
        exercise "$EX"
        return
    fi
    name=$(sed -n 's/^now //p' "$state" 2>/dev/null | tail -n 1)
    file=$tests/exercises/$name.md
    if [ -n "$name" ] && [ -e "$file" ]; then
        read_state "$name"
        [ "$progress" = solved ] || { echo "$file" && return; }
    fi
    next_open || { [ -n "$name" ] && echo "$file"; }
}

# next_open: print the first exercise that is not done.
next_open() {
    local file
    for file in $(exercises); do
        read_state "$(basename "$file" .md)"
        [ "$progress" = solved ] || { echo "$file" && return; }
    done
    return 1
}

# choose FILE: it is the present one from now on.
choose() {
    open_exercise "$1"
    read_state "$exercise_name"
    [ "$progress" != new ] || progress=open
    write_state "$exercise_name"
    begin
}

# begin: make the copy, unless it is there.
begin() {
    local folder
    [ "$kind" != predict ] && [ ! -e "$directory" ] || return 0
    make_start start
    folder=$REPLY
    [ "$kind" != mend ] || hide_times "$folder"
    leave_in_mine "$folder" "$exercise_name"
}

# ---- What is told ------------------------------------------------------------

list() {
    local file last='' mark name title place
    for file in $(exercises); do
        name=$(basename "$file" .md)
        place=$(stage_of "$file")
        title=$(field Title "$file")
        read_state "$name"
        case $progress in
        solved) mark="$green*$plain" ;;
        open) mark='>' ;;
        *) mark=' ' ;;
        esac
        [ "$place" = "$last" ] || echo "${last:+$'\n'}$bold$place$plain"
        last=$place
        printf ' %s %-18s %s\n' "$mark" "$name" "${title:0:width - 22}"
    done
    printf '\n%s\n' '* solved  > begun' 'EX=name chooses one: make learn EX=reap'
}

# work_place: where the learner writes: the stub, or the folder.
work_place() {
    local i line
    case $kind in
    predict) return ;;
    write)
        read_cuts
        for i in "${!cut_names[@]}"; do
            line=$(grep -n "^${cut_names[i]}(" "$directory/${cut_files[i]}" |
                cut -d : -f 1)
            echo "    mine/$exercise_name/${cut_files[i]}${line:+:$line}"
        done
        ;;
    *) echo "    mine/$exercise_name/" ;;
    esac
}

task() {
    local i
    printf '%s\n' "$bold$exercise_name: $(field Title "$exercise_file")$plain" |
        wrapped
    echo
    section Task "$exercise_file" | wrapped
    if [ "$kind" = mend ]; then
        printf '\n%s\n' 'A user says:'
        field Complaint "$(specimen "$(field Bug "$exercise_file")")" | wrapped 2
    fi
    if [ "$kind" = predict ]; then
        printf '\n%s\n' 'Say it first; then it is run, and you see: ANSWER=...'
    else
        printf '\n%s\n' 'Your work is in'
        work_place
    fi
    for ((i = 1; i <= hints; i++)); do
        printf '\n%s\n' "${bold}Hint $i$plain"
        section "Hint $i" "$exercise_file" | wrapped
    done
}

hint() {
    if [ "$progress" = solved ]; then
        echo 'It is done: no hint is needed. All three:'
        hints=3
    elif [ "$hints" -eq 3 ]; then
        echo 'There are three hints, and you have had them. GIVE_UP=1 make' \
            'learn-solution shows how the stage does it.' | wrapped
    else
        hints=$((hints + 1))
        write_state "$exercise_name"
    fi
    local i
    for ((i = 1; i <= hints; i++)); do
        printf '\n%s\n' "${bold}Hint $i$plain"
        section "Hint $i" "$exercise_file" | wrapped
    done
}

# well_done: what to look at, and what comes next.
well_done() {
    local next
    printf '%s\n\n' "${green}Done: $exercise_name.$plain"
    section Done "$exercise_file" | wrapped
    if next=$(next_open); then
        printf '\n%s\n' "Next: $(basename "$next" .md), $(field Title "$next")"
    else
        printf '\n%s\n' 'That was the last one. You are at the top of the ladder.'
    fi
}

# check: judge the present exercise, note the result, print the verdict.
check() {
    local status=0 folder=$directory
    if [ "$kind" = predict ]; then
        copy_of "$stage" predict
        folder=$REPLY
    fi
    judge_exercise "$folder" "${ANSWER-}" >"$work/verdict" 2>&1 || status=1
    conclude "$status"
}

# conclude STATUS: the verdict is in $work/verdict.
conclude() {
    read_state "$exercise_name"
    tries=$((tries + 1))
    [ "$1" -ne 0 ] || progress=solved
    write_state "$exercise_name"
    if [ "$1" -eq 0 ]; then
        if [ "$kind" = predict ]; then
            echo 'It was run:'
            sed 's/^/  /' "$work/run.said"
            echo
        fi
        well_done
    else
        printf '%s\n' "${red}Not yet: $exercise_name$plain"
        cat "$work/verdict"
    fi
    return "$1"
}

# differences OLD NEW NAME-OF-OLD NAME-OF-NEW
differences() {
    local name
    (cd "$2" && find . -name build -prune -o -type f \
        \( -name '*.[ch]' -o -name Makefile -o -name '*.mk' \) -print) | sort |
        while IFS= read -r name; do
            diff -N -u --label "$3/${name#./}" --label "$4/${name#./}" \
                "$1/$name" "$2/$name"
        done
}

show_diff() {
    local changes
    [ "$kind" != predict ] || { echo 'Here is nothing to change.' && return; }
    make_start start
    changes=$(differences "$REPLY" "$directory" start "mine/$exercise_name")
    printf '%s\n' "${changes:-You have not changed anything yet.}"
}

solution() {
    local i changes
    if [ "$progress" != solved ] && [ -z "${GIVE_UP-}$gave_up" ]; then
        echo 'It is not done yet. GIVE_UP=1 make learn-solution shows it all the' \
            'same, and that is remembered.' | wrapped
        return 1
    fi
    if [ "$progress" != solved ]; then
        gave_up=yes
        write_state "$exercise_name"
    fi
    if [ "$kind" = predict ]; then
        code Run "$exercise_file"
        return
    fi
    make_solution solution
    read_cuts
    for i in "${!cut_names[@]}"; do
        echo "$stage/${cut_files[i]}: ${cut_names[i]}"
        body_of "$REPLY" "${cut_files[i]}" "${cut_names[i]}"
        echo
    done
    changes=$(differences "$directory" "$REPLY" "mine/$exercise_name" "$stage")
    printf '%s\n' "${changes:-Yours is the same.}"
}

reset() {
    keep_aside "$directory"
    [ -z "$REPLY" ] || echo "Your work is kept in ${REPLY#"$root"/}."
    read_state "$exercise_name"
    progress=open
    write_state "$exercise_name"
    begin
    echo "$exercise_name begins anew."
}

# suite: all tests of the stage, as long as they take.
suite() {
    [ "$kind" != predict ] || { echo 'Here is nothing to test.' && return; }
    make -s -C "$directory" || return
    STAGE_DIR=$directory SERVER=$program "$tests/run.sh" "${stage:5:1}"
}

verb=${1-}
case $verb in
'' | list | task | check | hint | diff | reset | solution | suite) ;;
*) die "'$verb' is unknown (usage: learn.sh [list|task|check|hint|diff|reset|solution|suite])" ;;
esac
look_at_terminal
[ "$verb" != list ] || { list && exit; }
begin_work
need_for_building
if [ -z "$verb" ] && { [ ! -t 0 ] || [ ! -t 1 ] || [ "${TERM-dumb}" = dumb ]; }; then
    echo 'make learn wants a terminal; without one there are learn-list, -task,' \
        '-check, -hint, -diff, -reset, -solution, -suite.' | wrapped
    verb=task
fi
file=$(present) || exit 2
choose "$file"
case $verb in
'') screen ;;
diff) show_diff ;;
*) "$verb" ;;
esac
