# evil.bash: the peer that plays a script (hostile/evil.c).
#
#   evil STEP...              play a script on the server (run)
#   start_evil connect|listen|listen-each STEP...
#                             the same in the background, output to evil.out and
#                             evil.err in $BATS_TEST_TMPDIR; sets EVIL_PID, and
#                             EVIL_PORT if it listens; its step `hold` holds
#                             until release_evil
#   release_evil              end its standard input
#   wait_evil [SECONDS]       release_evil, wait (15 s), fail unless all went as
#                             scripted

# shellcheck shell=bash disable=SC2034,SC2154 # the variables are shared

evil() {
    "$TESTS_DIR/build/evil" connect "$SERVER_PORT" "$@" 3>&-
}

start_evil() {
    local out=$BATS_TEST_TMPDIR/evil.out hold=$BATS_TEST_TMPDIR/evil.hold
    local -a role=("$1")
    shift
    [ "${role[0]}" != connect ] || role+=("$SERVER_PORT")
    release_evil
    rm -f "$hold"
    mkfifo "$hold"
    exec {evil_fd}<>"$hold" # else the next line would wait for a writer
    : >"$out"
    background "$TESTS_DIR/build/evil" "${role[@]}" "$@" \
        <"$hold" >"$out" 2>"$BATS_TEST_TMPDIR/evil.err"
    EVIL_PID=$BACKGROUND_PID
    [ "${role[0]}" != connect ] || return 0
    in_time 5 grep -q '^listening on ' "$out" ||
        explain "evil does not listen:" "$(cat "$BATS_TEST_TMPDIR/evil.err")"
    EVIL_PORT=$(sed -n '1s/.*://p' "$out")
}

release_evil() {
    [ -z "${evil_fd-}" ] || exec {evil_fd}>&-
    evil_fd=''
}

wait_evil() {
    release_evil
    wait_background "$EVIL_PID" "${1:-15}" || return
    [ "$BACKGROUND_STATUS" -eq 0 ] ||
        explain "not all went as the script of evil says:" \
            "$(cat "$BATS_TEST_TMPDIR/evil.err")"
}
