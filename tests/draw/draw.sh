#!/bin/bash
# draw.sh: the diagram of a run, from the kernel's own account (strace). It is
# printed, and written as a page to look at in a browser.
#
#   draw.sh [OPTION]... N           run stage N
#   draw.sh [OPTION]... FOLDER      run the copy of a stage that lies there
#   draw.sh [OPTION]... -- COMMAND  run a command
#   draw.sh [OPTION]... --pid PID   a running program, until Ctrl-C
#   draw.sh [OPTION]... FILE.trace...  what strace -f -ttt -T -yy -o has written
#
#   --program NAME    the server of the stage: server (default), server_thread ...
#   --args WORDS      further arguments of the server
#   --scenario NAME   what is done with it, see scenarios/ (or a file)
#   --with RUN        a second run beside it: N, FOLDER or FILE.trace
#   --with-program, --with-args, --with-scenario   the same for the second run
#   --save-traces FOLDER  keep what strace has written there, to draw it again
#   --page FILE       where to write the page (drawn/NAME.html)
#   --all             print every call, not only the story
#   --plain           without times, process numbers and ports: to compare
#
# Status 0 if the diagram was drawn, 1 if not, 2 for wrong usage.

set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
patience=$((10 * ${TIMEOUT_SCALE:-1})) # seconds to wait for anything at all
# shellcheck source=tests/draw/stage.bash
. "$here/stage.bash"

usage() {
    echo "draw.sh: $1" >&2
    sed -n '/^#   draw.sh/s/^#  /Usage:/p' "$0" >&2
    exit 2
}

die() {
    echo "draw.sh: $*" >&2
    exit 1
}

# Fails, with the reason and the remedy, if strace cannot do its work here.
check_strace() {
    local answer
    command -v strace >/dev/null || die "strace is not installed (package strace)"
    answer=$(strace -qq -f -e trace=none true 2>&1) && return
    echo "draw.sh: strace may not trace here: ${answer##*$'\n'}" >&2
    echo "In a container, start that with: docker run --cap-add=SYS_PTRACE ..." >&2
    exit 1
}

# What to ask of strace. Calls that a machine may not have begin with "?".
strace_options() {
    local calls="execve,exit,exit_group,clone,?clone3,?fork,?vfork,wait4,waitid"
    calls+=",?open,openat,close,?close_range,dup,?dup2,dup3,fcntl,?pipe,pipe2"
    calls+=",socket,socketpair,bind,listen,?accept,accept4,connect,shutdown"
    calls+=",read,readv,pread64,write,writev,pwrite64,sendto,recvfrom,sendmsg"
    calls+=",recvmsg,sendfile,splice,?eventfd,eventfd2,signalfd4,timerfd_create"
    calls+=",?epoll_create,epoll_create1,epoll_ctl,?epoll_wait,epoll_pwait"
    calls+=",?poll,ppoll,?select,pselect6,kill,tkill,tgkill,rt_sigaction"
    calls+=",rt_sigprocmask,rt_sigsuspend,?pause,rt_sigreturn,futex,nanosleep"
    calls+=",clock_nanosleep,?rename,?renameat,renameat2"
    options=(-f -q -ttt -T -yy -s 64 -e "trace=$calls")
    # The way to the call, where strace can find it.
    ! strace -V | grep -q 'stack-trace=' || options+=(-k)
}

# ---- Recording -----------------------------------------------------------------

# record_command FOLDER COMMAND...
record_command() {
    local traces_in=$1
    shift
    (traced "$(basename "$1")" "$@") || echo "draw.sh: $(basename "$1") ended with status $?" >&2
}

# descendants PID: the process and all that come from it, the oldest first.
descendants() {
    local child
    echo "$1"
    for child in $(pgrep -P "$1"); do
        descendants "$child"
    done
}

# snapshot PID...: lines like those of strace, of what was there before it came.
snapshot() {
    local pid fd what parent
    for pid; do
        parent=$(ps -o ppid= -p "$pid")
        echo "$pid $EPOCHREALTIME process($((parent)), \"$(cat "/proc/$pid/comm")\") = 0 <0.000000>"
        for fd in "/proc/$pid/fd"/*; do
            what=$(readlink "$fd") &&
                echo "$pid $EPOCHREALTIME holds(${fd##*/}<$what>) = 0 <0.000000>"
        done
    done
}

