# Two clients at the same time, a third one comes while both are there.
# shellcheck shell=bash
server -w 2
talk client1
say client1 one
talk client2
say client2 two
talk client3
say client3 three unanswered
until_seen client3 three
quiet
leave client1
leave client3
leave client2
quiet
tell TERM server
over
