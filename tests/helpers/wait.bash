# wait.bash: waiting for something, with a deadline and without sleeping.
#
#   wait_for CONDITION SECONDS [LINE...]   wait until the shell code CONDITION is
#                             true; if it does not become so, fail with these lines
#   in_time SECONDS COMMAND...   wait until the command succeeds; says nothing if
#                             it does not
#   tick                      wait for 20 ms
#   now                       set now_ms to the milliseconds since some moment

# shellcheck shell=bash

tick() {
    if [ -z "${tick_fd-}" ]; then
        # A subshell may have been first.
        mkfifo "$BATS_TEST_TMPDIR/tick" 2>/dev/null ||
            [ -p "$BATS_TEST_TMPDIR/tick" ]
        exec {tick_fd}<>"$BATS_TEST_TMPDIR/tick"
    fi
    read -rt 0.02 -u "$tick_fd" || true # nobody ever writes there
}

now() {
    read -r now_ms _ </proc/uptime
    now_ms=$((10#${now_ms/./} * 10))
}

in_time() {
    local - now_ms deadline_ms
    set +T # else Bats follows every command from here on, which takes time
    now
    deadline_ms=$((now_ms + $1 * 10 * TIMEOUT_PERCENT * TIMEOUT_SCALE))
    until "${@:2}"; do
        now
        ((now_ms < deadline_ms)) || return 1
        tick
    done
}

wait_for() {
    local seen=""
    in_time "$2" eval "$1" && return
    [[ $1 != "[ "*" ]" ]] || seen="Now it is: $(eval "echo $1" 2>&1)"
    explain "waited for $2 s, but this did not become true: $1" \
        ${seen:+"$seen"} "${@:3}"
}
