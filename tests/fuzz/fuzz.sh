#!/bin/bash
# fuzz.sh: feed the parsers with inputs that libFuzzer invents, and compare what
# they do with a plain model (targets.txt says what there is).
#
#   fuzz.sh run             SECONDS_EACH (300) for each target; needs clang
#   fuzz.sh replay [FILE...]  only the inputs of the corpus, or these; any compiler
#
# Environment: FUZZ=name  only this target
#              DIR=folder  this folder in place of those of the table
#              SECONDS_EACH=N  how long each target runs
#              FUZZ_FOUND=folder  where an input that fails is kept
#
# Prints progress, and a line of figures for each target. Status: 0 nothing found,
# 1 something found or a tool missing, 2 wrong usage.

set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
seconds=${SECONDS_EACH:-300}
wanted=${FUZZ-}
only_folder=${DIR-}
found=${FUZZ_FOUND:-$root/tests/build/fuzz-found}
failures=0
runs=0
unset MAKEFLAGS MAKELEVEL

# What is wrapped, see wire.c.
wrapped=(read write recv send sendfile splice close fsync getpeername)

say() {
    printf '%s\n' "fuzz.sh: $*" >&2
}

die() {
    say "$2"
    exit "$1"
}

# Become a compiler that has libFuzzer, or end.
choose_compiler() {
    local object=$work/probe
    if [ "$mode" = replay ]; then
        compiler=${CC:-cc}
        sanitizers=("-fsanitize=address,undefined")
        link=()
    else
        compiler=clang
        sanitizers=("-fsanitize=address,undefined,fuzzer-no-link")
        link=(-fsanitize=fuzzer)
        command -v clang >/dev/null ||
            die 1 'clang is missing (package clang)'
    fi
    if ! echo 'int main(void) { return 0; }' |
        "$compiler" "${sanitizers[@]/,fuzzer-no-link/}" -x c - -o "$object" \
            2>"$work/log"; then
        die 1 "$compiler cannot link with sanitizers: $(package_of_runtime)"
    fi
    [ "$mode" = replay ] ||
        echo '#include <stddef.h>
int LLVMFuzzerTestOneInput(void *d, size_t s) { (void)d; return s > 9; }' |
        "$compiler" "${link[@]}" -x c - -o "$object" 2>"$work/log" ||
        die 1 "clang cannot link with libFuzzer: $(package_of_runtime)"
}

package_of_runtime() {
    local version
    version=$("$compiler" --version)
    if [[ $version == *clang* && $version =~ version\ ([0-9]+) ]]; then
        echo "package libclang-rt-${BASH_REMATCH[1]}-dev"
    else
        head -n 1 "$work/log"
    fi
}

# suits FOLDER NEED...: has it what the target needs?
suits() {
    local need
    for need in "${@:2}"; do
        if [[ $need == !* ]]; then
            [ ! -e "$1/${need#!}" ] || return
        else
            [ -e "$1/$need" ] || return
        fi
    done
}

