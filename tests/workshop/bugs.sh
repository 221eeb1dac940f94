#!/bin/bash
# bugs.sh: the museum of bugs: mistakes that stand in published code, put into a
# copy of a stage (tests/bugs/README.md).
#
#   bugs.sh list      what there is
#   bugs.sh show N    put number N into a copy, show what it does there beside
#                     what the healthy stage does, and say how it is found
#
# The copy stays in mine/bugN, to look at. One that you have changed is kept:
# it becomes mine/bugN.1 and so on.

set -u
# shellcheck source=tests/workshop/lib.bash
source "$(dirname "$0")/lib.bash"
# shellcheck source=tests/workshop/museum.bash
source "$tests/workshop/museum.bash"

list() {
    local file stage last='' program
    for file in $(specimens | sort -t- -k1,1n); do
        echo "$(field Stage "$file") ${file##*/} $file"
    done | sort | while read -r stage _ file; do
        [ "$stage" = "$last" ] || echo "${last:+$'\n'}$bold$stage$plain"
        last=$stage
        program=$(program_of "$file")
        [ "$program" != server ] && program=" ($program)" || program=''
        number=${file##*/}
        number=${number%%-*}
        printf '  bug%-4s %s\n' "$((10#$number))" "$(field Title "$file")$program" |
            cut -c "1-$width"
    done
    printf '\n%s\n' "\`make bug7\` shows number 7 at work; \`make hunt\` hides one."
}

# paragraph HEADING FIELD FILE
paragraph() {
    printf '\n%s\n' "$bold$1$plain"
    field "$2" "$3" | wrapped 2
}

# show_change FILE: the lines of its diff, with the name of each file once.
show_change() {
    diff_of "$1" | awk -v red="$red" -v green="$green" -v plain="$plain" '
    /^--- a\// { print "  " substr($2, 3); next }
    /^\+\+\+ / { next }
    /^@@ / { if (hunks++) print "    ..."; next }
    /^-/ { print "    " red $0 plain; next }
    /^\+/ { print "    " green $0 plain; next }
    { print "    " $0 }'
}

show_tests() {
    local i
    read_tests "$1"
    for i in "${!names[@]}"; do
        echo "${suites[i]}: \"${names[i]}\"" | wrapped 2
        printf '    %s\n' "STAGE_DIR=\$PWD/$2 SERVER=$3 bats \\" \
            "        -f '${names[i]:0:$((width > 60 ? 48 : 24))}' tests/${suites[i]}.bats"
    done
}

show() {
    local file stage program copy
    file=$(specimen "$1") || exit
    stage=$(stage_of "$file")
    program=$(program_of "$file")
    begin_work
    need_for_building
    printf '%s\n' "${bold}Bug $1: $(field Title "$file")$plain" | wrapped
    [ "$program" = server ] || echo "  in $stage, $program"
    [ "$program" != server ] || echo "  in $stage"
    paragraph 'What a user says' Complaint "$file"
    paragraph 'Where it was seen' Seen "$file"
    printf '\n%s\n' "${bold}The change$plain"
    show_change "$file"

    copy_of "$stage" broken
    apply "$file" "$REPLY" || die "the diff of ${file##*/} does not fit $stage" \
        "any more; \`make prove-bugs BUG=$1\` says where"
    build "$REPLY" || die "$stage does not build with it: $(cat "$work/build.log")"
    field Show "$file" >"$work/show"
    printf '\n%s\n' "${bold}What is seen$plain  (with: $(field Tool "$file"))"
    stand "$work/healthy/$stage" "$program" "$work/show" >"$work/left" &
    stand "$work/broken" "$program" "$work/show" >"$work/right"
    wait $!
    beside "$work/left" "$work/right" healthy broken

    paragraph 'The symptom' Symptom "$file"
    paragraph 'Why' Why "$file"
    copy=bug$1
    leave_in_mine "$work/broken" "$copy"
    printf '\n%s\n' "${bold}Tests that find it$plain"
    show_tests "$file" "mine/$copy" "$program"
    printf '\n%s\n' "The broken server is mine/$copy/$program. Look at it with your own tools."
}

look_at_terminal
case ${1-} in
list) list ;;
show) show "${2-}" ;;
*) die "'${1-}' is unknown (usage: bugs.sh list | show N)" ;;
esac
