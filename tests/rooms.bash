# rooms.bash: the programs beside the ladder.

# shellcheck shell=bash

# is_room FOLDER FILE: does the file belong only to programs that stand beside
# the ladder? rooms.mk names those, and the Makefile does not.
is_room() {
    local stem=${2%.*}
    [ "$2" != rooms.mk ] || return 0
    [ -e "$1/rooms.mk" ] && grep -qw -- "$stem" "$1/rooms.mk" &&
        ! grep -qw -- "$stem.c" "$1/Makefile"
}
