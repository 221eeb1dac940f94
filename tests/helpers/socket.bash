# socket.bash: what the kernel knows of the server's connections (IPv4). PORT is
# that of the server, if it is left out.
#
#   sockets listening|connected [PORT]  print the kernel's line about each socket at
#                             the server's end that is in this state
#   has_connections N [PORT]  are so many clients connected, accepted or not?
#   does_not_listen [PORT]    is there no listener?
#   is_stuck [PORT]           has the server sent what some client does not take?

# shellcheck shell=bash

# The columns 2, 4 and 5 of /proc/net/tcp are the local address, the state, and
# the bytes to send:to read, all in hexadecimal digits (proc_net_tcp in the
# kernel's documentation).
sockets() {
    local -A states=([listening]=0A [connected]=01)
    local bytes address
    IFS=. read -ra bytes <<<"$SERVER_ADDRESS"
    printf -v address '%02X%02X%02X%02X:%04X' "${bytes[3]}" "${bytes[2]}" \
        "${bytes[1]}" "${bytes[0]}" "${2:-$SERVER_PORT}"
    awk -v address="$address" -v state="${states[$1]}" \
        '$2 == address && $4 == state' /proc/net/tcp
}

has_connections() {
    [ "$(sockets connected "${2-}" | wc -l)" -eq "$1" ]
}

does_not_listen() {
    [ -z "$(sockets listening "${1-}")" ]
}

is_stuck() {
    sockets connected "${1-}" | awk '$5 !~ /^00000000:/ { stuck = 1 }
        END { exit !stuck }'
}
