#!/bin/bash
# spread.sh FILE: carry the changed copy of a file to all stages that share it.
# FILE is its name inside a stage: net.c. Which stages share it is what the last
# commit says: those whose copies were the same, byte for byte.
#
# Nothing is written, and status is 1, if two copies were changed differently.
# A stage with another version of the file is left alone and named, with a
# command that merges the change into it. Status 2 for wrong usage.

set -u
cd "$(dirname "$0")/../.." || exit

usage() {
    echo "spread.sh: $1" >&2
    echo "Usage: make spread FILE=net.c" >&2
    exit 2
}

# committed PATH: print the name that git has for its content in the last commit.
committed() {
    git rev-parse --verify --quiet "HEAD:$1"
}

# present PATH: the same for its content now; nothing if it is gone.
present() {
    [ -e "$1" ] && git hash-object "$1"
}

# Look at every copy. Sets sources, the changed copies, one for each version that
# several stages may share, and fails if one version was changed in two ways.
find_changes() {
    local copy old new status=0
    for copy in "${copies[@]}"; do
        old=$(committed "$copy") new=$(present "$copy")
        [ "$new" != "$old" ] || continue
        [ -n "$new" ] || usage "$copy is gone: remove it by hand elsewhere, too"
        if [ -z "${source_of[$old]-}" ]; then
            source_of[$old]=$copy
        elif ! cmp -s "$copy" "${source_of[$old]}"; then
            echo "spread.sh: $copy and ${source_of[$old]} were changed" \
                "differently" >&2
            status=1
        fi
    done
    return $status
}

# Copy each changed copy over those that were the same as it.
spread() {
    local copy old source
    for copy in "${copies[@]}"; do
        old=$(committed "$copy") source=${source_of[$old]-}
        if [ -n "$source" ]; then
            cmp -s "$source" "$copy" && continue
            cp "$source" "$copy" || return
            echo "$copy: as $source now"
        else
            for source in "${source_of[@]}"; do
                echo "$copy is another version. To merge the change:"
                echo "    git show HEAD:$source >old &&" \
                    "git merge-file $copy old $source; rm old"
            done
        fi
    done
}

[[ $# -eq 1 && -n $1 ]] || usage "expected the name of one file"
git rev-parse --git-dir >/dev/null 2>&1 ||
    usage "this is no checkout of git, which knows what was changed"
copies=()
declare -A source_of=() versions=()
# A server beside the ladder, too, may have a copy of a file of later stages.
while read -r copy; do
    version=$(committed "$copy")
    if [ "${copy#*/}" = "$1" ]; then
        versions[$version]=$copy
    elif [[ $copy != */"$1" || -z ${versions[$version]-} ]]; then
        continue
    fi
    copies+=("$copy")
done < <(git ls-tree -r --name-only HEAD | grep '^stage[1-9]_' |
    awk -F / '{ print NF, $0 }' | sort | cut -d ' ' -f 2)
[ ${#copies[@]} -gt 0 ] || usage "the last commit has no $1 in any stage"
find_changes || exit
if [ ${#source_of[@]} -eq 0 ]; then
    echo "$1 is as in the last commit: there is nothing to carry"
    exit
fi
spread
