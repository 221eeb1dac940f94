# One client downloads a small file and one that is not so small.
# shellcheck shell=bash disable=SC2154 # stage.bash sets them
mkdir "$traces_in/files"
echo hello >"$traces_in/files/small"
head -c 300000 /dev/zero >"$traces_in/files/large"
server -w 2 -d "$traces_in/files"
download client1 small large
finish client1
quiet
tell TERM server
over
