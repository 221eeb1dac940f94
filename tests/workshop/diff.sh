#!/bin/bash
# diff.sh: the diffs of specimens, mutants and exercises.
#
#   diff.sh make STAGE COPY   print how the sources in COPY differ from those of
#                             the stage (a folder), in the form that is wanted
#   diff.sh renew FILE...     the stage has moved on: apply the diff of each file
#                             as well as it goes, and write it anew. Then look at
#                             it, and prove it.

set -u
# shellcheck source=tests/workshop/lib.bash
source "$(dirname "$0")/lib.bash"

# sources FOLDER
sources() {
    (cd "$1" && find . -name build -prune -o -type f \( -name '*.[ch]' \
        -o -name Makefile -o -name '*.mk' \) -print)
}

# print_diff OLD NEW
print_diff() {
    local name
    while IFS= read -r name; do
        name=${name#./}
        diff --new-file --unified=3 --label "a/$name" --label "b/$name" \
            "$1/$name" "$2/$name"
    done < <(sort -u <(sources "$1") <(sources "$2"))
}

# put_diff FILE SECTION: print the file with the diff of $work/diff in it, at its end
# or, if a section is named, between the fences there.
put_diff() {
    if [ -z "$2" ]; then
        sed '/^--- /,$d' "$1"
        cat "$work/diff"
        return
    fi
    awk -v heading="## $2" -v diff="$work/diff" '
    /^## / && !fenced { inside = $0 == heading }
    /^```/ {
        fenced = !fenced
        print
        while (inside && fenced && (getline line < diff) > 0)
            print line
        next
    }
    !(inside && fenced)' "$1"
}

# renew FILE: a patch, or an exercise with a solution.
renew() {
    local stage part=''
    [[ $1 == *.patch ]] || part=Solution
    stage=$(stage_of "$1")
    [ -n "$stage$(diff_of "$1" "$part")" ] || die "$1 holds no diff"
    copy_sources "$stage" "$work/old"
    copy_sources "$stage" "$work/new"
    diff_of "$1" "$part" |
        patch -p1 --no-backup-if-mismatch -r - -d "$work/new" ||
        die "$1 no longer goes at all: write it anew"
    print_diff "$work/old" "$work/new" >"$work/diff"
    put_diff "$1" "$part" >"$work/renewed"
    cp "$work/renewed" "$1"
    rm -r "$work/old" "$work/new"
}

case ${1-} in
make)
    [ $# -eq 3 ] || die "usage: diff.sh make STAGE COPY"
    [ -e "$root/$2/Makefile" ] || die "there is no stage '$2'"
    [ -d "$3" ] || die "there is no folder '$3'"
    print_diff "$root/$2" "$3"
    ;;
renew)
    begin_work
    for file in "${@:2}"; do
        renew "$file"
    done
    ;;
*) die "usage: diff.sh make STAGE COPY | diff.sh renew FILE..." ;;
esac
