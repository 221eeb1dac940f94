#!/bin/bash
# schedule.sh N     try every schedule of the task queue of stage N
#
#   DIR=FOLDER      of the queue.c in this folder instead (mine/...)
#
# The queue is tried as it is: the compiler puts the engine's calls in place of
# those of pthreads (shim.h). Then the sources that use it are tried in the same
# way, if they are there and make no call that the engine does not know.
#
# Status 0 if nothing goes wrong, 1 if something does, 2 if the queue cannot be
# tried.

set -u
# shellcheck source=tests/schedule/build.bash
source "$(dirname "$0")/build.bash"

users=(pool.c reactor/workers.c) # of the queue

# try SOURCE: try its cases.
try() {
    echo "$dir/$1"
    if ! build_cases "$1" "$work/try" 2>"$work/errors"; then
        cat "$work/errors" >&2
        echo "  $1 is not tried: it does not fit the engine, or the cases"
        return 2
    fi
    cat "$work/errors" >&2
    (cd "$folder" && "$work/try")
}

[ $# -eq 1 ] || die "usage: schedule.sh N"
find_folder "$1"
build_engine schedules
try queue.c || exit
for user in "${users[@]}"; do
    [ -e "$folder/$user" ] || continue
    try "$user"
    [ $? -ne 1 ] || exit 1
done
echo
echo "Threads change places only where they lock, wait, signal or tell each other"
echo "something. What they do to the same data without a lock is not seen here:"
echo "make race looks for that."