# record_pid FOLDER PID: until Ctrl-C or its end.
record_pid() {
    local pids tracer=() pid answer name
    mapfile -t pids < <(descendants "$2")
    name=$(cat "/proc/$2/comm" 2>/dev/null) || die "there is no process $2"
    for pid in "${pids[@]}"; do
        tracer+=(-p "$pid")
    done
    snapshot "${pids[@]}" >"$1/$name.trace"
    echo "Recording $name ($2); Ctrl-C ends it, and leaves $name running." >&2
    trap : INT
    answer=$(strace "${options[@]}" -A -o "$1/$name.trace" "${tracer[@]}" 2>&1)
    trap 'exit 130' INT
    [ "$(wc -l <"$1/$name.trace")" -gt "$(snapshot "${pids[@]}" 2>/dev/null | wc -l)" ] ||
        [ -z "$answer" ] || {
        echo "draw.sh: strace may not attach to $2: $answer" >&2
        echo "Allow it with: sudo sysctl kernel.yama.ptrace_scope=0" >&2
        exit 1
    }
}

# ---- Drawing -------------------------------------------------------------------

# sources CALLS: for each place in the programs that stands in a stack, a line
# "BINARY ADDRESS<tab>FUNCTION FILE:LINE".
sources() {
    local binary address
    command -v addr2line >/dev/null || return
    cut -f 8 "$1" | tr '\001' '\n' |
        sed -En 's/^(.*)\(([^()+]*)\+0x[0-9a-f]+\) \[(0x[0-9a-f]+)\]$/\1 \3 \2/p' |
        grep -vE '^(/usr)?/lib' | sort -u >"$1.frames"
    cut -d' ' -f1 "$1.frames" | sort -u | while read -r binary; do
        # The address is where the call returns to; the call is just before it.
        grep -F "$binary " "$1.frames" | while read -r _ address _; do
            printf '0x%x\n' $((address - 1))
        done | addr2line -s -e "$binary" 2>/dev/null |
            paste -d' ' <(grep -F "$binary " "$1.frames") - |
            sed -E 's/^([^ ]+ [^ ]+) ([^ ]+) ([^ ]+).*/\1\t\2 \3/'
    done
}

