# tour.gdb: half a train, and how a loop waits for the other half. `make gdb3`
# starts this tour. The client sends two requests, each a train, in two pieces:
# the length 8 and "Make"; later "file", with a whole second train glued to it.

# After fork keep both processes; only the one that is selected runs.
set detach-on-fork off

echo \n\
--- A client for the worker --------------------------------------------------\n\
The parent sends the client's socket to the worker. All the rest happens there;\n\
gdb calls it inferior 2.\n\n
tbreak worker_send
run --port 0 --workers 1 --timeout 0 >"$TOUR_OUT"
finish
inferior 2
tbreak train_receive
continue
backtrace
stop_here train_receive

echo \n\
--- The length ---------------------------------------------------------------\n\
A train begins with its length. read_full is to fetch 4 bytes (`size'), and all\n\
4 are there. The highest comes first:\n\n
tbreak read_full
continue
finish
x/4xb &header
stop_here train_receive_length

echo \n\
--- Half a cargo -------------------------------------------------------------\n\
So 8 bytes follow, but the client has sent only 4 of them. Look what the first\n\
read_some returns, and at `total' when receive_exactly calls it again:\n\n
tbreak receive_exactly
continue
tbreak read_some
continue
finish
tbreak read_some
continue
up
printf "\ntotal is %lu, size is %lu; so far there is \"%.4s\".\n", total, size, buffer
stop_here receive_exactly

echo \n\
--- The other half -----------------------------------------------------------\n\
Without a loop the server would take "Make" for the whole name. Now the client\n\
sends "file", and in the same call its second request. Look how many bytes\n\
read_some returns: as many as it was asked for, no more.\n\n
cue
frame 0
finish
stop_here receive_exactly

echo \n\
--- A whole train ------------------------------------------------------------\n\
Up to the caller of train_receive. Look at the name and its length:\n\n
finish
finish
print *name@length
stop_here serve_request

echo \n\
--- Two trains stuck together ------------------------------------------------\n\
The worker sends the file and comes back for the next request. The second train\n\
came glued to the first, but nobody has read into it: it is whole, and there.\n\n
tbreak train_receive
continue
finish
print *name@length
stop_here serve_request

kill inferiors 1 2
echo TOUR-OK\n
