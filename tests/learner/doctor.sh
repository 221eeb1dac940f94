#!/bin/bash
# doctor.sh: which tools are here, which are missing, and what to install
# (package names of Debian and Ubuntu). Status 1 if the stages cannot be built
# here, otherwise 0: the rest is for the tests and the tours.
#
# doctor.sh --packages prints only the packages that are missing.

set -u

missing=() # packages to install
status=0

# The first line with a number in it that the tool says about itself.
version_of() {
    local text
    case $1 in
    ss | tmux) text=$("$1" -V 2>&1) ;;
    nginx) text=$(nginx -v 2>&1) ;;
    *) text=$("$1" --version 2>&1) ;;
    esac
    [[ $text =~ [0-9]+\.[0-9a-z.]+ || $text =~ [0-9]+ ]]
    echo "${BASH_REMATCH[0]-}"
}

found() {
    [ -n "$quiet" ] || printf '  %-14s %-10s %s\n' "$1" "$2" "$3"
}

# Say that something is missing and which package has it.
lacking() {
    local name=$1 package=$2 purpose=$3
    [ -n "$quiet" ] ||
        printf '  %-14s %-10s %s (package %s)\n' \
            "$name" missing "$purpose" "$package"
    [[ " ${missing[*]-} " == *" $package "* ]] || missing+=("$package")
}

# tool NAME PACKAGE PURPOSE: a command.
tool() {
    if command -v "$1" >/dev/null; then
        found "$1" "$(version_of "$1")" "$3"
    else
        lacking "$@"
        return 1
    fi
}

# library NAME PACKAGE PURPOSE: a library for Bats.
library() {
    if [ -e "/usr/lib/bats/$1/load.bash" ]; then
        found "$1" found "$3"
    else
        lacking "$@"
    fi
}

# The compiler alone is not enough.
headers() {
    if cc -E -include stdio.h -x c /dev/null >/dev/null 2>&1; then
        found 'C headers' found "$1"
    else
        lacking 'C headers' libc6-dev "$1"
        return 1
    fi
}

# The header of a library that something here is built with.
header() {
    if cc -E -include "$1" -x c /dev/null >/dev/null 2>&1; then
        found "$1" found "$3"
    else
        lacking "$@"
    fi
}

# libFuzzer and the sanitizers of clang come by themselves.
clang_runtime() {
    local version=14
    [[ ! $(clang --version 2>&1) =~ version\ ([0-9]+) ]] ||
        version=${BASH_REMATCH[1]}
    if echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
        clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null; then
        found libFuzzer "$version" "$1"
    else
        lacking libFuzzer "libclang-rt-$version-dev" "$1"
    fi
}

heading() {
    [ -n "$quiet" ] || echo "$1"
}

quiet=''
[ "${1-}" != --packages ] || quiet=yes

heading 'To build the stages:'
tool cc gcc 'the C compiler' || status=1
headers 'what #include finds' || status=1
tool make make 'builds, and starts everything else' || status=1
header liburing.h liburing-dev 'for server_proactor; the rest builds without'

heading 'To run the demo and the tests:'
tool bats bats 'runs the tests'
library bats-support bats-support 'for Bats'
library bats-assert bats-assert 'for Bats: assert_output and others'
library bats-file bats-file 'for Bats: assert_exists and others'
tool ps procps 'shows processes'
tool pgrep procps 'finds processes'
tool ss iproute2 'shows sockets'
tool prlimit util-linux 'limits the fds of a running server'
tool unshare util-linux 'a full disk to test with'
tool setsid util-linux 'a session of its own'
tool script bsdutils 'a terminal for the tests of the progress bar'
tool curl curl 'the client of server_cgi, and of nginx'
tool git git 'clones through server_cgi'
tool strace strace 'shows system calls, makes them fail; make draw2'

heading 'To measure (make bench), next to our servers:'
PATH=$PATH:/usr/sbin tool nginx nginx-light 'a server to compare with'
tool python3 python3 'another server to compare with'
tool gnuplot gnuplot-nox 'draws the charts (make bench SAVE=1)'

heading 'To work through the exercises (make learn):'
tool patch patch 'puts bugs into copies'
tool inotifywait inotify-tools 'notices a save at once (optional)'

heading 'To look inside:'
tool chromium chromium 'shows and tests what make draw2 has drawn'
tool addr2line binutils 'finds lines of source for make draw2'
tool gdb gdb 'the guided tours: make gdb1'
tool valgrind valgrind 'make memcheck, make race'
header ncurses.h libncurses-dev 'the game make schedule6'
tool patch patch 'puts a bug into it'
tool less less 'pages make diff2'
tool tmux tmux 'several terminals in one (optional)'

heading 'To work on the project:'
tool clang clang 'the other C compiler'
clang_runtime 'make fuzz'
tool clang-format clang-format 'make format, make check'
tool shellcheck shellcheck 'make check'

if [ -n "$quiet" ]; then
    echo "${missing[*]-}"
elif [ ${#missing[@]} -eq 0 ]; then
    echo 'Nothing is missing.'
else
    echo 'To get what is missing:'
    echo "  sudo apt-get install -y ${missing[*]}"
fi
exit $status
