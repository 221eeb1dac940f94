# lib.bash: what the tools of this folder have in common. A tool sets its options
#
#     declare -A option=([seconds]=20)   --seconds N, a whole number
#
# sources this with the words of its command line, defines visit, which tries one
# server, and ends with
#
#     visit_all
#     finish 'what was done'      the line of figures, and the status
#
# Every tool knows
#   --seed N        of what is chosen at random; else one is chosen, and printed
#   --patience N    a request that takes longer is stuck (30 s)
#   --help          print the head of the script
#   PROGRAM...      try these servers: stage1_fork/server
# and in the environment
#   DIR, STAGE_DIR  try the servers of this folder. Without all that: every server
#                   of programs.txt
#   SEED            as --seed
#   JOBS            so many servers at the same time (one for each processor)
#   TIMEOUT_SCALE   deadlines are multiplied by this (1)
#   WRAP            a command that each server is started behind
# Status: 0 all is well, 1 it is not, or something is missing, 2 wrong usage.
#
# visit runs in a process and a folder of its own. All that it starts is in that
# folder as well, which is how whatever is left is found at the end and ended, on
# Ctrl-C too. There are for it
#   name, protocol, number   of the server: stage1_fork/server, lines, 1
#   start_server OPTION...   on a free port, with files to serve; sets server (its
#                            process) and port
#   start_swarm OPTION...    the clients, see swarm.c; sets swarm (their process)
#   wait_swarm               wait for them; sets got[done], got[cut] ...
#   expect_sound             a problem if they saw a wrong byte or one got stuck
#   stop_server [SIGNAL]     and wait; sets server_status
#   problem TEXT             this is not as it should be
#   add FIGURE N             to the sum over all servers
#   say TEXT                 a line of progress
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the tools set option, and read what is set here
# shellcheck disable=SC2119,SC2120 # arguments that may be left out

set -u
export LC_ALL=C
unset MAKEFLAGS MAKELEVEL MFLAGS # of the make that started us
tool=$(basename "$0" .sh)
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
root=$(dirname "$tests")
build=$tests/build
scale=${TIMEOUT_SCALE:-1}
jobs=${JOBS:-$(nproc)}
seed=$((RANDOM * 32768 + RANDOM))
paths=() # of the servers
started=${EPOCHREALTIME/./}
declare -A figures=() got=()

usage() {
    echo "$tool: $1" >&2
    echo "Try '$0 --help' for more information." >&2
    exit 2
}

