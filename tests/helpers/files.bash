# files.bash: servers and clients of files. The server's files are in the folder
# $FILES, downloads go to $OUT: a suite sets both in its setup.
#
#   serve [ARG...]            start a server of $FILES, at $ADDRESS if that is set
#   fetch [ARG...] NAME...    run the client; sets status and output, as `run` does
#   fetch_numbered N [NAME]   download NAME (small) to $OUT/N, and fail unless it
#                             comes, byte for byte (for at_once)
#   assert_same NAME...       fail unless these came byte for byte
#   method_options PROGRAM    print `--method NAME` for each NAME that its --help
#                             lists, a line each; an empty line if there is but
#                             one way

# shellcheck shell=bash

serve() {
    local -
    set +T # else Bats follows every command from here on, which takes time
    start_server ${ADDRESS:+--address "$ADDRESS"} --directory "$FILES" "$@"
}

fetch() {
    run run_client --output "$OUT" "$@"
}

assert_same_file() {
    cmp "$1" "$2" ||
        explain "the file that arrived is not the one that was served:" \
            "$(stat -c '%n: %s bytes' "$1" "$2" 2>&1)"
}

assert_same() {
    local name
    for name in "$@"; do
        assert_same_file "$FILES/$name" "$OUT/$name" || return
    done
}

fetch_numbered() {
    mkdir "$OUT/$1"
    run_client --quiet --output "$OUT/$1" "${2:-small}" ||
        explain "client $1 ends with $(status_text $?)" || return
    assert_same_file "$FILES/${2:-small}" "$OUT/$1/${2:-small}"
}

method_options() {
    local methods
    methods=$("$STAGE_DIR/$1" --help | grep -A 1 -e --method |
        grep -owE 'copy|mmap|sendfile|splice' | sort -u | sed 's/^/--method /')
    echo "$methods"
}
