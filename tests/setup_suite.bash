# setup_suite.bash: what Bats does once, before the first test of a run.

# shellcheck shell=bash

setup_suite() {
    unset MAKEFLAGS MAKELEVEL MFLAGS # of the make that started us
    make -s -C "$(dirname "${BASH_SOURCE[0]}")"
}
