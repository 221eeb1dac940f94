# workload.bash: what a server or a client has to do while one of its calls fails.
# Sourced by inject.sh. Each of these works in the folder $case_dir.

# shellcheck shell=bash disable=SC2154 # inject.sh sets the variables

# The server has so many workers, and then as many clients hold a connection at
# the same time: one that is never used again would be missed.
workers=2
before=3 # clients, one after the other
scale=${TIMEOUT_SCALE:-1}

# until_true TENTHS COMMAND...: wait for so many tenths of a second, scaled.
until_true() {
    local i
    for ((i = 0; i < $1 * 5 * scale; i++)); do
        ! "${@:2}" || return 0
        read -rt 0.02 <>"$never"
    done
    return 1
}

is_over() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    [[ ${stat##*) } == [ZX]* ]]
}

has_announced() {
    [[ $(<"$case_dir/out") =~ ^listening\ on\ .*:([0-9]+)$ ]]
}

has_begun() {
    has_announced || is_over "$server_pid"
}

# kind_of PROGRAM: what clients does it have?
kind_of() {
    case $1 in
    */server_cgi) echo http ;;
    stage[12]_*) echo lines ;;
    *) echo files ;;
    esac
}

# start_under SPEC PROGRAM: start it, wait until it listens or has ended. Sets
# server_pid, and port, '' if it has ended.
start_under() {
    local folder=${2%/*} arguments=(--port 0)
    case $2 in
    stage1_fork/server*) ;;
    *) arguments+=(--workers "$workers") ;;
    esac
    case $(kind_of "$2") in
    http) arguments+=(--directory "$root/$folder/cgi/cgi-bin") ;;
    files) arguments+=(--directory "$files") ;;
    esac
    : >"$case_dir/out"
    INJECT_CASE=$case_dir "$fail_once" "$case_dir/trace" "$1" "$root/$2" \
        "${arguments[@]}" >"$case_dir/out" 2>"$case_dir/err" </dev/null &
    server_pid=$!
    port=''
    if until_true 20 has_begun; then
        ! has_announced || port=${BASH_REMATCH[1]}
    else
        # It could not say so; but it may listen.
        port=$(ss -Hltnp | sed -n "s/.*:\([0-9]*\) .*,pid=$server_pid,.*/\1/p")
        [ -n "$port" ] || complain 'does not listen, and does not end'
    fi
}

# one_client KIND FOLDER: status 0: served; 1: cut, and it knows; complains of
# what is wrong.
one_client() {
    local output status=0
    case $1 in
    lines)
        output=$(printf 'one\ntwo\n' |
            timeout "$limit" "$root/$2/client" -p "$port" 2>&1) || status=1
        [[ $output =~ ^\[[0-9]+\]\ one$'\n'\[[0-9]+\]\ two$ ]] || status=1
        ;;
    http)
        output=$(curl -sS -m "$limit" \
            "http://127.0.0.1:$port/cgi-bin/hello?you" 2>&1) || status=1
        [[ $status -ne 0 || $output == *you* || $output == [45]* ]] ||
            complain "curl takes this for complete: '$output'"
        [[ $output == *you* ]] || status=1
        ;;
    files)
        mkdir "$case_dir/got"
        timeout "$limit" "$root/$2/client" -q -p "$port" -o "$case_dir/got" \
            file >"$case_dir/said" 2>&1 || status=1
        check_got $status
        ;;
    esac
    return $status
}

# check_got STATUS: a client of files that ended so has left this.
check_got() {
    local left
    left=$(ls -A "$case_dir/got")
    if [ "$1" -eq 0 ]; then
        cmp -s "$files/file" "$case_dir/got/file" ||
            complain 'the client takes a wrong file for complete'
        left=${left#file}
    fi
    [ -z "$left" ] || complain "the client leaves $left"
    rm -rf "$case_dir/got"
}

# ask_on FD KIND: ask on a connection. Status 1: there is no answer.
ask_on() {
    case $2 in
    lines) (echo held >&"$1") ;;
    http) (printf 'GET /cgi-bin/hello HTTP/1.0\r\n\r\n' >&"$1") ;;
    files) (printf '\0\0\0\4file' >&"$1") ;;
    esac 2>/dev/null
    IFS= read -rt "$limit" -N 6 -u "$1" _ 2>/dev/null
}