# set_option NAME VALUE
set_option() {
    [[ $2 =~ ^[0-9]{1,9}$ ]] || usage "--$1: '$2' is not a whole number"
    if [ "$1" = seed ]; then
        seed=$((10#$2))
    elif [ -n "${option[$1]-}" ]; then
        option[$1]=$((10#$2))
    else
        usage "there is no option --$1"
    fi
}

parse_options() {
    local name
    while [ $# -gt 0 ]; do
        case $1 in
        --help)
            sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
            exit
            ;;
        --*=*)
            name=${1%%=*}
            set_option "${name#--}" "${1#*=}"
            ;;
        --*)
            [ $# -ge 2 ] || usage "$1 needs a number"
            set_option "${1#--}" "$2"
            shift
            ;;
        *) paths+=("$1") ;;
        esac
        shift
    done
    [[ $scale =~ ^[1-9][0-9]*$ ]] || usage "TIMEOUT_SCALE is '$scale'"
    [[ $jobs =~ ^[1-9][0-9]*$ ]] || usage "JOBS is '$jobs'"
}

# ---- Which servers -----------------------------------------------------------

# table: print FOLDER/PROGRAM of each row.
table() {
    local stage folder program rest
    while read -r stage folder program rest; do
        [[ $stage != [1-9] ]] || echo "$root/$folder/$program"
    done <"$tests/programs.txt"
}

# servers_in FOLDER: build it, and print its servers.
servers_in() {
    local file
    make -s -C "$1" >&2 || return
    for file in "$1"/server*; do
        [[ ! -f $file || ! -x $file ]] || echo "$file"
    done
}

choose_servers() {
    local folder=${DIR:-${STAGE_DIR-}} path
    if [ ${#paths[@]} -eq 0 ] && [ -n "$folder" ]; then
        mapfile -t paths < <(servers_in "$folder")
    elif [ ${#paths[@]} -eq 0 ]; then
        mapfile -t paths < <(table)
    fi
    [ ${#paths[@]} -gt 0 ] || usage "there is no server in '$folder'"
    for path in "${paths[@]}"; do
        if [ -e "$(dirname "$path")/Makefile" ]; then
            make -s -C "$(dirname "$path")" || exit 1
        fi
        [[ -f $path && -x $path ]] || usage "there is no program '$path'"
    done
}

# takes OPTION...: does the server know these?
takes() {
    "$path" "$@" --help >/dev/null 2>&1
}

# ---- Time --------------------------------------------------------------------

# tick [SECONDS]: wait so long, without a process.
tick() {
    read -rt "${1:-0.02}" -u "$never" || true # nobody ever writes there
}

# in_time SECONDS COMMAND...: wait until it succeeds.
in_time() {
    local end=$((${EPOCHREALTIME/./} + $1 * scale * 1000000))
    until "${@:2}"; do
        ((${EPOCHREALTIME/./} < end)) || return 1
        tick
    done
}

# ---- Processes ---------------------------------------------------------------

# processes_in FOLDER: print the pids of those that work in it or below.
processes_in() {
    find /proc -mindepth 2 -maxdepth 2 -name cwd \
        \( -lname "$1" -o -lname "$1/*" \) 2>/dev/null | cut -d / -f 3
}

nothing_in() {
    [ -z "$(processes_in "$1")" ]
}

# state_of PID: set state to the letter of ps(1), '' if it is gone.
state_of() {
    local stat=''
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null
    state=${stat##*) }
    state=${state:0:1}
}

is_over() {
    local state
    state_of "$1"
    [[ -z $state || $state == [ZX] ]]
}

# find_children: set children to the living children of the server, and zombies.
find_children() {
    local pids=() pid state
    children=() zombies=()
    if [ -r "/proc/$server/task/$server/children" ]; then
        read -ra pids <"/proc/$server/task/$server/children" || true
    else # the kernel may have been built without it
        mapfile -t pids < <(pgrep -P "$server")
    fi 2>/dev/null
    for pid in "${pids[@]}"; do
        state_of "$pid"
        case $state in
        '') ;;
        [ZX]) zombies+=("$pid") ;;
        *) children+=("$pid") ;;
        esac
    done
}

# measure: set children, zombies, fds and memory (KiB), of the server with its
# children.
measure() {
    local pid all=()
    find_children
    fds=0
    for pid in "$server" "${children[@]}"; do
        all=("/proc/$pid/fd"/*)
        fds=$((fds + ${#all[@]}))
    done
    all=("$server" "${children[@]}")
    all=("${all[@]/#//proc/}")
    memory=$(awk '$1 == "Rss:" { sum += $2 } END { print +sum }' \
        "${all[@]/%//smaps_rollup}" 2>/dev/null)
}

# remember: what is measured now is how it should be again.
remember() {
    measure
    children_before=${#children[@]} fds_before=$fds memory_before=$memory
}

# rests_as_before: as many children as were remembered, as many descriptors, no
# zombies.
rests_as_before() {
    measure
    [[ ${#children[@]} == "$children_before" && $fds == "$fds_before" &&
        ${#zombies[@]} == 0 ]]
}

# expect_as_before SECONDS: that comes within this time; and the memory has grown by
# less than 10 %, or 128 KiB a process: so much can be by chance.
expect_as_before() {
    in_time "$1" rests_as_before || problem \
        "$1 s after the last client there are ${#children[@]} children," \
        "${#zombies[@]} zombies and $fds descriptors; before it were" \
        "$children_before, 0 and $fds_before"
    local slack=$((memory_before / 10)) least=$((128 * (1 + children_before)))
    ((slack >= least)) || slack=$least
    ((memory <= memory_before + slack)) || problem \
        "it takes $memory KiB of memory; before it took $memory_before KiB"
}

# ---- Servers and clients -----------------------------------------------------

# Of a log of any length: lines of crashes, and the last ones.
# shellcheck disable=SC2016 # awk has dollars, too
keep_log='
    / killed by signal (4|6|7|8|11|31)( |$)|Sanitizer|runtime error: / {
        print "CRASH: " $0
    }
    { last[NR % 20] = $0 }
    END {
        for (i = NR + 1; i <= NR + 20; i++)
            if (i % 20 in last) print last[i % 20]
    }'

# folder_options: set the array options to those that say what to serve.
folder_options() {
    options=()
    case $protocol in
    trains) options=(-d files) ;;
    http) options=(-d cgi-bin) ;;
    esac
}

# serve_copy: a server may make what it serves its working directory, and should
# still be found.
serve_copy() {
    mkdir run
    cp -rl "$work/files" "$work/cgi-bin" run
}

start_server() {
    local line='' out log_fd options wrap
    folder_options
    [ -d run ] || serve_copy
    rm -f out
    mkfifo out
    read -ra wrap <<<"${WRAP-}"
    exec {log_fd}> >(exec awk "$keep_log" >log)
    (cd run && exec env --default-signal=INT,QUIT "${wrap[@]}" "$path" -p 0 \
        "${options[@]}" "$@") \
        >out 2>&"$log_fd" {log_fd}>&- {never}>&- </dev/null &
    server=$!
    exec {out}<out {log_fd}>&-
    read -rt $((10 * scale)) -u "$out" line
    exec {out}<&-
    if [[ ! $line =~ ^listening\ on\ .*:([0-9]+)$ ]]; then
        problem "it does not say 'listening on ADDRESS:PORT', but '$line'"
        return 1
    fi
    port=${BASH_REMATCH[1]}
}

stop_server() {
    local left
    kill -s "${1:-TERM}" "$server" 2>/dev/null
    in_time 20 is_over "$server" ||
        problem 'it does not end within 20 s of the signal'
    kill -s KILL "$server" 2>/dev/null
    server_status=0
    wait "$server" 2>/dev/null || server_status=$?
    if ! in_time 10 nothing_in "$PWD/run"; then
        mapfile -t left < <(processes_in "$PWD/run")
        problem "the server is gone, but not these processes of it:" \
            "$(ps -o pid,stat,wchan:20,args -p "${left[*]}")"
        kill -s KILL "${left[@]}"
    fi
    ! grep -s '^CRASH: ' log || problem 'a process of it crashed'
}

start_swarm() {
    local options=(-p "$protocol" -s $((seed + number)))
    options+=(-w $((option[patience] * scale)))
    [ "$protocol" = lines ] || options+=(-d "$work/files")
    "$build/swarm" "${options[@]}" "$@" "$port" >swarm.out 2>swarm.err &
    swarm=$!
}

wait_swarm() {
    local line='' pair
    swarm_status=0
    wait "$swarm" || swarm_status=$?
    read -r line <swarm.out
    got=()
    for pair in $line; do
        got[${pair%%=*}]=${pair#*=}
    done
    [ ${#got[@]} -gt 0 ] || problem "the clients failed: $(cat swarm.err)"
    add replies "${got[done]-0}"
    add wrong "${got[wrong]-0}"
    add stuck "${got[stuck]-0}"
}

expect_sound() {
    [ "$swarm_status" -eq 0 ] ||
        problem "the clients saw: $(cat swarm.err swarm.out)"
}

# ---- One after the other -----------------------------------------------------

say() {
    echo "$name: $*"
}

add() {
    echo "$1 $2" >>figures
}

problem() {
    printf '%s: FAILED: %s\n' "$name" "$*"
    problems=$((problems + 1))
}

protocol_of_server() {
    if takes --cgi-timeout 1; then
        echo http
    elif takes --directory .; then
        echo trains
    else
        echo lines
    fi
}

# visit_one NUMBER PATH
visit_one() {
    number=$1 path=$2 problems=0 server='' swarm=''
    RANDOM=$((seed + number))
    [[ $path == /* ]] || path=$PWD/$path
    name=${path#"$root"/}
    mkdir "$work/$number"
    cd "$work/$number" || return
    : >figures
    protocol=$(protocol_of_server)
    visit
    [ $problems -gt 0 ] || return 0
    if [ -s log ]; then
        echo "$name: the end of its log:"
        sed 's/^/    /' log
    fi
    return 1
}

visit_all() {
    local i pids=() pid figure value
    echo "$tool: ${#paths[@]} servers, seed $seed"
    for i in "${!paths[@]}"; do
        ((i < jobs)) || wait -n
        visit_one $((i + 1)) "${paths[i]}" &
        pids+=($!)
    done
    failed=0
    for pid in "${pids[@]}"; do
        wait "$pid" || failed=$((failed + 1))
    done
    while read -r figure value; do
        figures[$figure]=$((${figures[$figure]-0} + value))
    done < <(cat "$work"/*/figures)
}

# finish TEXT
finish() {
    local seconds=$(((${EPOCHREALTIME/./} - started) / 1000000))
    echo "$tool: ${#paths[@]} servers, $1, seed $seed, $seconds s:" \
        "$failed failed"
    exit $((failed > 0))
}

# ---- Beginning and end -------------------------------------------------------

end_all() {
    local pids
    trap '' INT TERM HUP
    while mapfile -t pids < <(processes_in "$work") && [ ${#pids[@]} -gt 0 ]; do
        kill -s KILL "${pids[@]}"
        tick
    done
    wait
    rm -rf "$work"
} 2>/dev/null

# What is served.
make_files() {
    mkdir "$work/files" "$work/cgi-bin"
    : >"$work/files/empty"
    head -c 1 /dev/urandom >"$work/files/byte"
    head -c 4096 /dev/urandom >"$work/files/small"
    head -c 65537 /dev/urandom >"$work/files/middling"
    head -c "${large:-2000003}" /dev/urandom >"$work/files/large"
    cat >"$work/cgi-bin/file" <<END
#!/bin/sh
printf 'Content-Type: application/octet-stream\n\n'
exec cat "$work/files/\$QUERY_STRING"
END
    chmod +x "$work/cgi-bin/file"
}

option[patience]=${option[patience]-30}
[ -z "${SEED-}" ] || set_option seed "$SEED"
parse_options "$@"
make -s -C "$tests" all reliability || exit 1
choose_servers
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit 1
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
work=$(cd "$work" && pwd -P)
mkfifo "$work/never"
exec {never}<>"$work/never"
make_files
