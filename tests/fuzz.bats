#!/usr/bin/env bats
# fuzz.bats: does `make fuzz` find what it is for? A mistake is put into a copy of
# a stage, and the kept inputs, or those that libFuzzer invents, must find it.

# shellcheck disable=SC2016 # $ is for the inner shell

load helpers

ROOT=$(dirname "$TESTS_DIR")
FUZZ_SH=$TESTS_DIR/fuzz/fuzz.sh

# mistake FOLDER FILE SED: set COPY to a copy of the folder with a mistake in it.
mistake() {
    COPY=$BATS_TEST_TMPDIR/mine
    cp -r "$ROOT/$1" "$COPY"
    sed -i "$3" "$COPY/$2"
    ! cmp -s "$ROOT/$1/$2" "$COPY/$2" ||
        explain "the pattern changes nothing in $1/$2: $3"
}

# replay TARGET: the kept inputs on the copy (run).
replay() {
    run env FUZZ="$1" DIR="$COPY" "$FUZZ_SH" replay
}

assert_found() {
    assert_failure 1
    assert_line --partial 'inputs: FOUND'
    assert_line --partial "$1"
}

@test "the kept inputs find nothing in the stages" {
    run "$FUZZ_SH" replay
    assert_success
    assert_line --regexp '^[0-9]+ targets, 0 with findings$'
    # Each target that there is was run.
    local file
    for file in "$TESTS_DIR"/fuzz/corpus/*/; do
        assert_line --regexp "^$(basename "$file") .* inputs: nothing found$"
    done
}

@test "a length of which half has come and is taken for whole is found" {
    mistake stage3_protocol train.c 's/read_full(socket_fd, &header/read_some(socket_fd, \&header/'
    replay train
    assert_found 'train: train_receive: expected '
}

@test "a length that is believed without a look at the room is found" {
    mistake stage3_protocol train.c 's/if (\*length > size)/if (0)/'
    replay train
    assert_found 'AddressSanitizer: stack-buffer-overflow'
}

@test "a CR inside a header line that is let through is found" {
    mistake stage2_fdpass cgi/header.c "s/ && i + 1 < length &&/ ||/; s/bytes\[i + 1\] == .*);/0);/"
    replay request
    assert_found 'request: taken, but 400 was expected'
}

@test "a second Status of a program that is let through is found" {
    mistake stage2_fdpass cgi/response.c 's/place != NULL && \*place != NULL/0/'
    replay reply
    assert_found 'reply: expected status 502, got 0'
}

@test "a file that is kept although too little of it has come is found" {
    mistake stage3_protocol receiver.c 's/ || (length == 0 && missing > 0)//'
    replay fetch
    assert_found 'fetch: expected outcome 2, got 0'
}

@test "a line of the log that a client can forge is found" {
    mistake stage3_protocol text.c "s/byte >= ' ' && byte <= '~'/byte != 0/"
    replay files
    assert_found 'files: a line of the log has byte 0xa'
}

@test "a reactor that answers otherwise than the waiting service is found" {
    mistake stage6_threadpool reactor/connection.c 's/exchange->to_skip -= length;/exchange->to_skip = 0;/'
    replay reactor
    assert_found 'reactor: answers: expected '
}

@test "a conversation that drops the last line without a newline is found" {
    mistake stage2_fdpass notify/conversation.c 's/length = unanswered; .*/length = 0;/'
    replay notify
    assert_found 'notify: answers: expected '
}

@test "libFuzzer finds by itself what no kept input has, and keeps it" {
    command -v clang >/dev/null || skip 'clang is missing'
    mistake stage1_fork service.c 's/^    memcpy(reply + prefix, line, length);/&\n    if (length > 2 \&\& line[1] == 0x51) reply[prefix] = 0;/'
    run env FUZZ=lines DIR="$COPY" \
        FUZZ_FOUND="$BATS_TEST_TMPDIR/found" SECONDS_EACH=$((60 * TIMEOUT_SCALE)) \
        "$FUZZ_SH" run
    assert_failure 1
    assert_line --partial 'lines: answers: expected '
    assert_line --regexp '^lines mine .* edges, .* MiB: FOUND$'
    # What was kept finds it again, here and not in the stage.
    local kept
    kept=$(echo "$BATS_TEST_TMPDIR"/found/lines-*)
    run env FUZZ=lines DIR="$COPY" "$FUZZ_SH" replay "$kept"
    assert_found 'lines: answers: expected '
    run env FUZZ=lines "$FUZZ_SH" replay "$kept"
    assert_success
}

@test "without a compiler that has libFuzzer it names the package" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s "$(command -v bash)" "$(command -v dirname)" "$(command -v mktemp)" \
        "$(command -v rm)" "$BATS_TEST_TMPDIR/bin"
    PATH=$BATS_TEST_TMPDIR/bin run "$FUZZ_SH" run
    assert_failure 1
    assert_output 'fuzz.sh: clang is missing (package clang)'
    printf '#!/bin/bash\ncase $1 in --version) echo clang version 14.0.6 ;; *) exit 1 ;; esac\n' \
        >"$BATS_TEST_TMPDIR/bin/clang"
    chmod +x "$BATS_TEST_TMPDIR/bin/clang"
    PATH=$BATS_TEST_TMPDIR/bin run "$FUZZ_SH" run
    assert_failure 1
    assert_output --partial 'libclang-rt-14-dev'
    [ ${#lines[@]} -eq 1 ]
}

@test "wrong usage is named: no such mode, target, folder or number" {
    run "$FUZZ_SH"
    assert_failure 2
    FUZZ=nonsense run "$FUZZ_SH" replay
    assert_failure 2
    assert_output --partial 'no target nonsense'
    DIR=/nonexistent run "$FUZZ_SH" replay
    assert_failure 2
    assert_output --partial '/nonexistent'
    SECONDS_EACH=soon run "$FUZZ_SH" run
    assert_failure 2
    assert_output --partial 'SECONDS_EACH=soon'
}
