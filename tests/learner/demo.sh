#!/bin/bash
# demo.sh [N]: show what every stage does, or stage N alone. Builds the stage,
# starts its server on a free port, lets its client do real work, looks at the
# result, stops the server, and prints one line.
#
# Stages 1 and 2: clients that send lines, all at once. From stage 3 on: clients
# that download a file of 64 MiB, compared with the original byte for byte. A
# server that knows how to stop well is told to while they are at it.

set -u
cd "$(dirname "$0")/../.." || exit
export LC_ALL=C

clients=20         # that send lines
lines=5            # from each of them
downloads=4        # at the same time
file_size=67108864 # 64 MiB
patience=20        # seconds to wait for anything at all

server='' # its process id, and its group's, while there is one
pids=()   # of the clients that run
gate=''   # where clients wait, see start_line_clients
told=''   # set if the server has been told to stop
shown=''  # what the stage has shown, or why it failed

failed() {
    shown=$*
    return 1
}

# End whatever still runs, in one way that always works.
stop_all() {
    [ -z "$gate" ] || printf "%${clients}s" '' >&"$gate"
    [ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}"
    [ -z "$server" ] || kill -KILL -- "-$server"
    wait
    server='' pids=() gate='' told=''
} 2>/dev/null

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    stop_all
    rm -rf "$work"
}

