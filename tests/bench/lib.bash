# lib.bash: what the scripts of the benchmark have in common. A script sources this,
# measures, and ends with show_results. Its name is that of the workload.
#
# BENCH_ROUNDS (9)     rounds; in each, every server has its turn once
# BENCH_SECONDS (1)    for how long each of them is asked
# BENCH_RAW            the file that results are added to; else they are shown and
#                      forgotten. A line has workload, subject, case, round, metric
#                      and value, with tabs between them; tables.awk has the units.
#
# shellcheck shell=bash

set -u
export LC_ALL=C
unset MAKEFLAGS MAKELEVEL MFLAGS # of the make that started us
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$bench/../.." && pwd)
build=$root/tests/build
rounds=${BENCH_ROUNDS:-9}
seconds=${BENCH_SECONDS:-1}
workload=$(basename "$0" .sh)
server='' # the process that measures it, while there is one
port=''
declare -A idle_cost=() # by server and options, see cost_idle

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# left_out WHAT WHY
left_out() {
    echo "$1: left out, $2"
}

work=$(mktemp -d /dev/shm/poolladder-XXXXXX) || exit
chmod 755 "$work" # nginx may be another user
mkdir "$work/files"
trap 'end_server; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
fds=$(ulimit -Hn)
((fds <= 32768)) || fds=32768 # some programs walk through all that are allowed
ulimit -n "$fds"
raw=${BENCH_RAW:-$work/raw}
make -s -C "$root/tests" bench || exit
[ -n "${BENCH_RAW-}" ] || "$bench/machine.sh"

# record SUBJECT CASE ROUND METRIC VALUE
record() {
    local IFS=$'\t'
    echo "$workload"$'\t'"$*" >>"$raw"
}

# The table of what has been recorded for this workload.
show_results() {
    "$bench/tables.sh" "$raw" "$workload"
}

# ---- Servers -----------------------------------------------------------------

# servers_of WORKLOAD: lines "SERVER PROTOCOL OPTIONS" from the table.
servers_of() {
    awk -v workload="$1" -v cores="$(nproc)" '
        $1 == workload {
            gsub(/CORES/, cores)
            gsub(/POOL/, 4 * cores)
            $1 = ""
            print substr($0, 2)
        }
    ' "$bench/servers.txt"
}

# why_not SERVER: print why it cannot be started, nothing if it can.
why_not() {
    case $1 in
    nginx*) [ -n "$nginx" ] || echo 'not installed (package nginx-light)' ;;
    python3) [ -n "$python" ] || echo 'not installed (package python3)' ;;
    stage*) [ -x "$root/$1" ] || echo 'there is no such program' ;;
    esac
}

nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null)

# launch COMMAND...: start it, and what measures it; sets server. Logs go to
# /dev/null: how fast a terminal is does not matter here.
launch() {
    rm -f "$work/out"
    mkfifo "$work/out"
    "$build/measure" "$work/cost" "$@" >"$work/out" 2>/dev/null </dev/null &
    server=$!
}

# read_port: from the line that the server prints; sets port.
read_port() {
    local line=''
    read -r -t 20 line <"$work/out"
    [[ $line =~ (:|port )([0-9]+) ]] || die "a server does not start: '$line'"
    port=${BASH_REMATCH[2]}
}

