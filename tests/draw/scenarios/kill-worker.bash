# The first worker dies while it serves a client.
# shellcheck shell=bash
server -w 2
talk client1
say client1 one
tell KILL 'child 1'
talk client2
say client2 two
leave client2
leave client1
quiet
tell TERM server
over
