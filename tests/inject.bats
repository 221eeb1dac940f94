#!/usr/bin/env bats
# inject.bats: does `make inject` find what it is for? A mistake is put into a copy
# of a stage, and the call whose failure it forgets is made to fail.

# shellcheck disable=SC2034 # helpers.bash reads it

load helpers

ROOT=$(dirname "$TESTS_DIR")
INJECT_SH=$TESTS_DIR/inject/inject.sh
FAIL_ONCE=$TESTS_DIR/build/fail_once

setup_file() {
    make -s -C "$TESTS_DIR" inject
}

setup() {
    TMP=$BATS_TEST_TMPDIR
    "$FAIL_ONCE" "$TMP/trace" main:getppid:EPERM:1 "$(type -P true)" 2>/dev/null ||
        skip 'system calls cannot be made to fail here (seccomp_unotify(2))'
}

# copy_stage FOLDER [FILE SED]: set COPY to a folder with a copy of the stage,
# with a mistake in it.
copy_stage() {
    COPY=$TMP/copy
    mkdir "$COPY"
    cp -r "$ROOT/$1" "$COPY"
    make -s -C "$COPY/$1" clean
    [ $# -gt 1 ] || return 0
    sed -i "$3" "$COPY/$1/$2"
    ! cmp -s "$ROOT/$1/$2" "$COPY/$1/$2" ||
        explain "the pattern changes nothing in $1/$2: $3"
}

# inject MODE PROGRAM CALLS (run)
inject() {
    run env ROOT="$COPY" PROGRAMS="$2" CALLS="$3" "$INJECT_SH" "$1" 3>&-
}

assert_broken() {
    assert_failure 1
    assert_line --partial "BROKEN $1: $2"
}

@test "a call fails at its turn, once, with that error" {
    echo one >"$TMP/one"
    run "$FAIL_ONCE" "$TMP/trace" main:fadvise64:EIO:1 \
        "$(type -P cat)" "$TMP/one" "$TMP/one"
    assert_success
    assert_output $'one\none'
    run "$FAIL_ONCE" "$TMP/trace" main:openat:ENFILE:1 "$(type -P sh)" -c \
        "read -r a <$TMP/one; read -r b <$TMP/one; echo \"\$a \$b\""
    assert_success
    assert_line --partial 'Too many open files in system'
    assert_line ' one'
    assert_equal "$(cut -d' ' -f1,2 "$TMP/trace")" \
        'INJECTED main:openat:ENFILE:1'
}

@test "of all workers together one is hit, and the trace counts every call" {
    export STAGE_DIR=$ROOT/stage2_fdpass SERVER=server
    SERVER_PREFIX=("$FAIL_ONCE" "$TMP/trace" worker:close_range:ENOMEM:2)
    start_server --workers 3
    wait_for "grep -q INJECTED '$TMP/trace'" 5
    stop_server
    assert_equal "$(grep -c . "$TMP/trace")" 1
    SERVER_PREFIX=("$FAIL_ONCE" "$TMP/trace" count)
    start_server --workers 3
    stop_server
    wait_for "grep -q '^main listen 1\$' '$TMP/trace'" 5
    wait_for "grep -Eq '^worker [a-z0-9_]+ [0-9]+\$' '$TMP/trace'" 5
}

@test "the program has its own status, and wrong usage is named" {
    run "$FAIL_ONCE" "$TMP/trace" main:read:EIO:99 "$(type -P sh)" -c 'exit 7'
    assert_failure 7
    local spec
    for spec in main:read:EIO nobody:read:EIO:1 main:raed:EIO:1 main:read:EOI:1; do
        run "$FAIL_ONCE" "$TMP/trace" "$spec" "$(type -P true)"
        assert_failure 2
        assert_equal "${#lines[@]}" 1
    done
    run "$INJECT_SH" nonsense
    assert_failure 2
    run "$INJECT_SH" one stage1_fork/server main:accept4:EXDEV:1
    assert_failure 2
    assert_output --partial 'no row for main:accept4:EXDEV:1'
}

@test "good programs keep their promises" {
    COPY=$ROOT
    inject short 'stage1_fork/server stage3_protocol/client' \
        'accept4 clone bind openat fsync connect'
    assert_success
    assert_line --regexp '^[0-9]+ calls made to fail in 2 programs, .* 0 broken, .* 0 not reached, 0 calls without a row$'
}

@test "an error of accept that nobody expected and that ends the server is found" {
    copy_stage stage1_fork listener.c 's/ log_event("accept: %s".*/ err(1, "accept");/'
    inject short stage1_fork/server accept4
    assert_broken 'stage1_fork/server main:accept4:EMFILE:1' 'ended while it ran'
}

@test "an error of write that is not looked at, so a file has a hole, is found" {
    copy_stage stage3_protocol io.c '/^write_full/,/^}/ s/return -1;/return 0;/'
    inject all stage3_protocol/client write
    assert_broken 'stage3_protocol/client client:write:ENOSPC:1' \
        'the client takes a wrong file for complete'
}

@test "a temporary file that is left when the disk fails is found" {
    copy_stage stage3_protocol download.c '/^download_drop/,/^}/ s/if (temporary_exists)/if (0)/'
    inject short stage3_protocol/client fsync
    assert_broken 'stage3_protocol/client client:fsync:ENOSPC:1' 'the client leaves '
}

@test "a call that has no row in the table is named" {
    copy_stage stage1_fork listener.c 's/^    freeaddrinfo(list);/&\n    sync();/; s/^#include <sys.socket.h>/&\n#include <unistd.h>/'
    inject short stage1_fork/server sync
    assert_failure 1
    assert_line 'NO ROW stage1_fork/server makes a call without one: main:sync'
}
