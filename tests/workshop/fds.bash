# fds.bash: starting a program as a terminal would. Sourced by stand.bash, at.sh.

# shellcheck shell=bash

# only_standard_fds COMMAND...: for a subshell: become COMMAND, with no fd but 0, 1
# and 2 (255 is the shell's own).
only_standard_fds() {
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        ((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
    done
    exec "$@"
}