# Start the server of a stage on a free port; sets server and port. It gets a
# process group (set -m), so that all of it can be ended if it is broken. All its
# processes hold the FIFO open: the end of the FIFO is the end of them all.
start_server() {
    local folder=$1 line
    shift
    mkfifo "$here/out"
    set -m
    "$folder/$program" --port 0 "$@" >"$here/out" 2>>"$here/log" &
    set +m
    server=$!
    exec {server_out}<"$here/out"
    read -r -t "$patience" -u "$server_out" line ||
        failed "the server did not start" || return
    port=${line##*:}
    [ "$line" = "listening on 127.0.0.1:$port" ] ||
        failed "the server said: $line"
}

# Stop the server and wait until the last of its processes is gone. It may end
# by the signal, unless it knows how to stop well: then with status 0.
stop_server() {
    local status=0 rest
    [ -n "$told" ] || kill "$server"
    read -r -t "$patience" -u "$server_out" rest
    [ $? -eq 1 ] || failed "processes of the server are left behind $rest" || return
    wait "$server" 2>/dev/null || status=$?
    server=''
    exec {server_out}<&-
    [ $status -eq 0 ] || { [ $status -eq 143 ] && [ -z "$told" ]; } ||
        failed "the server ended with status $status" || return
    told=''
}

# Wait for every client. Fails if one of them did.
wait_for_clients() {
    local pid
    while [ ${#pids[@]} -gt 0 ]; do
        pid=${pids[0]}
        pids=("${pids[@]:1}")
        wait "$pid" || failed "a client failed" || return
    done
}

# Start the clients that send lines. When its lines are answered, a client waits
# at the gate with its connection open; a byte through the gate lets one go.
start_line_clients() {
    local folder=$1 i
    mkfifo "$here/gate" "$here/answers"
    exec {gate}<>"$here/gate" {answers}<>"$here/answers"
    for ((i = 1; i <= clients; i++)); do
        {
            seq -f "client $i line %g" "$lines"
            read -r -N 1 -u "$gate"
        } | "$folder/client" --port "$port" >"$here/answers" 2>>"$here/log" &
        pids+=($!)
    done
}

# Read that many answers into the array replies.
read_answers() {
    local i line
    for ((i = 0; i < $1; i++)); do
        read -r -t "$patience" -u "$answers" line ||
            failed "an answer did not come" || return
        replies+=("$line")
    done
}

# Was every line answered, once, and each client's lines in order?
check_answers() {
    local i
    for ((i = 1; i <= clients; i++)); do
        printf '%s\n' "${replies[@]}" | sed 's/^\[[0-9]*\] //' |
            grep "^client $i " |
            cmp -s - <(seq -f "client $i line %g" "$lines") ||
            failed "client $i did not get its lines back" || return
    done
}

# Wait until the server has no zombie among its children.
no_zombies() {
    local deadline=$((SECONDS + patience))
    while pgrep -P "$server" --runstates Z >/dev/null; do
        [ $SECONDS -lt $deadline ] || failed "zombies are left behind" || return
    done
}

# Serve line clients. Only $2 of them can be served at the same time; those are
# held at the gate until all of them have their answers.
line_stage() {
    local folder=$1 at_once=$2 replies=() children ids
    start_server "$folder" --workers "$at_once" &&
        start_line_clients "$folder" &&
        read_answers $((at_once * lines)) || return
    children=$(pgrep -c -P "$server")
    [ "$children" -eq "$at_once" ] ||
        failed "the server has $children processes, not $at_once" || return

    printf "%${clients}s" '' >&"$gate"
    read_answers $(((clients - at_once) * lines)) &&
        wait_for_clients && check_answers && no_zombies || return
    exec {gate}>&- {answers}>&-
    gate=''
    ids=$(printf '%s\n' "${replies[@]}" | cut -d' ' -f1 | sort -u | wc -l)
    [ "$ids" -eq "$at_once" ] ||
        failed "$ids processes answered, not $at_once" || return
    shown="$clients clients at once, $ids processes, no zombie"
}

# Wait until every client has a file to write into. (Reading from a server that
# has no more to say is a short rest.)
downloads_begun() {
    local i deadline=$((SECONDS + patience))
    for ((i = 1; i <= downloads; i++)); do
        until compgen -G "$here/$i/.*.part" >/dev/null; do
            read -r -t 0.01 -u "$server_out"
            [ $? -gt 128 ] && [ $SECONDS -lt $deadline ] ||
                failed "a download did not begin" || return
        done
    done
}

# Let clients download a file, all at the same time, and compare. $2 is how many
# workers the server has.
file_stage() {
    local folder=$1 workers=$2 i stops_well='' rate=()
    shown="$((file_size >> 20)) MiB to $downloads clients at once, byte for byte"
    if "$folder/$program" --help | grep -q -e --exit; then
        stops_well=yes
        rate=(--limit-rate 128M)
        shown="$((file_size >> 20)) MiB to $downloads clients, stopped midway, complete"
    fi
    mkdir -p "$work/files"
    [ -e "$work/files/data" ] ||
        head -c "$file_size" /dev/urandom >"$work/files/data" ||
        failed "no room for a file of $file_size bytes" || return
    start_server "$folder" --workers "$workers" --directory "$work/files" ||
        return
    for ((i = 1; i <= downloads; i++)); do
        mkdir "$here/$i"
        "$folder/client" --port "$port" --quiet "${rate[@]}" \
            --output "$here/$i" data 2>>"$here/log" &
        pids+=($!)
    done
    if [ -n "$stops_well" ]; then
        downloads_begun || return
        kill "$server"
        told=yes
    fi
    wait_for_clients || return
    for ((i = 1; i <= downloads; i++)); do
        cmp "$work/files/data" "$here/$i/data" 2>>"$here/log" ||
            failed "copy $i differs from the original" || return
    done
}

# Serve line clients with another server of the stage; all are there at once.
line_crowd() {
    local folder=$1 replies=() ids
    start_server "$folder" && start_line_clients "$folder" &&
        read_answers $((clients * lines)) || return
    printf "%${clients}s" '' >&"$gate"
    wait_for_clients && check_answers || return
    exec {gate}>&- {answers}>&-
    gate=''
    ids=$(printf '%s\n' "${replies[@]}" | cut -d' ' -f1 | sort -u | wc -l)
    shown="$clients clients at once, $ids $2"
}

# One request, with a line to send; the body of the answer goes to its standard
# output.
ask_program() {
    local fd line
    exec {fd}<>"/dev/tcp/127.0.0.1/$port" || return
    printf 'POST /cgi-bin/%s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s' \
        "$1" ${#2} "$2" >&"$fd"
    while read -r -t "$patience" -u "$fd" line && [ "$line" != $'\r' ]; do
        :
    done
    timeout "$patience" cat <&"$fd"
    exec {fd}<&-
}

# Run programs for clients that are all there at once.
cgi_stage() {
    local folder=$1 i ids
    start_server "$folder" --directory "$folder/cgi/cgi-bin" || return
    for ((i = 1; i <= clients; i++)); do
        {
            ask_program "hello?$i" '' && ask_program count "one $i"
        } >"$here/$i.answers" 2>>"$here/log" &
        pids+=($!)
    done
    wait_for_clients || return
    for ((i = 1; i <= clients; i++)); do
        grep -q "^Hello, $i!" "$here/$i.answers" &&
            grep -Eq "^ +0 +2 +$((${#i} + 4))\$" "$here/$i.answers" ||
            failed "client $i did not get its answers" || return
    done
    ids=$(grep -ho 'Process [0-9]*' "$here"/*.answers | sort -u | wc -l)
    [ "$ids" -eq "$clients" ] ||
        failed "$ids processes for $clients requests" || return
    shown="$clients clients at once, a program run for each request"
}

show_stage() {
    local folder=$1
    make -s --no-print-directory -C "$folder" >"$here/log" 2>&1 ||
        failed "it does not build" || return
    case $folder/$program in
    */server_thread) line_crowd "$folder" threads ;;
    */server_cgi) cgi_stage "$folder" ;;
    */server_notify) line_crowd "$folder" "processes, many clients each" ;;
    stage1_*) line_stage "$folder" $clients ;;
    stage2_*) line_stage "$folder" 3 ;;
    */server_reactor)
        file_stage "$folder" 1 &&
            shown="the same to $downloads clients, by 1 worker"
        ;;
    */server_proactor)
        file_stage "$folder" 1 &&
            shown="the same to $downloads clients, by the kernel (io_uring)"
        ;;
    *) file_stage "$folder" "$downloads" ;;
    esac && stop_server
}

