# unit.bash: a part of a stage by itself, tried by a program in C (units/).
#
#   build_unit PROGRAM NAME FILE... [FLAG...]  build PROGRAM of units/NAME*.c and
#                             these files of the stage
#   assert_unit SECONDS PROGRAM [ARG...]  it ends in time, with status 0, and says
#                             nothing

# shellcheck shell=bash disable=SC2154 # run sets status and output

build_unit() {
    local word words=()
    for word in "${@:3}"; do
        [[ $word == -* ]] || word=$STAGE_DIR/$word
        words+=("$word")
    done
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Og -g -pthread \
        -I "$STAGE_DIR" -o "$1" "$TESTS_DIR/units/$2"*.c "${words[@]}" ||
        explain "tests/units/$2.c does not build with ${*:3} of $STAGE_DIR." \
            "It uses what their headers promised: has a function another name, or" \
            "other parameters?"
}

# first_bytes COMMAND...: run it; print no more than the first 4000 bytes.
first_bytes() {
    local -
    set -o pipefail
    "$@" 2>&1 | {
        head -c 4000
        cat >/dev/null
    }
}

assert_unit() {
    local words=("${2##*/}" "${@:3}")
    run first_bytes timeout $(($1 * TIMEOUT_SCALE)) "${@:2}" 3>&-
    [[ $status -eq 0 && -z $output ]] ||
        explain "${words[*]}: expected status 0 within $1 s, and no output. It ends" \
            "with $(status_text "$status"), and $(said "$output")" \
            "Look into tests/units for what it does, and with which part of the stage."
}
