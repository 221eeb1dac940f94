#!/usr/bin/env bats
# fdpass.bats: passing a descriptor to another process. fdpass.c of the stage is
# tried on its own (fdpass_check.c), and so is the program handover.

load helpers

setup_file() {
    CHECK=$BATS_FILE_TMPDIR/fdpass_check
    SANITIZED=yes
    if ! build_fdpass_check -fsanitize=address,undefined \
        -fno-sanitize-recover=undefined >/dev/null 2>&1; then
        SANITIZED=''
        build_fdpass_check
    fi
    export CHECK SANITIZED
}

# build_fdpass_check FLAG...: compile it, and see whether it runs.
build_fdpass_check() {
    build_unit "$CHECK" fdpass_check fdpass.c -Wl,--wrap=sendmsg,--wrap=recvmsg \
        "$@" && "$CHECK" # the names of the checks
}

# check NAME
check() {
    assert_unit 10 "$CHECK" "$1"
}

# handover FILE: run it, with its output in the usual variables.
handover() {
    [ -x "$STAGE_DIR/handover" ] || skip "this stage has no program handover"
    run timeout $((10 * TIMEOUT_SCALE)) "$STAGE_DIR/handover" "$1" 3>&-
}

# ---- What arrives

@test "the descriptor that arrives has another number for the same open file" {
    check same-file
}

@test "what is sent is the open file, not a number: the sender may close at once [trap 5]" {
    check sender-closes
}

@test "the descriptor that arrives is close-on-exec [fault 35]" {
    check close-on-exec
}

@test "an order without a descriptor gives -1, not some number [fault 28]" {
    check without-fd
}

@test "every byte can be an order, with a descriptor or without" {
    check every-order
}

@test "orders that queue up arrive one by one, each with its own descriptor [fault 31]" {
    check queued
}

# ---- What may go wrong

@test "several descriptors in one message are an error, and none stays open [fault 27]" {
    check several-fds
}

@test "a descriptor without an order is an error, and does not stay open [fault 28]" {
    check without-order
}

@test "control data of another kind is not taken for a descriptor [trap 10]" {
    check other-control-data
}

@test "credentials for which there is no room do no harm [trap 10]" {
    check credentials
}

@test "a closed channel gives 0, after what was sent before" {
    check end
}

@test "who has all the descriptors it may have is told EMFILE [fault 26] [trap 10]" {
    check limit
}

@test "receiving goes on after a signal (EINTR)" {
    check receive-interrupted
}

@test "sending goes on after a signal (EINTR), and sends only once [fault 30]" {
    check send-interrupted
}

@test "sending fails without a signal and without a trace when it cannot be done" {
    check send-fails
}

@test "no byte is read or written beyond the control buffer, and none is left allocated [trap 9]" {
    [ -n "$SANITIZED" ] || skip "no address sanitizer here"
    local name
    for name in $("$CHECK"); do
        check "$name" # the sanitizer's report would make it fail
    done
}

# ---- handover

@test "handover shows two numbers for one open file, which share the offset" {
    head -c 100 /dev/zero >"$BATS_TEST_TMPDIR/file"
    handover "$BATS_TEST_TMPDIR/file"
    assert_success
    assert_is "lines of handover's output" 3 ${#lines[@]}
    local number='^(child|parent) +([0-9]+): fd ([0-9]+), offset ([0-9]+), '
    local -a who=() pids=() fds=() offsets=()
    local line
    for line in "${lines[@]}"; do
        [[ $line =~ $number ]] ||
            explain "expected lines like 'child  PID: fd N, offset N, ...', got: $line"
        who+=("${BASH_REMATCH[1]}")
        pids+=("${BASH_REMATCH[2]}")
        fds+=("${BASH_REMATCH[3]}")
        offsets+=("${BASH_REMATCH[4]}")
    done
    assert_is "who reads" "child parent child" "${who[*]}"
    assert_is "at which offsets" "0 8 16" "${offsets[*]}"
    [[ ${pids[0]} == "${pids[2]}" && ${pids[0]} != "${pids[1]}" ]] ||
        explain "parent and child should be two processes: ${pids[*]}"
    [[ ${fds[0]} == "${fds[2]}" && ${fds[0]} != "${fds[1]}" ]] ||
        explain "the file should have one number in the child and another in the" \
            "parent: ${fds[*]}"
}

@test "handover says what it cannot open or read, and copes with an empty file" {
    handover "$BATS_TEST_TMPDIR/nosuch"
    assert_failure 1
    assert_output \
        "handover: open $BATS_TEST_TMPDIR/nosuch: No such file or directory"
    handover "$BATS_TEST_TMPDIR"
    assert_failure 1
    assert_output "handover: read: Is a directory"
    : >"$BATS_TEST_TMPDIR/empty"
    handover "$BATS_TEST_TMPDIR/empty"
    assert_success
    assert_output --partial 'offset 0, read 0 bytes'
}
