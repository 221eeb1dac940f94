# fault.bash: making system calls fail, or do less than they were asked to; and
# tools that may be missing.
#
#   start_injected SPEC [ARG...]  start_server under strace, which makes system
#                             calls fail: accept4:error=EINTR:when=1
#   assert_injected [TRACE]   fail unless strace did make a call fail; TRACE is what
#                             it wrote, that of start_injected by default
#   assert_delayed [TRACE]    fail unless strace did delay a call (delay_enter)
#   assert_traced WORD TRACE  fail unless there is this word in what strace wrote
#   start_short [ARG...]      start_server with the shim that cuts every read and
#                             write to 7 bytes (hostile/short_io.c)
#   with_short_io COMMAND...  the same for a command, as $STAGE_DIR/client (run)
#   assert_short NAME         fail unless a program NAME had the shim at work
#
#   start_ring_fault SPEC [ARG...]  start_server with the shim that makes operations
#                             of io_uring fail (hostile/ring_faults.c): splice:22:1:9
#   uses_ring                 does the server work through io_uring? Then it makes few
#                             system calls that could be traced, or made to fail
#
# These skip the test if the tool does not work here:
#   need_strace, need_gdb, need_userns; need_calls if the server uses a ring

# shellcheck shell=bash disable=SC2034,SC2154 # the variables are shared

start_injected() {
    local prefix=("${SERVER_PREFIX[@]}")
    need_strace
    TRACE=$BATS_TEST_TMPDIR/trace
    # -D: the server, not strace, is our child, and gets our signals.
    SERVER_PREFIX+=(strace -D -f -qq -o "$TRACE" -e "trace=${1%%:*}"
        -e "inject=$1")
    start_server "${@:2}"
    SERVER_PREFIX=("${prefix[@]}")
}

assert_injected() {
    assert_traced INJECTED "${1:-$TRACE}"
}

assert_delayed() {
    assert_traced DELAYED "${1:-$TRACE}"
}

assert_traced() {
    in_time 2 grep -q "$1" "$2" || explain \
        "strace should have tampered with a system call (it marks it: $1), but" \
        "the program did not make that call, or not so often: so this test proves" \
        "nothing. Does the program come that far? See its log, and what calls of" \
        "this kind it did make:" "$(head -n 20 "$2")"
}

# short_io: set the array short_io to the words that switch the shim on, for env.
short_io=()
short_io() {
    local shims=$TESTS_DIR/build/short_io.so
    ! uses_ring || shims+=:$TESTS_DIR/build/ring_faults.so
    short_io=(
        "LD_PRELOAD=$shims${LD_PRELOAD:+:$LD_PRELOAD}"
        "SHORT_IO=${SHORT_IO:-7}"
        "SHORT_IO_PROOF=$BATS_TEST_TMPDIR/short_io.proof"
    )
}

start_short() {
    local prefix=("${SERVER_PREFIX[@]}")
    short_io
    SERVER_PREFIX+=(env "${short_io[@]}")
    start_server "$@"
    SERVER_PREFIX=("${prefix[@]}")
}

with_short_io() {
    short_io
    env "${short_io[@]}" "$@"
}

assert_short() {
    grep -q " $1\$" "$BATS_TEST_TMPDIR/short_io.proof" ||
        explain "no read or write of a program named $1 was cut short: so this test" \
            "proves nothing. Does it read and write at all? These programs did:" \
            "$(cat "$BATS_TEST_TMPDIR/short_io.proof" 2>&1)"
}

start_ring_fault() {
    local prefix=("${SERVER_PREFIX[@]}")
    SERVER_PREFIX+=(env
        "LD_PRELOAD=$TESTS_DIR/build/ring_faults.so${LD_PRELOAD:+:$LD_PRELOAD}"
        "RING_FAULT=$1" "RING_PROOF=$BATS_TEST_TMPDIR/ring.proof")
    start_server "${@:2}"
    SERVER_PREFIX=("${prefix[@]}")
}

uses_ring() {
    ldd "$STAGE_DIR/$SERVER" 2>/dev/null | grep -q liburing
}

need_calls() {
    ! uses_ring || skip "the kernel works for $SERVER without system calls"
}

need_strace() {
    [ -z "${WRAP-}" ] || skip "strace does not go with WRAP=$WRAP"
    strace -qq -e trace=none true 2>/dev/null ||
        skip "strace cannot run programs here"
}

need_gdb() {
    gdb -nx -q -batch -ex run --args true </dev/null 2>&1 |
        grep -q 'exited normally' || skip "gdb cannot run programs here"
}

need_userns() {
    unshare -rm true 2>/dev/null || skip "no user namespaces here"
}
