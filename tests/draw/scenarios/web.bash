# One request for a program.
# shellcheck shell=bash disable=SC2154 # stage.bash sets them
server -w 2 -d "$stage/cgi/cgi-bin"
web client1 'cgi-bin/hello?you'
quiet
tell TERM server
over
