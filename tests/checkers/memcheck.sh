#!/bin/bash
# memcheck.sh [--all]: run the tests with every server under Valgrind's memcheck,
# and the tests of the client with every client under it. Each process, workers
# included, writes a report, and the script reads them all. An error, a lost
# block, or an fd that a process opened and left open at its end fails, whatever
# the tests say.
#
# Fds do not count where a process is ended by a signal, for then it cannot close
# them, nor in clients, which leave them to the kernel when they fail. Nor does
# what threads hold that a signal ends ("possibly lost").
#
# server_proactor is left out: Valgrind (3.19) does not know that io_uring_enter waits,
# and keeps signals back meanwhile; nor does it see what the kernel writes into
# memory between two calls. make sanitize has it.
#
# All this takes its time. So a suite runs for the first and for the last stage
# that has it, which share the files in between; with --all it runs for each.

set -u
# shellcheck source=tests/checkers/variant.bash
source "$(dirname "$0")/variant.bash"

export TIMEOUT_SCALE=10

# Starting a program takes half a second here. So these are left out for servers:
# cli starts the server for every wrong option (make sanitize does that faster),
# fdpass and download try other programs.
left_out=' cli fdpass download '
client_suites=' download '

# Does that suite run for this server?
chosen() {
    local folder=$1 program=$2 suite=$3
    [[ $left_out != *" $suite "* ]] || return
    [ -z "$all" ] && [ "$program" = server ] || return 0
    awk -v suite="$suite" '
    $1 ~ /^[1-9]$/ && $3 == "server" {
        for (i = 4; i <= NF; i++)
            if ($i == suite)
                print $2
    }' "$tests/programs.txt" | sed -n '1p; $p' | grep -qxF "$folder"
}

under_valgrind() {
    echo "valgrind --leak-check=full --track-fds=yes --error-exitcode=99" \
        "--trace-children=yes --log-file=$row/reports/%q{SERVER_RUN}.%p" \
        "--trace-children-skip=./*" # what server_cgi runs is not ours
}

# Name the reports with something wrong in them. $1 is 1 if fds count.
bad_reports() {
    awk -v fds_count="$1" -f "$tests/checkers/reports.awk" "$row"/reports/* |
        sort -u
}

# Read all reports; show some of the bad ones and fail if there are any.
read_reports() {
    local bad
    if [ -z "$(ls "$row/reports")" ]; then
        echo "nothing ran under Valgrind"
        return 1
    fi
    mapfile -t bad < <(bad_reports "$1")
    [ ${#bad[@]} -eq 0 ] || { variant_show "${bad[@]}" && return 1; }
}

server_row() {
    local folder=$1 program=$2 status=0 suite suites=()
    [ "$program" != server_proactor ] || return 0 # see above
    for suite in "${@:3}"; do
        ! chosen "$folder" "$program" "$suite" || suites+=("$suite")
    done
    [ ${#suites[@]} -gt 0 ] || return 0
    WRAP=$(under_valgrind) \
        variant_test "$folder" "$program" "${suites[@]}" || status=1
    read_reports 1 || status=1
    variant_verdict $status "$folder" "$program"
}

# The machine code of a program, without names of files and lines.
code_of() {
    objcopy -O binary -j .text -j .rodata "$1" /dev/stdout | md5sum
}

# Make a copy of the folder with a script in the client's place that runs it
# under Valgrind.
wrap_client() {
    local client=$work/$1-client/client
    cp -r "$work/$1" "$work/$1-client"
    mv "$client" "$work/$1-client/build/client"
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' \
        "$(under_valgrind)" "$work/$1-client/build/client" >"$client"
    chmod +x "$client"
}

client_row() {
    local folder=$1 program=$2 status=0 suite suites=()
    for suite in "${@:3}"; do
        [[ $client_suites != *" $suite "* ]] || suites+=("$suite")
    done
    # The same client as in another stage is not tried again.
    [ "$program" = server ] && [ ${#suites[@]} -gt 0 ] &&
        mkdir "$work/$(code_of "$work/$folder/client")" 2>/dev/null || return 0
    wrap_client "$folder"
    variant_test "$folder-client" "$program" "${suites[@]}" || status=1
    read_reports 0 || status=1
    variant_verdict $status "$folder" client
}

all=${own:+yes}
[ "${1-}" != --all ] || all=yes
# The debug information of newer compilers is more than older Valgrinds can read.
variant_build CFLAGS='-Og -g -gdwarf-4'
variant_rows client_row
variant_rows server_row
variant_wait
[ "$failures" -eq 0 ]
