#!/bin/bash
# next.sh FOLDER: print the two commands to try once a stage is built, one for
# each terminal. Used by `make stageN`.

folder=$1
if [ -e "$folder/train.c" ]; then
    # A stage that sends files: let it send its own program, slowly enough to
    # watch.
    server="$folder/server --directory $folder"
    client="$folder/client --limit-rate 20k --output /tmp server"
else
    server="$folder/server"
    client="$folder/client"
fi
printf 'Try next, in two terminals:\n    %s\n    %s\n' "$server" "$client"
