# stand.bash: where a program of a stage is shown at work. `Show:` of a specimen
# and `Run` of an exercise are a few lines of bash that may use what is here.
# They run in the folder of the program, for 20 s at most, and all that they
# start is ended at their end.
#
#   serve [ARG...]       start the server on a free port and wait until it
#                        listens; sets server (its pid) and port. Its log is in
#                        $TMP/log. The array `under` holds words to start it
#                        behind: under=(strace -f -D -o "$TMP/trace")
#   connect NAME         open a connection; $NAME is its fd
#   ask NAME TEXT        send a line on it; sets and prints the answer, "(no
#                        answer)" after 2 s of silence
#   hang_up NAME         close it
#   client [ARG...]      the stage's client, 5 s at most
#   evil STEP...         a client that plays a script (see hostile/evil.c)
#   await CONDITION [S]  wait until this shell code is true, S (5) s at most
#   children [PID]       the pids of the children (of the server), zombies left out
#   zombies [PID]        the pids of the zombies
#   sockets PID          how many sockets this process has open
#   ticks PID            the processor time that it has used, in 1/100 s
#   log [REGEX]          print the lines of the server's log that match
#   answer TEXT          (exercises) this is a right answer
#
# $TMP is a folder for files. $tests is the folder of the tests; what it has
# built is in $tests/build. Text for the learner is printed.

# shellcheck shell=bash disable=SC2154 # lib.bash starts it, with tests and TMP

# shellcheck source=tests/workshop/fds.bash
source "$tests/workshop/fds.bash"

program=${1:-server}
under=()
server='' port=''
answers=${2:-/dev/null}

await() {
    local deadline=$((SECONDS + ${2:-5} * TIMEOUT_SCALE))
    until eval "$1"; do
        [ $SECONDS -le $deadline ] || return 1
        read -rt 0.05 <>"$TMP/tick" || true # nobody ever writes there
    done
}

serve() {
    local line=''
    rm -f "$TMP/out"
    mkfifo "$TMP/out"
    (only_standard_fds env --default-signal=INT,QUIT "${under[@]}" \
        "./$program" --port 0 "$@") \
        >"$TMP/out" 2>>"$TMP/log" </dev/null &
    server=$!
    exec {server_out}<"$TMP/out"
    read -rt $((5 * TIMEOUT_SCALE)) -u "$server_out" line || true
    if [[ $line != listening\ on\ * ]]; then
        echo "$program does not listen: $(cat "$TMP/log")"
        exit 1
    fi
    port=${line##*:}
}

connect() {
    eval "exec {$1}<>/dev/tcp/127.0.0.1/$port"
}

ask() {
    REPLY=''
    (printf '%s\n' "$2" >&"${!1}") 2>/dev/null || REPLY='(closed)'
    [ -n "$REPLY" ] || read -rt $((2 * TIMEOUT_SCALE)) -u "${!1}" REPLY ||
        REPLY=${REPLY:-(no answer)}
    echo "$REPLY"
}

hang_up() {
    eval "exec ${!1}>&-"
}

client() {
    timeout $((5 * TIMEOUT_SCALE)) ./client -p "$port" "$@"
}

evil() {
    timeout $((5 * TIMEOUT_SCALE)) "$tests/build/evil" connect "$port" "$@" 2>&1
}

children() {
    ps -o pid=,stat= --ppid "${1:-$server}" | awk '$2 !~ /^Z/ { print $1 }'
}

zombies() {
    ps -o pid=,stat= --ppid "${1:-$server}" | awk '$2 ~ /^Z/ { print $1 }'
}

sockets() {
    find "/proc/$1/fd" -lname 'socket:*' 2>/dev/null | wc -l
}

ticks() {
    awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}

log() {
    grep -E -e "${1-}" "$TMP/log"
}

answer() {
    printf '%s\n' "$*" >>"$answers"
}