# convert FOLDER: from all its traces to FOLDER/events.
convert() {
    local part parts=()
    export LC_ALL=C
    # Clients stand left of the server that they talk to.
    awk -f "$here/strings.awk" -f "$here/calls.awk" "$1"/*.trace | sort -s -n -k 1,1 >"$1/calls"
    [ -z "$save_traces" ] || {
        mkdir -p "$save_traces" && cp "$1"/*.trace "$save_traces"
    } || exit
    [ -s "$1/calls" ] || die "strace has recorded nothing"
    sources "$1/calls" >"$1/sources"
    for part in strings files trains bytes descriptors processes findings events; do
        parts+=(-f "$here/$part.awk")
    done
    awk -v sources="$1/sources" -v attached="$attached" -v noise="$noise" \
        "${parts[@]}" "$1/calls" >"$1/events"
}

# write_page RUN...: one file with all in it; nothing is fetched.
write_page() {
    local run
    mkdir -p "$(dirname "$page")" || exit 1
    while IFS= read -r line; do
        case $line in
        '<!-- style -->') echo '<style>' && cat "$here/page.css" && echo '</style>' ;;
        '<!-- script -->') echo '<script>' && cat "$here/page.js" && echo '</script>' ;;
        '<!-- runs -->')
            for run; do
                printf '<pre class="rows" hidden title="%s">\n' "$(<"$run/title")"
                sed 's/&/\&amp;/g; s/</\&lt;/g' "$run/events"
                echo '</pre>'
            done
            ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$here/page.html" >"$page"
}

print_text() {
    local colour='' width=${COLUMNS:-80}
    [ ! -t 1 ] || [ -n "${NO_COLOR-}" ] || colour=yes
    [ ! -t 1 ] || width=$(stty size <&1 2>/dev/null | cut -d' ' -f2)
    [ "${width:-0}" -gt 0 ] || width=80
    echo "$(<"$1/title")"
    awk -v width="$width" -v colour="$colour" -v all="$all" -v plain="$plain" \
        -f "$here/text.awk" "$1/events"
}

# run FOLDER WHAT PROGRAM ARGS SCENARIO: record what is asked for, and convert.
run() {
    local folder=$1 what=$2
    mkdir "$folder"
    if [[ $what == *.trace ]]; then
        [ -r "$what" ] || die "there is no file $what"
        cp "$what" "$folder" || exit
        name=$(basename "$what" .trace)
        echo "$name" >"$folder/title"
    else
        [[ ! $what =~ ^[1-9]$ ]] || what=$(compgen -G "$root/stage${what}_*") ||
            usage "there is no stage $2"
        [ -e "$what/Makefile" ] || usage "there is no stage in $what"
        name=$([ "$2" = "$what" ] && basename "$what" || echo "$2")
        echo "$(basename "$what")/$3${4:+ $4}" >"$folder/title"
        check_strace
        strace_options
        record_stage "$folder" "$what" "$3" "$4" "$5"
    fi
    convert "$folder"
}

# ---- Arguments -----------------------------------------------------------------

what='' program=server args='' scenario=''
with='' with_program='' with_args='' with_scenario=''
page='' save_traces='' all='' plain='' pid='' attached='' command=() traces=()
while [ $# -gt 0 ]; do
    case $1 in
    --program | --args | --scenario | --with | --with-program | --with-args | \
        --with-scenario | --page | --pid | --save-traces)
        [ $# -ge 2 ] || usage "$1 wants a value"
        option=${1#--}
        printf -v "${option//-/_}" %s "$2"
        shift 2
        ;;
    --all | --plain)
        printf -v "${1#--}" yes
        shift
        ;;
    --)
        shift
        command=("$@")
        [ $# -gt 0 ] || usage "-- wants a command"
        break
        ;;
    -*) usage "there is no option $1" ;;
    *.trace)
        traces+=("$1")
        shift
        ;;
    *)
        [ -z "$what" ] || usage "what is $1 for?"
        what=$1
        shift
        ;;
    esac
done
[ -n "$what$pid${command[*]-}${traces[*]-}" ] || usage "draw what?"

# What the loader and the C library open is not worth a line.
noise='"(/etc/(ld|nsswitch|passwd|host|gai|resolv|localtime)|/(usr/)?lib|/usr/share|/proc|/dev/tty|/sys)'
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-draw-XXXXXX") || exit
trap 'end_recording; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 141' PIPE # draw.sh 2 | head
cd "$root" || exit

if [ ${#traces[@]} -gt 0 ]; then
    mkdir "$work/1"
    cp "${traces[@]}" "$work/1" || exit
    name=$(basename "${traces[0]}" .trace)
    echo "$name" >"$work/1/title"
    convert "$work/1"
elif [ -n "$pid" ]; then
    [[ $pid =~ ^[0-9]+$ ]] || usage "--pid wants a number"
    check_strace
    strace_options
    mkdir "$work/1"
    record_pid "$work/1" "$pid"
    attached=yes name=pid$pid
    echo "process $pid" >"$work/1/title"
    convert "$work/1"
elif [ ${#command[@]} -gt 0 ]; then
    check_strace
    strace_options
    mkdir "$work/1"
    record_command "$work/1" "${command[@]}"
    name=$(basename "${command[0]}")
    echo "${command[*]}" >"$work/1/title"
    convert "$work/1"
else
    run "$work/1" "$what" "$program" "$args" "$scenario"
fi
first=$name
if [ -n "$with" ]; then
    run "$work/2" "$with" "${with_program:-$program}" "$with_args" \
        "${with_scenario:-$scenario}"
    name=$first-$name
fi
[ -n "$page" ] || page=drawn/draw${name#draw}.html
runs=("$work"/[12])
write_page "${runs[@]}"
for folder in "${runs[@]}"; do
    print_text "$folder"
done
echo "The same to look at in a browser: $page" 2>/dev/null
