#!/bin/bash
# diff.sh N: print what stage N adds to the stage before it. A list of the files
# comes first, then the new files, then the changes to the others. Only the
# sources in the stage's own folder count: what was built does not, nor do the
# servers beside the ladder, which have folders of their own.
#
# On a terminal the text is coloured (not if NO_COLOR is set) and goes through
# $PAGER, or else less.

set -u
cd "$(dirname "$0")/../.." || exit

die() {
    echo "diff.sh: $*" >&2
    exit 2
}

# The folder of the stage with that number.
folder() {
    local makefiles=(stage"$1"_*/Makefile)
    [ -e "${makefiles[0]}" ] || die "there is no stage $1"
    dirname "${makefiles[0]}"
}

# The names of the sources in both folders, each once, in order.
source_names() {
    find "$old" "$new" -maxdepth 1 -type f \
        \( -name '*.c' -o -name '*.h' -o -name Makefile -o -name tour.gdb \) \
        -printf '%f\n' | sort -u
}

# A unified diff of one file; a file that is on one side only is compared with
# an empty one.
file_diff() {
    diff --new-file --unified --color="$1" \
        --label "$old/$2" --label "$new/$2" "$old/$2" "$new/$2"
}

# One line about one file: what became of it, its name, lines added and removed.
summary_line() {
    local state=$1 name=$2 plus minus
    plus=$(file_diff never "$name" | tail -n +3 | grep -c '^+')
    minus=$(file_diff never "$name" | tail -n +3 | grep -c '^-')
    case $state in
    new) printf '  %snew      %-16s +%d%s\n' "$green" "$name" "$plus" "$plain" ;;
    changed) printf '  changed  %-16s +%d -%d\n' "$name" "$plus" "$minus" ;;
    gone) printf '  %sgone     %-16s -%d%s\n' "$red" "$name" "$minus" "$plain" ;;
    same) printf '  same     %s\n' "$name" ;;
    esac
}

show() {
    local name
    echo "What $new adds to $old:"
    for name in "${added[@]}"; do summary_line new "$name"; done
    for name in "${changed[@]}"; do summary_line changed "$name"; done
    for name in "${gone[@]}"; do summary_line gone "$name"; done
    for name in "${same[@]}"; do summary_line same "$name"; done
    for name in "${added[@]}" "${changed[@]}"; do
        echo
        file_diff "$colour" "$name"
    done
}

page() {
    if [ -t 1 ] && [ -n "${PAGER-}" ]; then
        $PAGER
    elif [ -t 1 ] && command -v less >/dev/null; then
        less -RFX
    else
        cat
    fi
}

[ $# -eq 1 ] || die "usage: diff.sh N"
[[ $1 == [1-9] ]] || die "there is no stage $1"
[ "$1" != 1 ] || die "stage 1 is the first, there is nothing to compare it with"
new=$(folder "$1") || exit
old=$(folder $(($1 - 1))) || exit

colour=never green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
    colour=always green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi

added=() changed=() gone=() same=()
for name in $(source_names); do
    if [ ! -e "$old/$name" ]; then
        added+=("$name")
    elif [ ! -e "$new/$name" ]; then
        gone+=("$name")
    elif cmp -s "$old/$name" "$new/$name"; then
        same+=("$name")
    else
        changed+=("$name")
    fi
done
show | page || [ $? -eq 141 ] # a reader that has seen enough (head) is no error
