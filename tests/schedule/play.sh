#!/bin/bash
# play.sh N      you are the scheduler of the task queue of stage N
#
#   BUG=NAME     with a bug in it: its number in tests/bugs, its name there or in
#                tests/schedule/bugs, or a file
#   DIR=FOLDER   the queue.c in this folder instead (mine/...)
#   CASE=NAME    play this case; without it, one that can go wrong
#   REPLAY=KEYS  play these keys and print the end
#
# Status 0; with REPLAY 1 if the game is not won, and 2 whenever it cannot be
# played.

set -u
# shellcheck source=tests/schedule/build.bash
source "$(dirname "$0")/build.bash"

# list_bugs: print those of the museum that are in what can be tried, and those
# that are here.
list_bugs() {
    grep -l '^Stage: stage6_' {"$tests","$here"}/bugs/*.patch |
        xargs grep -lE '^--- a/(queue|pool|reactor/workers)\.c' |
        sed 's|.*/||; s|\.patch$||' | sort -n |
        paste -sd ' ' | fold -s -w 78 | sed 's/^/ /'
}

# find_bug: set patch to the file.
find_bug() {
    local name
    for name in "$BUG" {"$tests/bugs","$here/bugs"}/{"$BUG","$BUG"-*,*-"$BUG"}.patch; do
        if [ -f "$name" ]; then
            patch=$(realpath "$name")
            return
        fi
    done
    die "there is no bug '$BUG'; there are:"$'\n'"$(list_bugs)"
}

# break_copy: go on with a copy of the folder that has the bug.
break_copy() {
    local copy=$work/copy
    mkdir "$copy"
    (cd "$folder" && find . -name '*.[ch]' -print0 |
        xargs -0 cp --parents -t "$copy") || exit 2
    command -v patch >/dev/null || die "the tool patch is not here"
    patch -s -p1 -F0 -d "$copy" <"$patch" >/dev/null ||
        die "the bug '$BUG' does not fit $dir"
    folder=$copy
}

# find_case: set source and case to the first that can go wrong.
find_case() {
    local libraries=()
    build_engine schedules
    for source in queue.c pool.c reactor/workers.c; do
        [ -e "$folder/$source" ] || continue
        build_cases "$source" "$work/find" || continue
        case=$(cd "$folder" && "$work/find" --find)
        [ -z "$case" ] || return 0
    done
    source=queue.c case=one # nothing can go wrong
}

has_ncurses() {
    "${CC:-cc}" -E -include ncurses.h -x c /dev/null >/dev/null 2>&1
}

[ $# -eq 1 ] || die "usage: play.sh N"
find_folder "$1"
title="$dir/queue.c, healthy: it cannot be driven wrong"
[ -z "${DIR-}" ] || title="$dir/queue.c"
if [ -n "${BUG-}" ]; then
    find_bug
    break_copy
    title="Bug ${BUG##*/}: $(sed -n 's/^Title: //p' "$patch")"
fi
source=queue.c case=two
[ -z "${BUG-}${DIR-}" ] || find_case
case=${CASE:-$case}
replay=()
if [ -n "${REPLAY+set}" ]; then
    build_engine replay
    replay=(--replay "$REPLAY")
elif has_ncurses; then
    build_engine game
    libraries=(-lncurses)
else
    die "the game needs ncurses.h: sudo apt-get install libncurses-dev"
fi
build_cases "$source" "$work/schedule" || exit 2
cd "$folder" && "$work/schedule" --title "$title" "${replay[@]}" "$case"
