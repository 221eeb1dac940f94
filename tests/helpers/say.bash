# say.bash: saying why a test fails: what was expected, what was seen, and where to
# look. However much there is to show, of long texts only both ends are shown.
#
#   explain LINE...           print these lines and fail
#   assert_is WHAT EXPECTED SEEN  fail unless the last two are the same; WHAT says
#                             of what they are: "lines of the log with 'done'"
#   assert_silent WHAT        after `run`: fail if there was any output
#   status_text STATUS        print an exit status and what it means
#   said TEXT                 print "it says nothing", or that it says this text

# shellcheck shell=bash

# cut_lines: copy 60 lines of standard input, no line longer than 400 bytes: the
# first ones and the last ones.
cut_lines() {
    LC_ALL=C awk '
        length > 400 { $0 = substr($0, 1, 400) "... (" length " bytes)" }
        NR <= 30 { print; next }
        { last[NR % 30] = $0 }
        END {
            if (NR > 60)
                print "... (" NR - 60 " lines are not shown)"
            for (i = NR > 60 ? NR - 29 : 31; i <= NR; i++)
                print last[i % 30]
        }'
}

explain() {
    printf '%s\n' "$@" | cut_lines >&2
    return 1
}

# What bats-support and bats-assert print goes through here.
batslib_err() {
    if [ $# -gt 0 ]; then
        echo "$@"
    else
        cat
    fi | cut_lines >&2
}

assert_is() {
    [ "$2" = "$3" ] && return
    if [[ $2$3 == *$'\n'* ]]; then
        explain "$1: expected" "$2" "but there is" "$3"
    else
        explain "$1: expected '$2', but it is '$3'"
    fi
}

assert_silent() {
    # shellcheck disable=SC2154 # run sets it
    [ -z "$output" ] ||
        explain "$1: no output was expected, but there are ${#lines[@]} lines:" \
            "$output"
}

status_text() {
    if [ "$1" -eq 124 ]; then
        echo "status 124 (it took too long, timeout(1) ended it)"
    elif [ "$1" -gt 128 ] && kill -l $(($1 - 128)) >/dev/null 2>&1; then
        echo "status $1 (signal $(($1 - 128)), SIG$(kill -l $(($1 - 128))))"
    else
        echo "status $1"
    fi
}

said() {
    if [ -z "$1" ]; then
        echo "it says nothing"
    else
        printf 'it says:\n%s\n' "$1"
    fi
}
