#!/bin/bash
# hunt.sh [STAGE]: a bug to find. The first time it puts a specimen that you have
# not seen into a copy, mine/huntN, and tells no more than what a user complains of.
# From then on it judges what you have made of the copy, by the tests that the
# bug fails and a few more. STAGE is a number; without it any will do.
#
# GIVE_UP=1 tells what it was. What was hunted is noted in mine/hunts.txt, a line
# for each: the bug's number, its stage's, and open, found or given-up.

set -u
# shellcheck source=tests/workshop/lib.bash
source "$(dirname "$0")/lib.bash"
# shellcheck source=tests/workshop/museum.bash
source "$tests/workshop/museum.bash"
# shellcheck source=tests/workshop/judge.bash
source "$tests/workshop/judge.bash"

hunts=$mine/hunts.txt

# note NUMBER STAGE STATE
note() {
    mkdir -p "$mine" || exit
    {
        [ ! -e "$hunts" ] || awk -v number="$1" '$1 != number' "$hunts"
        echo "$1 $2 $3"
    } >"$hunts.new" && mv "$hunts.new" "$hunts"
}

# open_hunt STAGE: print the number of the bug that is hunted there.
open_hunt() {
    [ ! -e "$hunts" ] || awk -v stage="$1" \
        '$3 == "open" && (stage == "" || $2 == stage) { print $1; exit }' "$hunts"
}

# unseen STAGE: print the numbers of the specimens that were not hunted yet.
unseen() {
    local file number
    for file in $(specimens); do
        number=${file##*/}
        number=$((10#${number%%-*}))
        [[ $(stage_of "$file") == stage"${1:-?}"_* ]] || continue
        grep -qs "^$number " "$hunts" || echo "$number"
    done
}

tell_complaint() {
    printf '\n%s\n' "${bold}A user of $stage, $program, says$plain"
    field Complaint "$file" | wrapped 2
    echo
    wrapped <<END
It is in mine/$folder. Find it, mend it there, and say \`make
hunt$number_of_stage\` again. To compare the files with the stage's would tell
you all and teach you nothing: use $(field Tool "$file").
END
}

begin() {
    local left
    mapfile -t left < <(unseen "$number_of_stage")
    [ ${#left[@]} -gt 0 ] || {
        echo "You have hunted them all. (mine/hunts.txt has the list.)"
        exit 0
    }
    number=${HUNT:-${left[RANDOM % ${#left[@]}]}}
    know "$number"
    copy_of "$stage" broken
    { apply "$file" "$REPLY" && build "$REPLY"; } ||
        die "bug $number does not fit $stage (make prove BUG=$number says where)"
    # What was compiled would name the file that is different.
    find "$REPLY" -exec touch -r "$REPLY/Makefile" {} +
    leave_in_mine "$REPLY" "$folder"
    note "$number" "$number_of_stage" open
    tell_complaint
}

# know NUMBER: set file, stage, program, number_of_stage, folder.
know() {
    file=$(specimen "$1") || exit
    stage=$(stage_of "$file")
    program=$(program_of "$file")
    number_of_stage=${stage#stage}
    number_of_stage=${number_of_stage%%_*}
    folder=hunt$number_of_stage
}

tell_story() {
    printf '\n%s\n' "${bold}It was bug $number: $(field Title "$file")$plain" | wrapped
    field Why "$file" | wrapped 2
    printf '\n%s\n' "\`make bug$number\` shows it at work."
}

tell_failure() {
    local what=$1
    printf '\n%s\n' "${red}$what$plain"
    printf '%s\n' "expected: ${names[judged]}" | wrapped 2
    printf '%s\n' 'seen:' "${seen[@]/#/  }" | wrapped 2
}

judge() {
    know "$1"
    [ -d "$mine/$folder" ] ||
        die "mine/$folder is gone; take the line of bug $1 out of mine/hunts.txt"
    if ! build "$mine/$folder"; then
        printf '%s\n' "${red}mine/$folder does not build$plain"
        head -n 12 "$work/build.log"
        exit 1
    fi
    read_tests "$file"
    if ! judge_tests "$mine/$folder" "$program" "$seconds"; then
        tell_failure 'Not yet.'
        tell_complaint
        exit 1
    fi
    read_smoke "$stage" "$program"
    if ! judge_tests "$mine/$folder" "$program" "$seconds"; then
        tell_failure 'The bug is gone, but something else broke.'
        exit 1
    fi
    note "$1" "$number_of_stage" found
    printf '%s\n' "${green}Found and mended.$plain"
    tell_story
}

[[ ${1-} == '' || $1 == [1-9] ]] || die "usage: hunt.sh [STAGE]"
number_of_stage=${1-}
seconds=$((20 * TIMEOUT_SCALE))
look_at_terminal
begin_work
need_for_building
number=$(open_hunt "$number_of_stage")
if [ -z "$number" ]; then
    begin
elif [ -n "${GIVE_UP-}" ]; then
    know "$number"
    note "$number" "$number_of_stage" given-up
    tell_story
else
    judge "$number"
fi
