# build.bash: what schedule.sh and play.sh have in common: find the sources that
# are to be tried, and build them with the engine. Sets work, a folder that is
# removed at the end.

# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tests=$(dirname "$here")
root=$(dirname "$tests")
unset MAKEFLAGS MAKELEVEL MFLAGS
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-schedule-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Calls that threads wait in or are woken by, and that the engine does not know.
# Names that it knows never appear: shim.h has replaced them.
unknown='^(pthread_|sem_|mtx_|cnd_|thrd_|call_once|mq_|msg|sched_|futex|syscall'
unknown+='|select$|pselect|poll$|ppoll|epoll_|signalfd|timerfd_|eventfd_'
unknown+='|sleep$|usleep|nanosleep|clock_nanosleep|pause$|sigwait|sigtimedwait|sigsuspend|fork|wait'
unknown+='|readv|writev|recv|send|socket|splice|tee$|lockf|flock|fcntl)'
known='^pthread_mutex_unlock$' # through a pointer: see interpose.c

die() {
    echo "${0##*/}: $*" >&2
    exit 2
}

# find_folder N: set folder, of the sources, and dir, how it is called.
find_folder() {
    local folders=("$root/stage$1"_*/)
    [ -e "${folders[0]}Makefile" ] || die "there is no stage $1"
    folder=${DIR:-${folders[0]}}
    [ -d "$folder" ] || die "$folder is no folder"
    folder=$(cd "$folder" && pwd) || exit 2
    dir=${folder#"$root"/}
    [ -e "$folder/queue.c" ] ||
        die "there is no queue.c in $dir: stage 6 has the task queue"
}

# build_engine NAME: a program without its subject, NAME.a.
build_engine() {
    make -s -C "$tests" "build/schedule/$1.a" || exit 2
    engine=$tests/build/schedule/$1.a
}

# compile SOURCE OBJECT [FLAG...]: as the engine wants it.
compile() {
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -g -Og -I"$here" -I. \
        -include "$here/shim.h" "${@:3}" -c -o "$2" "$1"
}

# check_calls OBJECT SOURCE: fail if it makes a call that the engine cannot stand
# for.
check_calls() {
    local calls
    calls=$(nm -u "$1" | sed 's/.* //; s/@.*//' | grep -E "$unknown" |
        grep -Ev "$known" | tr '\n' ' ')
    [ -z "$calls" ] || {
        echo "${0##*/}: $2 calls what the engine does not know: $calls" >&2
        return 2
    }
}

# build_cases SOURCE PROGRAM: link the engine with the cases of a source of the
# folder, with this source, the queue, and what the threads tell each other with.
build_cases() (
    program=$2 cases=${1##*/} objects=()
    cases=$here/${cases%.c}_cases.c
    set -- "$1"
    cd "$folder" || return 2
    [ "$1" = queue.c ] || set -- queue.c event.c "$1"
    for source; do
        object=$work/${source//\//_}.o
        compile "$source" "$object" && check_calls "$object" "$source" ||
            return 2
        objects+=("$object")
    done
    # A queue that is built otherwise has other members.
    compile "$cases" "$work/cases.o" 2>/dev/null ||
        compile "$cases" "$work/cases.o" -DOTHER_QUEUE || return 2
    "${CC:-cc}" -o "$program" "$work/cases.o" "${objects[@]}" "$engine" \
        "${libraries[@]}" || return 2
)
libraries=() # that the engine needs
