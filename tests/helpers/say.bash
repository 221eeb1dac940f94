# say.bash: saying why a test fails.
#
#   explain LINE...           print these lines and fail

# shellcheck shell=bash

explain() {
    printf '%s\n' "$@" >&2
    return 1
}