# all_at_once KIND: as many clients as there are workers hold a connection; the
# last is answered first, while the others say nothing. Status 1: one is not.
all_at_once() {
    local i fd fds=() status=0
    for ((i = 0; i < workers; i++)); do
        if ! { exec {fd}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; then
            status=1
            break
        fi
        fds=("$fd" "${fds[@]}")
    done
    for fd in "${fds[@]}"; do
        [ $status -ne 0 ] || ask_on "$fd" "$1" || status=1
    done
    for fd in "${fds[@]}"; do
        exec {fd}>&-
    done
    return $status
}

no_zombies() {
    [ -z "$(ps -o pid=,stat= --ppid "$server_pid" | awk '$2 ~ /^Z/')" ]
}

nothing_runs() {
    ! grep -qlzsFx "INJECT_CASE=$case_dir" /proc/[0-9]*/environ
}

# stop: end the server; it must end, and leave nothing.
stop() {
    local status=0
    kill "$server_pid" 2>/dev/null
    until_true 100 is_over "$server_pid" || complain 'SIGTERM does not end it'
    kill_all
    wait "$server_pid" 2>/dev/null || status=$?
    case $status in
    0 | 1 | 143) ;;
    *) complain "ended with status $status at SIGTERM" ;;
    esac
}

# kill_all: nothing of the program may be left; if so, end it.
kill_all() {
    local file
    is_over "$server_pid" || kill -KILL "$server_pid"
    until_true 50 nothing_runs || complain 'leaves processes behind'
    grep -lzsFx "INJECT_CASE=$case_dir" /proc/[0-9]*/environ |
        while IFS=/ read -r _ _ file _; do
            kill -KILL "$file" 2>/dev/null
        done
}

# ended_at_start: it has not listened. Is that one line, with status 1?
ended_at_start() {
    local status=0
    if ! is_over "$server_pid"; then
        kill_all
        return
    fi
    wait "$server_pid" || status=$?
    [ $status -eq 1 ] || complain "ended with status $status at the start"
    [ "$(grep -vc '^\[' "$case_dir/err")" -eq 1 ] ||
        complain "says at the start: $(head -c 300 "$case_dir/err")"
    [[ $promise == serves ]] || complain 'ended at the start'
    kill_all
}

# check_log: nothing of ours has crashed. (server_cgi kills programs of others.)
check_log() {
    local lines
    lines=$(grep -E 'killed by signal|Sanitizer' "$case_dir/err" |
        grep -Ev '\] program [0-9]+ killed')
    [ -z "$lines" ] || complain "$lines"
}

# serve SPEC PROGRAM: the server's part. $promise says what must hold.
serve() {
    local folder=${2%/*} kind i harmed=0
    kind=$(kind_of "$2")
    start_under "$1" "$2"
    if [ -z "$port" ]; then
        ended_at_start
        return
    fi
    for ((i = 0; i < before; i++)); do
        one_client "$kind" "$folder" || harmed=$((harmed + 1))
    done
    ! is_over "$server_pid" || complain 'ended while it ran'
    if ! all_at_once "$kind"; then
        harmed=$((harmed + 1))
        all_at_once "$kind" ||
            complain "serves fewer than $workers clients at a time from now on"
    fi
    one_client "$kind" "$folder" || harmed=$((harmed + 1))
    until_true 30 no_zombies || complain 'leaves a zombie'
    stop
    case $promise in
    unharmed) ((harmed == 0)) || complain "$harmed clients are cut" ;;
    *) ((harmed <= 1)) || complain "$harmed clients are cut" ;;
    esac
    check_log
}

# ask SPEC PROGRAM: the client's part; a server of its folder is its peer.
ask() {
    local folder=${2%/*} kind status=0 output command=()
    kind=$(kind_of "$2")
    start_peer "$folder"
    command=("$fail_once" "$case_dir/trace" "$1" "$root/$2" -p "$port")
    if [ "$kind" = files ]; then
        mkdir "$case_dir/got"
        command+=(-q -o "$case_dir/got" file)
    fi
    output=$(printf 'one\ntwo\n' | timeout "$limit" "${command[@]}" \
        2>"$case_dir/err") || status=$?
    if [ "$kind" = files ]; then
        check_got $status
    elif [ $status -eq 0 ]; then
        [[ $output =~ ^\[[0-9]+\]\ one$'\n'\[[0-9]+\]\ two$ ]] ||
            complain "status 0, and the answers are '$output'"
    fi
    [ $status -le 1 ] || complain "ended with status $status"
    [ $status -eq 0 ] || [ "$(wc -l <"$case_dir/err")" -eq 1 ] ||
        complain "status $status, and says '$(head -c 300 "$case_dir/err")'"
    [ $status -eq 0 ] || [ "$promise" = fails ] ||
        complain "fails: $(head -c 300 "$case_dir/err")"
    kill "$server_pid" 2>/dev/null
    until_true 100 is_over "$server_pid" || complain 'the peer does not end'
    kill_all
    wait "$server_pid" 2>/dev/null
}

# start_peer FOLDER: sets server_pid and port.
start_peer() {
    local arguments=(--port 0)
    [[ $1 == stage[12]_* ]] || arguments+=(--directory "$files")
    : >"$case_dir/out"
    INJECT_CASE=$case_dir "$root/$1/server" "${arguments[@]}" \
        >"$case_dir/out" 2>"$case_dir/peer.err" </dev/null &
    server_pid=$!
    until_true 100 has_begun
    has_announced || complain 'no server to ask'
    port=${BASH_REMATCH[1]-}
}
