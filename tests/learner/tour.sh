#!/bin/bash
# tour.sh [--batch] N: a guided tour of stage N in the debugger. gdb does what
# tour.gdb of the stage says and waits at each stop for the Enter key; with
# --batch it does not wait, and the tour may take a minute at most. Status 0 if
# the tour came to its end.
#
# The tour starts the server; this script plays the client. The tour can use
#   $TOUR_OUT   where the server's standard output is to go: the client waits
#               there for the port
#   cue         a command: the client waits for it where its part below says so
# and what else is in tour_setup.gdb.

set -u
learner=$(cd "$(dirname "$0")" && pwd) || exit
export LC_ALL=C SHELL=/bin/sh
patience=${TOUR_PATIENCE:-60} # seconds, with --batch
unset MAKEFLAGS MAKELEVEL MFLAGS

die() {
    echo "tour.sh: $*" >&2
    exit 2
}

# Wait until the tour gives the cue.
await_cue() {
    read -r -u "$cue"
}

# Stages 1 and 2: a line, an answer.
say_hello() {
    echo "hello" | ./client --port "$port"
}

# Stage 3: two requests. The first train stops short after "Make"; what is left
# of it comes together with the second one.
send_pieces() {
    exec {server}<>"/dev/tcp/127.0.0.1/$port"
    printf '\0\0\0\10Make' >&"$server"
    await_cue
    printf 'file\0\0\0\6nosuch' >&"$server"
    cat <&"$server" >/dev/null
}

# Later ones: files of the stage's own folder.
download() {
    ./client --port "$port" --quiet --timeout 0 --output .. "$@"
}

# Be the client, once the server listens. What the tour or the server opens is
# open here too, so nobody waits for the other to open it.
play_client() {
    local cue out port line
    exec {cue}<>"$TOUR_CUE" {out}<>"$TOUR_OUT"
    read -r -u "$out" line
    echo "$line"
    port=${line##*:}
    case $1 in
    [12]) say_hello ;;
    3) send_pieces ;;
    4) download Makefile Makefile Makefile Makefile ;;
    6) await_cue && download Makefile ;;
    *) download Makefile ;;
    esac
}

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    [ -z "$player" ] || { kill -KILL -- "-$player" && wait "$player"; }
    rm -rf "$work"
} 2>/dev/null

pause=yes
[ "${1-}" != --batch ] || { pause='' && shift; }
[[ $# -eq 1 && $1 == [1-9] ]] || die "usage: tour.sh [--batch] N"
cd "$learner/../../stage$1"_*/ 2>/dev/null || die "there is no stage $1"
[ -e tour.gdb ] || die "stage $1 has no tour"
command -v gdb >/dev/null || die "gdb is not installed (see make doctor)"

player='' # the process group of the client
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-tour-XXXXXX") || exit
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Build a copy without optimisation: no variable is optimised out, no function
# is missing, however the stage itself was built.
copy=$work/$(basename "$PWD")
mkdir "$copy" || exit
cp ./*.[ch] Makefile tour.gdb "$copy" || exit
cd "$copy" || exit
make -s -j2 CFLAGS='-O0 -g3' || exit

# Nothing but 0, 1 and 2 shall be open in the server (255 is bash's own).
for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    [ "$fd" -le 2 ] || [ "$fd" -eq 255 ] || exec {fd}>&-
done

export TOUR_OUT=$work/out TOUR_CUE=$work/cue
mkfifo "$TOUR_OUT" "$TOUR_CUE" || exit
set -m
play_client "$1" </dev/null &
set +m
player=$!

tour=(gdb -nx -q -batch -x "$learner/tour_setup.gdb" -x tour.gdb ./server)
if [ -n "$pause" ]; then
    "${tour[@]}"
else
    timeout --kill-after=5 "$patience" "${tour[@]}" </dev/null
fi
