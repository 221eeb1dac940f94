# stage.bash: run the server and the clients of a stage under strace. What is done
# with them is said by a scenario, a small script that uses these:
#
#   server ARG...        start the server, wait until it listens
#   talk NAME            start a client that sends lines
#   say NAME TEXT        let it send one, wait for the answer
#   leave NAME           let it end its input, wait for its end
#   download NAME ARG... start a client that downloads, in the background
#   finish NAME          wait for its end
#   web NAME PATH        start curl, wait for its end
#   quiet                wait until the server has nothing to do
#   tell SIGNAL WHO      send a signal to server or child N (or thread N)
#   until_seen NAME TEXT wait until TEXT stands in the trace NAME
#   over                 wait until everything has ended
#
# NAME becomes the name of a lane. All waits have an end: a broken copy may hang,
# and that is what the diagram is to show.

# shellcheck shell=bash
# shellcheck disable=SC2154 # draw.sh sets them
# $options, $patience, $work, $here and die belong to draw.sh.

tracers=()      # pids of the straces that run
declare -A pipe # the fd through which a client that talks gets its lines

# Become strace with the command, holding no descriptor but 0, 1 and 2.
traced() {
    local fd name=$1
    shift
    for fd in /proc/self/fd/*; do
        fd=${fd##*/} # 255 belongs to the shell
        ((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
    done
    exec env --default-signal=INT,QUIT "POOLLADDER_DRAW=$work" \
        strace "${options[@]}" -o "$traces_in/$name.trace" "$@"
}

# Without disown, the shell would report how they ended.
track() {
    tracers+=("$1")
    disown "$1"
}

# Wait for a condition. (Nobody ever writes to $tick.)
in_time() {
    local end=$((SECONDS + $1))
    until "${@:2}"; do
        [ $SECONDS -lt $end ] || return 1
        read -rt 0.02 -u "$tick"
    done
}

server() {
    local line=''
    mkfifo "$traces_in/listening"
    # shellcheck disable=SC2086 # several words
    (traced server "$stage/$program" -p 0 "$@" $server_args) \
        >"$traces_in/listening" 2>"$traces_in/log" </dev/null &
    track $!
    read -rt "$patience" line <"$traces_in/listening"
    port=${line##*:}
    [[ $port =~ ^[0-9]+$ ]] ||
        die "the server did not start:" "$(head -n 5 "$traces_in/log")"
}

talk() {
    local fd
    mkfifo "$traces_in/$1.in"
    exec {fd}<>"$traces_in/$1.in"
    # The client must be the only one that can read, or it never sees the end.
    (traced "$1" "$stage/client" -p "$port") \
        <"$traces_in/$1.in" >"$traces_in/$1.out" 2>&1 &
    track $!
    in_time "$patience" test -s "$traces_in/$1.trace"
    local writer
    exec {writer}>"$traces_in/$1.in" {fd}<&-
    pipe[$1]=$writer
    client_pid[$1]=$!
}

has_answered() {
    [ "$(wc -l <"$traces_in/$1.out")" -ge "$2" ]
}

say() {
    local answers
    answers=$(wc -l <"$traces_in/$1.out")
    echo "$2" >&"${pipe[$1]}"
    [ "${3-}" = unanswered ] || in_time "$patience" has_answered "$1" $((answers + 1))
}

leave() {
    local writer=${pipe[$1]}
    exec {writer}>&-
    finish "$1"
}

declare -A client_pid
finish() {
    in_time "$patience" has_ended "${client_pid[$1]}"
}

has_ended() {
    ! kill -0 "$1" 2>/dev/null
}

download() {
    mkdir "$traces_in/$1.got"
    (traced "$1" "$stage/client" -p "$port" -q -o "$traces_in/$1.got" "${@:2}") \
        </dev/null >/dev/null 2>"$traces_in/$1.err" &
    track $!
    client_pid[$1]=$!
}

web() {
    command -v curl >/dev/null || die "curl is not installed (package curl)"
    (traced "$1" curl -sS -N "http://127.0.0.1:$port/$2") \
        </dev/null >"$traces_in/$1.out" 2>&1 &
    track $!
    client_pid[$1]=$!
    finish "$1"
}

# quiet: all of the server sleep, and nothing was done since the last look.
is_quiet() {
    local size state pid
    size=$(wc -c <"$traces_in/server.trace")
    [ "$size" = "$last_size" ] || {
        last_size=$size
        return 1
    }
    while read -r pid; do
        read -r state < <(sed "s/.*) //" "/proc/$pid/stat" 2>/dev/null) || continue
        [[ $state == [SZ]* ]] || return 1
    done < <(cut -d" " -f1 "$traces_in/server.trace" | grep -x "[0-9][0-9]*" | sort -u)
}

quiet() {
    local last_size=""
    in_time "$patience" is_quiet
}

# pid_of WHO: server, or the N-th process or thread that it has made.
pid_of() {
    if [ "$1" = server ]; then
        awk 'NR == 1 { print $1 }' "$traces_in/server.trace"
    else
        grep -oE "\b(clone3?|v?fork)(\\(| resumed>).* = [0-9]+ <" "$traces_in/server.trace" |
            sed -n "${1#* }s/.* = \\([0-9]*\\) <$/\\1/p"
    fi
}

tell() {
    told=$((told + 1))
    (traced "kill${told#1}" "$(type -P kill)" -s "$1" "$(pid_of "$2")") </dev/null >/dev/null 2>&1 &
    track $!
    in_time "$patience" has_ended $!
}

until_seen() {
    in_time "$patience" grep -qs -e "$2" "$traces_in/$1.trace"
}

all_ended() {
    local pid
    for pid in "${tracers[@]}"; do
        has_ended "$pid" || return
    done
}

over() {
    in_time $((patience / 4 + 1)) all_ended
}

# The processes that we started carry a variable in their environment. First
# strace lets go of them, so that its record ends with what they were doing.
end_recording() {
    local pid pids
    for pid in "${tracers[@]}"; do
        kill -s INT "$pid"
    done 2>/dev/null
    in_time 2 all_ended
    mapfile -t pids < <(grep -lzsFx "POOLLADDER_DRAW=$work" /proc/[0-9]*/environ |
        cut -d/ -f3)
    [ ${#pids[@]} -eq 0 ] || kill -s KILL "${pids[@]}"
    in_time 5 all_ended
    tracers=()
} 2>/dev/null

# default_scenario: what shows the idea of the stage.
default_scenario() {
    case $program in
    server_cgi) echo web ;;
    *)
        if "$stage/$program" --help | grep -q -e --exit; then
            echo stop
        elif "$stage/client" --help | grep -q -e --output; then
            echo files
        else
            echo lines
        fi
        ;;
    esac
}

# record_stage FOLDER STAGE PROGRAM ARGS SCENARIO
record_stage() {
    local told=0 traces_in=$1 stage=$2 program=$3 server_args=$4 scenario=$5 port=''
    stage=$(cd "$stage" && pwd)
    make -s -C "$stage" >&2 || exit
    [ -x "$stage/$program" ] || die "there is no program $stage/$program"
    [ -n "$scenario" ] || scenario=$(default_scenario)
    [ -r "$scenario" ] || scenario=$here/scenarios/$scenario.bash
    [ -r "$scenario" ] || die "there is no scenario $scenario"
    [ -n "${tick-}" ] || {
        mkfifo "$work/tick"
        exec {tick}<>"$work/tick"
    }
    # shellcheck source=/dev/null
    . "$scenario"
    end_recording
}
