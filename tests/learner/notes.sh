#!/bin/bash
# notes.sh NOTE.md: do what the note says, and compare what is seen with what
# the note shows. Status 0 if it is the same, 1 if not, 2 for wrong usage, 77 if
# it cannot be tried here.
#
# A note shows what to type, and what is seen then, in blocks fenced ```console:
#
#   $ command       is run; lines that begin with `> ` continue the command
#   ...             stands for any lines, or for none
#   another line    is seen
#
# All commands of a note run in one bash, one after another, in the top folder
# of a copy of the project, and succeed. Every number counts as N, and any run of
# blanks as one. Words after "console" change that:
#
#   status=N        the commands of this block end with status N
#   exact           numbers and blanks count as they are
#   again           a command is repeated until this is seen, as you would do it
#                   to look at something that takes a moment
#   terminal=NAME   this is typed in another terminal
#
# In another terminal a program stays in front while the note goes on. A block
# for it may start a program (`$ command`) or go on with the one that runs:
#
#   >> text         is typed
#   ^D              ends its input, and it ends
#   ^C              interrupts it, and it ends
#   another line    is seen; lines between two things typed may come in any order,
#                   since several processes write them; others may come only if
#                   the block has a line `...`
#
# What a program says is waited for, so a note needs no pauses. The status of a
# program in another terminal counts only if the block that ends it has status=N.
#
# The note runs in namespaces of its own, with its own loopback network, so port
# 5678 is free, and with its own process numbers, so it sees and ends no process
# but its own.

set -u
export LC_ALL=C
patience=${NOTES_PATIENCE:-20} # seconds to wait for a line
end_mark=end-of-command-$$-$RANDOM

usage() {
    echo "Usage: notes.sh NOTE.md" >&2
    exit 2
}

# Copy the sources of the project, without anything that was built: without
# programs that are no scripts.
copy_project() {
    (cd "$root" && find README.md Makefile stage*_*/ tests notes \
        -name build -prune -o \
        -type f \( ! -perm /111 -o -name '*.sh' -o \
            -path '*/cgi-bin/*' \) -print0 |
        tar --null --files-from=- -cf -) | tar -C "$1" -xf -
}

fail() {
    echo "$note, line $shown_at: $command"
    printf '    %s\n' "$@"
    exit 1
}

# Show lines as they count: what a terminal shows after a carriage return, and,
# unless the block is exact, every number as N. Rates may differ in their unit.
as_counted() {
    if [ -n "$exact" ]; then
        sed -E 's/.*\r//'
    else
        sed -E 's/.*\r//; s/0x[0-9a-f]+/N/g; s/[0-9]+(\.[0-9]+)*/N/g
            s|([KMGT]i)?B/s|B/s|g; s/[[:blank:]]+/ /g; s/^ //; s/ $//'
    fi
}

# launch IN OUT COMMAND...: start a command as a terminal would, in a process
# group of its own, with no fd but 0, 1 and 2. Sets pid.
launch() {
    local in=$1 out=$2 fd
    shift 2
    mkfifo "$in" "$out"
    set -m
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || exec {fd}>&-
        done
        exec env --default-signal=INT,QUIT,PIPE "$@"
    ) <"$in" >"$out" 2>&1 &
    set +m
    pid=$!
}

# A pattern for [[ == ]] that the counted lines match which these lines, of a
# note, stand for. Each line is put between two bytes that no text contains.
pattern_of() {
    as_counted | sed -e 's/[^[:alnum:]]/\\&/g' -e 's/.*/\x01&\x02/' \
        -e 's/\x01\\\.\\\.\\\.\x02/*/' | tr -d '\n'
}