# Show a program of a stage and print its line; if it failed, what was logged as
# well.
demo() {
    local folder=$1 program=$2 name=$1 begin=${EPOCHREALTIME/./} result=ok time here=$work/$1
    mkdir "$here"
    show_stage "$folder" || result=FAIL
    time=$(((${EPOCHREALTIME/./} - begin) / 100000))
    [ "$program" = server ] || name="  $program"
    printf '%-18s %-4s %-52s %3d.%d s\n' "$name" $result "$shown" \
        $((time / 10)) $((time % 10))
    if [ $result = FAIL ]; then
        stop_all
        echo "What $folder/$program and the clients said:"
        sed 's/^/    /' "$here/log"
    fi
    rm -r "$here"
    [ $result = ok ]
}

# Show a server beside the ladder; if it cannot be built here, say what is missing.
show_beside() {
    local reason
    if [ ! -x "$1/$2" ] && reason=$(make -s -C "$1" "$2" 2>&1 | grep ' needs '); then
        printf '%-18s %-4s %s\n' "  $2" skip "$reason"
    else
        demo "$1" "$2"
    fi
}

if [ $# -gt 1 ] || [[ ! ${1-1} =~ ^[1-9]$ ]]; then
    echo "Usage: demo.sh [N], where N is the number of a stage" >&2
    exit 2
fi
number=${1-[1-9]}
# shellcheck disable=SC2206 # number may be a pattern
makefiles=(stage${number}_*/Makefile)
if [ ! -e "${makefiles[0]}" ]; then
    echo "demo.sh: there is no stage ${1-at all}" >&2
    exit 2
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-demo-XXXXXX") || exit
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
status=0
for makefile in "${makefiles[@]}"; do
    folder=${makefile%/Makefile}
    demo "$folder" server || status=1
    for beside in "$folder"/*/sources.mk; do
        beside=${beside%/sources.mk}
        [ ! -d "$beside" ] || show_beside "$folder" "server_${beside##*/}" ||
            status=1
    done
done
exit $status