# library FOLDER INNER: make $library of all sources without a main, from which the
# linker takes what is needed.
library() {
    local folder=$1 inner=$2 source sources=() object objects=()
    library=$work/$(basename "$folder")-$inner.a
    [ ! -e "$library" ] || return 0
    rm -rf "$work/objects"
    mkdir "$work/objects" || return
    [ "$inner" = - ] || sources+=("$folder/$inner"/*.c)
    sources+=("$folder"/*.c)
    for source in "${sources[@]}"; do
        ! grep -Eq '^(int )?main\(' "$source" || continue
        object=${source#"$folder/"}
        objects+=("$work/objects/${object//\//_}.o")
        compile "$folder" "$inner" -c "$source" -o "${objects[-1]}" || return
    done
    ar rc "$library" "${objects[@]}"
}

# compile FOLDER INNER ARGUMENT...
compile() {
    "$compiler" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -pthread -g -O1 \
        "${sanitizers[@]}" -I"$1" -I"$1/${2/#-/.}" "${@:3}"
}

# build TARGET FOLDER INNER: make $work/TARGET.
build() {
    local sources=("$here/$1.c" "$here"/{target,wire,http,files_create}.c)
    [ "$mode" = run ] || sources+=("$here/replay.c")
    library "$2" "$3" &&
        compile "$2" "$3" "${link[@]}" "${wrapped[@]/#/-Wl,--wrap=}" \
            "${sources[@]}" "$library" -o "$work/$1" -lm
}

# progress TITLE: from the output of libFuzzer, a line now and then, and the rest
# to a file.
progress() {
    local line last=$SECONDS
    while IFS= read -r line; do
        printf '%s\n' "$line" >&3
        if [[ $line =~ ^#([0-9]+).*cov:\ ([0-9]+) ]]; then
            ((SECONDS - last >= 5)) || continue
            last=$SECONDS
            printf '  %-34s %4d s  %s inputs, %s edges\n' "$1" "$SECONDS" \
                "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        fi
    done 3>"$work/log"
}

# statistic NAME: a number of libFuzzer's final ones.
statistic() {
    sed -n "s/^stat::$1: *//p" "$work/log" | tail -n 1
}

edges() {
    grep -o 'cov: [0-9]*' "$work/log" | tail -n 1 | tr -dc 0-9
}

# What the target or a sanitizer has said.
show_finding() {
    failures=$((failures + 1))
    grep -E "^$1: |ERROR: |runtime error: |^ +#[0-9] " "$work/log" |
        head -n 20 | sed 's/^/    /'
}

# Keep the inputs that libFuzzer has written down.
keep_found() {
    local file
    for file in "$work/new"/found-*; do
        [ -e "$file" ] || continue
        mkdir -p "$found" && mv "$file" "$found/$1-${file##*-}"
        echo "    again: make fuzz-replay FUZZ=$1 INPUT=$found/$1-${file##*-}"
    done
}

run() {
    local target=$1 verdict='nothing found' status
    rm -rf "$work/new" "$work/folder"
    mkdir "$work/new" "$work/new/corpus" "$work/folder" || return
    SECONDS=0
    (
        cd "$work/folder" || exit
        exec "$work/$target" -max_total_time="$seconds" -timeout=20 \
            -max_len="$(longest "$target")" -print_final_stats=1 \
            -artifact_prefix="$work/new/found-" "$work/new/corpus" \
            "$here/corpus/$target"
    ) </dev/null 2>&1 | progress "$2"
    status=${PIPESTATUS[0]}
    if [ "$status" -ne 0 ]; then
        verdict=FOUND
        show_finding "$target"
        keep_found "$target"
    fi
    printf '%-34s %s inputs in %d s, %s a second, %s edges, %s MiB: %s\n' \
        "$2" "$(statistic number_of_executed_units)" "$SECONDS" \
        "$(statistic average_exec_per_sec)" "$(edges)" \
        "$(statistic peak_rss_mb)" "$verdict"
}

# Few bytes can ask for much.
longest() {
    case $1 in
    files | reactor) echo 400 ;;
    lines | notify) echo 1024 ;;
    *) echo 4096 ;;
    esac
}

replay() {
    local target=$1 verdict='nothing found' inputs=("${@:3}")
    [ ${#inputs[@]} -gt 0 ] || inputs=("$here/corpus/$target"/*)
    rm -rf "$work/folder"
    mkdir "$work/folder" || return
    if ! (
        cd "$work/folder" &&
            timeout 120 "$work/$target" "${inputs[@]}" || exit 1
    ) </dev/null >"$work/log" 2>&1; then
        verdict=FOUND
        grep '^/[^ :]*$' "$work/log" | tail -n 1 | sed 's/^/    with /'
        show_finding "$target"
    fi
    printf '%-34s %d inputs: %s\n' "$2" "${#inputs[@]}" "$verdict"
}

# row TARGET FOLDER INNER NEED...
row() {
    local title
    title="$1 $(basename "$2")"
    [ "$3" = - ] || title+="/$3"
    if ! build "$1" "$2" "$3" >"$work/log" 2>&1; then
        head -n 20 "$work/log"
        say "$title cannot be built"
        failures=$((failures + 1))
        return
    fi
    runs=$((runs + 1))
    "$mode" "$1" "$title" "${files[@]}"
}

# rows: all that are wanted; with DIR each target once.
rows() {
    local target folder inner needs done_targets=' '
    while read -r target folder inner needs; do
        [[ $target != '' && $target != '#'* ]] || continue
        [[ -z $wanted || $wanted == "$target" ]] || continue
        folder=$root/$folder
        if [ -n "$only_folder" ]; then
            folder=$only_folder
            [[ $done_targets != *" $target "* ]] || continue
            # shellcheck disable=SC2086 # the files are words
            suits "$folder" $needs || continue
        fi
        done_targets+="$target "
        row "$target" "$folder" "$inner"
    done <"$here/targets.txt"
}

mode=${1-}
[[ $mode == run || $mode == replay ]] || die 2 'usage: fuzz.sh run|replay [FILE...]'
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die 2 "SECONDS_EACH=$seconds is no number"
if [ -n "$only_folder" ]; then
    only_folder=$(cd "$only_folder" 2>/dev/null && pwd) ||
        die 2 "DIR=$DIR is no folder"
fi
files=()
for file in "${@:2}"; do
    files+=("$(realpath -e "$file")") || exit 2
done
[[ ${#files[@]} -eq 0 || -n $wanted ]] ||
    die 2 'FILE needs FUZZ=name: which target is it for?'
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
choose_compiler
rows
[ $runs -gt 0 ] || [ $failures -gt 0 ] ||
    die 2 "no target ${wanted:-at all} for ${only_folder:-the stages}"
echo "$runs targets, $failures with findings"
[ $failures -eq 0 ]
