# The parent dies, and nobody tells its children.
# shellcheck shell=bash
server -w 2
talk client1
say client1 one
quiet
tell KILL server
leave client1
over
