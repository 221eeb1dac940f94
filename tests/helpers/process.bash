# process.bash: looking at processes, and starting some in the background.
#
#   is_running PID            neither gone nor a zombie
#   is_over PID               the opposite
#   state_of PID              set REPLY to the letter of its state (ps(1)), to
#                             nothing if it is gone
#   children PID              print the pids of its children, zombies left out
#   zombies PID               print the pids of the zombies among its children
#   no_zombies PID            has it none?
#   is_stopped PID            is it stopped, as by Ctrl-Z?
#   fd_count PID...           print how many fds they have open together
#   fd_list PID...            print what they have open, a line each
#   has_fds N [PID...]        are these so many? Of the server, if no PID is given
#   memory FIELD PID...       print the sum of a line of proc(5)'s status, in kB:
#                             VmRSS, VmHWM (the most it ever had), VmData
#   cpu_time PID...           set REPLY to the CPU time that they have used together,
#                             in hundredths of a second
#   is_at_rest PID...         do they use none, for 0.16 s?
#   signal_all SIGNAL PID...  send it; those that are gone do not matter
#   background COMMAND...     start COMMAND with no fd but 0, 1 and 2; sets
#                             BACKGROUND_PID; killed at the end of the test
#   wait_background PID [SECONDS]  wait for its end (10 s); sets
#                             BACKGROUND_STATUS
#   assert_background_status STATUS [LINE...]  fail, with these lines, unless it
#                             was that

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

is_stopped() {
    local REPLY
    state_of "$1"
    [ "$REPLY" = T ]
}

children() {
    ps -o pid=,stat= --ppid "$1" | awk '$2 !~ /^Z/ { print $1 }'
}

zombies() {
    ps -o pid=,stat= --ppid "$1" | awk '$2 ~ /^Z/ { print $1 }'
}

fd_count() {
    local pid fds sum=0
    for pid in "$@"; do
        fds=("/proc/$pid/fd"/*)
        sum=$((sum + ${#fds[@]}))
    done
    echo $sum
}

fd_list() {
    local pid
    for pid in "$@"; do
        find "/proc/$pid/fd" -type l -printf "$pid: %f is %l\n" 2>/dev/null
    done
}

has_fds() {
    local pids=("${@:2}")
    [ $# -gt 1 ] || pids=("$SERVER_PID")
    [ "$(fd_count "${pids[@]}")" -eq "$1" ]
}

memory() {
    local files=("${@:2}")
    files=("${files[@]/#//proc/}")
    awk -v field="$1:" '$1 == field { sum += $2 } END { print +sum }' \
        "${files[@]/%//status}"
}

cpu_time() {
    local pid stat
    REPLY=0
    for pid in "$@"; do
        read -r stat <"/proc/$pid/stat"
        read -ra stat <<<"${stat##*) }"
        ((REPLY += stat[11] + stat[12], 1))
    done
}

is_at_rest() {
    local - REPLY before tries=8
    set +T # else Bats follows every command from here on, which takes time
    cpu_time "$@"
    before=$REPLY
    while ((tries-- > 0)); do
        tick
    done
    cpu_time "$@"
    ((REPLY == before))
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
        explain "waited for ${2:-10} s, but process $1 did not end. It is:" \
            "$(ps -o pid,stat,wchan:20,args -p "$1")" || return
    wait "$1" || BACKGROUND_STATUS=$?
}

assert_background_status() {
    [ "$BACKGROUND_STATUS" -eq "$1" ] ||
        explain "the process in the background ended with" \
            "$(status_text "$BACKGROUND_STATUS"), expected $1." "${@:2}"
}
