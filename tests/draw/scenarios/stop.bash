# The server is told to stop while one client downloads.
# shellcheck shell=bash disable=SC2154 # stage.bash sets them
mkdir "$traces_in/files"
head -c 300000 /dev/zero >"$traces_in/files/large"
server -w 3 -d "$traces_in/files"
download client1 -r 300k large
until_seen client1 'openat.*part'
tell TERM server
finish client1
over