# Is what was seen (complete lines) what the lines of the note stand for?
matches() {
    local pattern='' counted
    [ $# -eq 0 ] || pattern=$(printf '%s\n' "$@" | pattern_of)
    counted=$(printf '%s' "$seen" | as_counted |
        sed 's/.*/\x01&\x02/' | tr -d '\n')
    # shellcheck disable=SC2053 # it is a pattern
    [[ $counted == $pattern ]]
}

# Run the command in the bash of the note. Sets seen and ended_with.
try_command() {
    local line
    seen=''
    printf '{ %s\n} </dev/null\nprintf "\\n%%s\\n" "%s $?"\n' \
        "${command#\$ }" "$end_mark" >&"$session_in"
    while IFS= read -r -t "$patience" -u "$session_out" line; do
        [[ $line != "$end_mark "* ]] || break
        seen+=$line$'\n'
    done
    [[ $line == "$end_mark "* ]] ||
        fail "this does not end; seen so far:" "${seen//$'\n'/$'\n    '}"
    seen=${seen%$'\n'} # the mark begins a new line
    ended_with=${line##* }
}

# Run the command and compare with the lines of the note.
run_command() {
    local seen ended_with deadline=$((SECONDS + patience))
    [ -n "$command" ] || return 0
    try_command
    until matches "$@" && [ "$ended_with" -eq "${status:-0}" ]; do
        [[ -n $again && $SECONDS -lt $deadline ]] ||
            fail "the note shows this, and status ${status:-0}:" \
                "${@/#/    }" "but there was this, and status $ended_with:" \
                "    ${seen//$'\n'/$'\n        '}"
        try_command
    done
}

# A block of commands for the bash of the note.
run_commands() {
    local line shown=()
    command=''
    for line; do
        at=$((at + 1))
        if [[ $line == '$ '* ]]; then
            run_command "${shown[@]}"
            command=$line shown_at=$at
            shown=()
        elif [[ $line == '> '* && ${#shown[@]} -eq 0 ]]; then
            command+=$'\n'${line#> }
        else
            shown+=("$line")
        fi
    done
    run_command "${shown[@]}"
}

# Find a line among those that are still to come, and take it out.
take_awaited() {
    local i
    for i in "${!awaited[@]}"; do
        if [ "${awaited[i]}" = "$1" ]; then
            unset "awaited[i]"
            return 0
        fi
    done
    return 1
}

# Read what a terminal shows until all lines of the note have come, or, after
# "end", until the program has ended and so have all that it has started.
await() {
    local name=$1 until=$2 line counted awaited=() wanted result
    shift 2
    for wanted; do
        awaited+=("$(as_counted <<<"$wanted")")
    done
    while [ ${#awaited[@]} -gt 0 ] || [ "$until" = end ]; do
        IFS= read -r -t "$patience" -u "${output[$name]}" line
        result=$?
        if [ $result -gt 128 ]; then
            fail "waited in vain for ${awaited[*]-the end}"
        elif [ $result -ne 0 ]; then
            [ ${#awaited[@]} -eq 0 ] ||
                fail "it has ended without showing this:" "${awaited[@]}"
            return
        fi
        counted=$(as_counted <<<"$line")
        take_awaited "$counted" || [ -n "$others" ] ||
            fail "the note does not show this:" "$line"
    done
}

# Start a program in a terminal, after the one before it has ended.
start_program() {
    local name=$1 in=$work/$1.in out=$work/$1.out fd
    if [ -n "${output[$name]-}" ]; then
        others=allowed await "$name" end
        rm "$in" "$out"
    fi
    launch "$in" "$out" bash -c "${command#\$ }"
    programs[$name]=$pid
    exec {fd}>"$in"
    input[$name]=$fd
    exec {fd}<"$out"
    output[$name]=$fd
}

# Type a line, or one of the two keys that end a program.
type_text() {
    local name=$1 fd=${input[$1]}
    case $2 in
    ^C) kill -INT -- "-${programs[$name]}" || fail "nothing runs here" ;;
    ^D) exec {fd}>&- ;;
    *) (printf '%s\n' "${2#>> }" >&"$fd") || fail "nothing runs here" ;;
    esac
}

# A block for another terminal.
run_terminal() {
    local name=$1 until=lines line shown=() others=''
    shift
    [[ $'\n'$(printf '%s\n' "$@")$'\n' != *$'\n...\n'* ]] || others=allowed
    [[ -n ${output[$name]-} || $1 == '$ '* ]] ||
        fail "no program runs in the terminal '$name'"
    for line; do
        at=$((at + 1))
        case $line in
        '$ '* | '>> '* | ^C | ^D)
            await "$name" $until "${shown[@]}"
            shown=()
            command=$line shown_at=$at
            ;;&
        '$ '*) start_program "$name" ;;
        '>> '*) type_text "$name" "$line" ;;
        ^C | ^D) type_text "$name" "$line" && until=end ;;
        ...) ;;
        *) shown+=("$line") ;;
        esac
    done
    await "$name" $until "${shown[@]}"
    if [ $until = end ] && [ -n "$status" ]; then
        wait "${programs[$name]}"
        line=$?
        [ $line -eq "$status" ] || fail "status $line instead of $status"
    fi
}

# Run the block whose lines follow; info is what stands after the fence.
run_block() {
    local exact='' again='' status='' terminal='' word shown_at=$at
    for word in ${info#console}; do
        case $word in
        exact) exact=yes ;;
        again) again=yes ;;
        status=*) status=${word#*=} ;;
        terminal=*) terminal=${word#*=} ;;
        *) fail "unknown word '$word' after console" ;;
        esac
    done
    if [ -n "$terminal" ]; then
        run_terminal "$terminal" "$@"
    else
        run_commands "$@"
    fi
}

# Go through the note, block by block.
run_note() {
    local line info='' block=() number=0 blocks=0
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        if [[ -n $info && $line == '```' ]]; then
            if [[ $info == console || $info == console\ * ]]; then
                blocks=$((blocks + 1))
                run_block "${block[@]}"
            fi
            info='' block=()
        elif [ -n "$info" ]; then
            block+=("$line")
        elif [[ $line == '```'* ]]; then
            info=${line#'```'} at=$number
            : "${info:=text}"
        fi
    done <"$work/note"
    [ $blocks -gt 0 ] || fail "the note shows no command"
}

# Everything below happens in the namespaces, as their first process: all others
# end with it.
inside() {
    local pid
    declare -A programs input output
    work=$1 note=$2 root=$1/project
    at=0 shown_at=0 command=''
    ip link set lo up || exit 77
    cd "$root" || exit
    launch "$work/session.in" "$work/session.out" bash --norc --noprofile
    exec {session_in}>"$work/session.in" {session_out}<"$work/session.out"
    run_note 2>/dev/null # where bash would tell of each process that is killed
}

if [ "${1-}" = --inside ]; then
    inside "$2" "$3"
    exit
fi

[ $# -eq 1 ] || usage
[ -r "$1" ] || usage
root=$(cd "$(dirname "$0")/../.." && pwd) || exit
unset MAKEFLAGS MAKELEVEL MFLAGS STAGE_DIR SERVER
namespaces=(unshare --user --map-root-user --net --pid --fork --mount-proc
    --kill-child)
if ! "${namespaces[@]}" ip link set lo up 2>/dev/null; then
    echo "notes.sh: user namespaces are not available here"
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-notes-XXXXXX") || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$work/project"
copy_project "$work/project" || exit
cp "$1" "$work/note" || exit
"${namespaces[@]}" "$0" --inside "$work" "$(basename "$1")" </dev/null
