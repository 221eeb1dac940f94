# end.bash: the end of a test.
#
#   end_test                  end everything that is left, and fail if a server
#                             leaves zombies, orphans, a crash or a sanitizer's
#                             report behind
#
# Each test ends with it; a suite with a teardown of its own calls it there.

# shellcheck shell=bash disable=SC2034,SC2154 # the variables are shared

# is_child PID: still a child of ours? The number of one that has ended may soon be
# that of a stranger.
is_child() {
    local stat=''
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || true
    [[ ${stat##*) } == ?" $$ "* ]]
}

end_background() {
    local pid
    for pid in "${background_pids[@]}"; do
        ! is_child "$pid" || signal_all CONT "$pid"
        ! is_child "$pid" || signal_all KILL "$pid"
    done
    [ ${#background_pids[@]} -eq 0 ] ||
        wait "${background_pids[@]}" 2>/dev/null || true
    background_pids=()
}

# end_server PID: end a server that the test has left running.
end_server() {
    local problems=0
    if is_child "$1" && is_running "$1"; then
        in_time 5 no_zombies "$1" || explain \
            "the server (process $1) does not wait for children that ended:" \
            "$(ps -o pid,ppid,stat,comm --ppid "$1")" || problems=1
        signal_all TERM "$1"
        in_time 5 is_over "$1" || explain \
            "the server (process $1) did not end within 5 s of TERM," \
            "though all its clients are gone" || problems=1
        signal_all KILL "$1"
    fi
    forget_server "$1"
    case $SERVER_STATUS in
    132 | 134 | 135 | 136 | 139)
        [ -n "$crash_expected" ] || explain \
            "the server (process $1) crashed: signal $((SERVER_STATUS - 128))" || problems=1
        ;;
    esac
    return $problems
}

# Everything that was left by servers must go by itself.
end_orphans() {
    local pids
    in_time 5 no_server_processes && return
    mapfile -t pids < <(server_processes)
    explain "the server is gone, these processes of it are not:" \
        "$(ps -o pid,ppid,stat,wchan:20,args -p "$(IFS=,; echo "${pids[*]}")")" ||
        true
    signal_all KILL "${pids[@]}"
    return 1
}

check_log() {
    local log=$BATS_TEST_TMPDIR/server.err
    local crash=' killed by signal (4|6|7|8|11|31) '
    local report='(Address|Leak|Memory)Sanitizer|ThreadSanitizer: '
    report+='|runtime error: |^==[0-9]+== (Invalid|Conditional|Use of uninit)'
    report+='|^==[0-9]+== ERROR SUMMARY: [1-9]'
    [ -z "$crash_expected" ] || return 0
    ! grep -Eqs -e "$crash" "$log" ||
        explain "a process of the server crashed (see the server's log)" || return
    ! grep -Eqs -e "$report" "$log" ||
        explain "a checking tool reports an error (see the server's log)"
}

# end_servers: end all servers, and say what is wrong with them or their end.
end_servers() {
    local problems=0 pid pids
    mapfile -t pids < <(server_processes)
    signal_all CONT "${pids[@]}" # some test may have stopped them
    for pid in "${server_pids[@]}"; do
        end_server "$pid" || problems=1
    done
    end_orphans || problems=1
    check_log || problems=1
    return $problems
}

end_test() {
    local problems=0 found=$BATS_TEST_TMPDIR/found_at_end
    close_clients
    release_evil
    end_background
    end_servers 2>"$found" || problems=1
    # Bats names the line of the test that ran last: it is not to blame.
    [ $problems -eq 0 ] || [ -z "${BATS_TEST_COMPLETED-}" ] ||
        echo "The test itself passed. What is wrong was found at its end:" >&2
    cat "$found" >&2
    if [ $problems -ne 0 ] || [ -z "${BATS_TEST_COMPLETED-}" ]; then
        [ ! -s "$BATS_TEST_TMPDIR/server.err" ] ||
            explain "The end of the server's log:" \
                "$(tail -n 40 "$BATS_TEST_TMPDIR/server.err")" || true
    fi
    return $problems
}
