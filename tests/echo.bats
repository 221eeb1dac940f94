#!/usr/bin/env bats
# The line protocol: every line comes back with the id of who answers.

load helpers


@test "a line comes back with the id of the process or thread that serves" {
    start_server
    run client <<<"hello"
    assert_success
    assert_output --regexp '^\[[0-9]+\] hello$'
}
