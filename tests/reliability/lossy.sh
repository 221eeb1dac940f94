#!/bin/bash
# lossy.sh [--connections N] [--seed N] [PROGRAM]...: download through a bad network.
#
# In a network namespace each server is reached only by a wire that delays each
# packet by 75 ms (150 ms there and back), loses 2 % of them, lets 5 % overtake the
# others, doubles 1 %, and takes none over 576 bytes: bad_wire.c. Four clients at a
# time make --connections (20), and the client of the stage downloads or talks as
# well. All must get all, every byte of it.
#
# The wire needs /dev/net/tun and user namespaces. Where they are not there, nothing
# is tried, and the status is 1. See lib.bash for the rest.

set -u
if [ -z "${LOSSY_INSIDE-}" ] && [ "${1-}" != --help ]; then
    missing=''
    [ -c /dev/net/tun ] || missing='/dev/net/tun (the kernel module tun)'
    unshare -rn true 2>/dev/null || missing='user namespaces (user_namespaces(7))'
    if [ -n "$missing" ]; then
        echo "lossy: this needs $missing" >&2
        exit 1
    fi
    LOSSY_INSIDE=yes exec unshare -rn "$0" "$@"
fi

declare -A option=([connections]=20 [patience]=60)
large=150001      # a bad network is slow
JOBS=${JOBS:-100} # and the servers mostly wait
# shellcheck source=tests/reliability/lib.bash
. "$(dirname "$0")/lib.bash" "$@"
here=10.99.0.1
there=10.99.0.2 # the same, over the wire

open_wire() {
    local line=''
    mkdir "$work/wire"
    mkfifo "$work/wire/out"
    (cd "$work/wire" && exec "$build/bad_wire" --seed "$seed") \
        >"$work/wire/out" {never}>&- </dev/null &
    wire=$!
    exec {wire_out}<"$work/wire/out"
    read -rt $((10 * scale)) -u "$wire_out" line
    [ "$line" = ready ] || exit 1
}

# close_wire: set the array of figures. If it did no harm, nothing was proved.
close_wire() {
    local line='' pair
    kill -s TERM "$wire"
    wait "$wire" || failed=$((failed + 1))
    read -rt $((10 * scale)) -u "$wire_out" line
    for pair in $line; do
        figures[${pair%%=*}]=${pair#*=}
    done
    if [ "${figures[lost]-0}" -eq 0 ] || [ "${figures[overtaking]-0}" -eq 0 ]; then
        echo "lossy: FAILED: the wire was good: '$line'"
        failed=$((failed + 1))
    fi
}

# download: by the client of the stage.
download() {
    local file
    mkdir -p got
    timeout $((option[patience] * scale)) "$client" --quiet -a $there -p "$port" \
        -o got small middling 2>client.err ||
        problem "its client fails: $(cat client.err)"
    for file in small middling; do
        cmp -s "$work/files/$file" "got/$file" ||
            problem "its client got another $file than was sent"
    done
}

# talk: the same for lines.
talk() {
    seq 30 >said # each waits for the reply to the one before
    timeout $((option[patience] * scale)) "$client" -a $there -p "$port" \
        <said 2>client.err >heard ||
        problem "its client fails: $(cat client.err)"
    sed 's/^\[[0-9]*\] //' heard | cmp -s - said ||
        problem "its client heard another thing than it said"
}

visit() {
    client=$(dirname "$path")/client
    start_server -a $here || return
    start_swarm -a $there -c 4 -n "${option[connections]}" -e
    if [ -x "$client" ]; then
        case $protocol in
        trains) download ;;
        lines) talk ;;
        esac
    fi
    wait_swarm
    expect_sound
    add bytes "${got[bytes]-0}"
    stop_server
    say "${got[done]-0} replies, ${got[bytes]-0} bytes, the slowest in" \
        "${got[slowest_ms]-0} ms"
}

open_wire
visit_all
close_wire
finish "${figures[packets]-0} packets, ${figures[lost]-0} lost, \
${figures[overtaking]-0} overtaking, ${figures[doubled]-0} doubled; \
${figures[replies]-0} replies compared, ${figures[wrong]-0} wrong, \
${figures[stuck]-0} stuck"
