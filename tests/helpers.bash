# helpers.bash: what the suites have in common. A suite begins with
#
#     load helpers
#
# and judges the program $STAGE_DIR/$SERVER (stage1_fork, server), started behind
# the command $WRAP, if that is set (valgrind ...). Deadlines are multiplied by
# $TIMEOUT_SCALE (1), and what is waited for is given up after $TIMEOUT_PERCENT
# (100) of its time. README.md explains these, and how to write a suite.
#
# The helpers are in helpers/, a file for each topic; the head of each file says
# what its calls do:
#
#   say.bash      saying why a test fails
#   wait.bash     waiting for something, with a deadline and without sleeping
#   process.bash  looking at processes, and starting some in the background
#   server.bash   starting a server, stopping it, reading its log
#   socket.bash   what the kernel knows of its connections
#   client.bash   clients, honest ones
#   files.bash    servers and clients of files
#   evil.bash     the peer that plays a script
#   fault.bash    making system calls fail, or do less than they were asked to
#   unit.bash     a part of a stage by itself
#   end.bash      the end of a test
#
# Call everything plainly, not through `run`, unless noted with (run).

# shellcheck shell=bash

bats_require_minimum_version 1.5.0
export BATS_LIB_PATH=${BATS_LIB_PATH:-/usr/lib/bats}
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

TESTS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TIMEOUT_SCALE=${TIMEOUT_SCALE:-1}
TIMEOUT_PERCENT=${TIMEOUT_PERCENT:-100}
STAGE_DIR=${STAGE_DIR:-$(dirname "$TESTS_DIR")/stage1_fork}
SERVER=${SERVER:-server}
export TIMEOUT_SCALE STAGE_DIR SERVER
# Not used here is BATS_TEST_TIMEOUT. On a busy machine Bats (1.8.2) can leave the
# `sleep` of its count-down behind, which keeps the output open: who reads it from
# a pipe waits until it is over. And it does not end what `run` waits for. So each
# wait has a deadline of its own: wait_for, wait_server, `read -t`, timeout(1).
unset BATS_TEST_TIMEOUT

for helper in say wait process server socket client files evil fault unit end; do
    # shellcheck source=/dev/null
    source "$TESTS_DIR/helpers/$helper.bash"
done
unset helper

teardown() {
    end_test
}
