# process.bash: looking at processes, and starting some in the background.
#
#   is_running PID            neither gone nor a zombie
#   is_over PID               the opposite
#   state_of PID              set REPLY to the letter of its state (ps(1)), to
#                             nothing if it is gone
#   children PID              print the pids of its children, zombies left out
#   zombies PID               print the pids of the zombies among its children
#   no_zombies PID            has it none?
#   fd_count PID              print how many fds it has open
#   signal_all SIGNAL PID...  send it; those that are gone do not matter
#   background COMMAND...     start COMMAND with no fd but 0, 1 and 2; sets
#                             BACKGROUND_PID; killed at the end of the test
#   wait_background PID [SECONDS]  wait for its end (10 s); sets
#                             BACKGROUND_STATUS

# shellcheck shell=bash disable=SC2034,SC2154 # the variables are shared

background_pids=() # started by background

state_of() {
    local stat=''
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || true
    REPLY=${stat##*) }
    REPLY=${REPLY:0:1}
}

is_running() {
    local REPLY
    state_of "$1"
    [[ -n $REPLY && $REPLY != [ZX] ]]
}

is_over() {
    ! is_running "$1"
}

children() {
    ps -o pid=,stat= --ppid "$1" | awk '$2 !~ /^Z/ { print $1 }'
}

zombies() {
    ps -o pid=,stat= --ppid "$1" | awk '$2 ~ /^Z/ { print $1 }'
}

fd_count() {
    local fds=("/proc/$1/fd"/*)
    echo ${#fds[@]}
}

no_zombies() {
    [ -z "$(zombies "$1")" ]
}

signal_all() {
    local signal=$1
    shift
    [ $# -eq 0 ] || kill -s "$signal" "$@" 2>/dev/null || true
}

# only_standard_fds COMMAND...: become COMMAND, without the fds of the tests:
# fd 3, on which Bats waits, and connections that a test holds open.
only_standard_fds() {
    trap - DEBUG ERR # Bats follows every command, which takes time
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/} # 255 belongs to the shell
        ((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
    done
    if [ "$(type -t "$1")" = function ]; then
        "$@"
    else
        exec "$@"
    fi
}

background() {
    (only_standard_fds "$@") <&0 &
    BACKGROUND_PID=$!
    background_pids+=("$BACKGROUND_PID")
}

wait_background() {
    BACKGROUND_STATUS=0
    in_time "${2:-10}" is_over "$1" ||
        explain "waited for ${2:-10} s, but process $1 did not end" \
            "$(ps -o pid,stat,args -p "$1")" || return
    wait "$1" || BACKGROUND_STATUS=$?
}