# nginx cannot choose a port itself. It gets one that was free a moment ago.
launch_nginx() {
    launch "$build/limit" accept
    read_port
    end_server
    sed -e "s|WORK|$work|g" -e "s|PORT|$port|" -e "s|USER|$(id -un) $(id -gn)|" \
        "$bench/nginx.conf" >"$work/nginx.conf"
    launch "$nginx" -p "$work" -c "$work/nginx.conf"
    exec {out}<"$work/out" # it prints nothing
    until (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        kill -0 "$server" 2>/dev/null || die 'nginx does not start'
        read -r -t 0.01 -u "$out" && break
    done
    exec {out}<&-
}

# start_server SERVER OPTION...: start it for the files in $work/files; sets server
# and port.
start_server() {
    local name=$1 command
    shift
    case $name in
    nginx*)
        launch_nginx
        return
        ;;
    python3)
        command=("$python" -u -m http.server --bind 127.0.0.1
            --directory "$work/files" 0)
        ;;
    accept+close) command=("$build/limit" accept) ;;
    sendfile) command=("$build/limit" sendfile "$work/files/file") ;;
    stage[12]_*) command=("$root/$name" -p 0 "$@") ;;
    /*) command=("$name" -p 0 -d "$work/files" "$@") ;;
    *) command=("$root/$name" -p 0 -d "$work/files" "$@") ;;
    esac
    launch "${command[@]}"
    read_port
}

end_server() {
    [ -n "$server" ] || return 0
    kill -TERM "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=''
}

# ---- Measuring ---------------------------------------------------------------

# cost_idle SERVER OPTION... [-- LOAD_OPTION...]: set IDLE to what it costs to start
# and stop it, and to connect the clients, if there are any: not what is asked for.
cost_idle() {
    local options=() key="$*"
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    if [ -z "${idle_cost[$key]-}" ]; then
        start_server "${options[@]}"
        [ $# -eq 0 ] || "$build/load" "${@:2}" -n 1 "$port" >/dev/null 2>&1
        end_server
        idle_cost[$key]=$(cat "$work/cost")
    fi
    IDLE=${idle_cost[$key]}
}

# try_server SERVER CASE ROUND -- OPTION... -- LOAD_OPTION...: start it, ask it,
# stop it, record what was seen.
try_server() {
    local name=$1 case=$2 round=$3 options=()
    shift 4
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    cost_idle "$name" "${options[@]}" "$@"
    start_server "$name" "${options[@]}"
    "$build/load" "${@:2}" "$port" >"$work/load" 2>&1 ||
        echo "$name, $case: $(head -n 1 "$work/load")" >&2
    end_server
    {
        echo "$IDLE"
        cat "$work/cost"
        tail -n 1 "$work/load"
    } | awk -v OFS='\t' -v key="$workload	$name	$case	$round" '
        { for (i = 1; i <= NF; i++) { split($i, pair, "="); v[NR, pair[1]] = pair[2] } }
        function each(what) {
            return v[3, "requests"] > 0 ? (v[2, what] - v[1, what]) / v[3, "requests"] : 0
        }
        END {
            print key, "rate", v[3, "rate"]
            print key, "failures", v[3, "refused"] + v[3, "reset"] + v[3, "closed"] + \
                v[3, "timeout"] + v[3, "denied"] + v[3, "wrong"] + v[3, "lost"] + \
                v[3, "other"]
            print key, "p50_ms", v[3, "p50_us"] / 1000
            print key, "p99_ms", v[3, "p99_us"] / 1000
            print key, "max_ms", v[3, "max_us"] / 1000
            print key, "cpu_us", each("cpu") * 1e6
            print key, "voluntary", each("voluntary")
            print key, "involuntary", each("involuntary")
            print key, "fds", v[2, "fds"]
            print key, "rss_kib", v[2, "rss"]
            print key, "pss_kib", v[2, "pss"]
        }' >>"$raw"
}

# try_servers CLIENTS LOAD_OPTION...: every server of the table, in turn, in every
# round.
try_servers() {
    local round name protocol options reason wanted
    for ((round = 1; round <= rounds; round++)); do
        while read -r name protocol options; do
            reason=$(why_not "$name")
            if [ -n "$reason" ]; then
                ((round > 1)) || left_out "$name" "$reason"
                continue
            fi
            wanted=("${@:2}")
            [ "$protocol" != bare ] || wanted=() # nothing comes
            # shellcheck disable=SC2086 # several words
            try_server "$name" "$1" "$round" -- $options -- \
                -p "$protocol" -c "$1" -d "$seconds" "${wanted[@]}"
        done < <(servers_of "$workload")
    done
}
