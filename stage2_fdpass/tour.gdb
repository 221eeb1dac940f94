# tour.gdb: a descriptor on its way from one process to another, first a file in
# handover, then a client in server. `make gdb2` starts this tour; the client
# comes by itself.

# After fork keep both processes; only the one that is selected runs.
set detach-on-fork off

echo \n\
--- handover: the child sends a file -----------------------------------------\n\
First a small program. A child has opened a file, has read 8 bytes of it and\n\
passes it on. Look at the number of the descriptor, `fd':\n\n
file ./handover
set follow-fork-mode child
tbreak fdpass_send
run
set $child = (int)getpid()
set $sent = fd
fds_of $child
stop_here fdpass_send

echo \n\
--- handover: the parent receives it -----------------------------------------\n\
We let the child go. The parent, which has stood still in fork, receives. What\n\
is `file_fd' here? And what was that number in the child?\n\n
detach inferiors 2
inferior 1
tbreak read_on
continue
set $parent = (int)getpid()
fds_of $parent
echo \nTwo numbers, one open file: both have the same position in it.\n
eval "shell grep pos: /proc/%d/fdinfo/%d /proc/%d/fdinfo/%d", $child, $sent, $parent, file_fd
stop_here read_on
echo \nThe parent reads on, then the child. Watch the offsets:\n
continue

echo \n\
--- server: the parent sends a client ----------------------------------------\n\
Now the server, with one worker. A client is there and accepted; the parent is\n\
about to send its socket, `fd', through another socket, `channel_fd'.\n\n
file ./server
set follow-fork-mode parent
tbreak fdpass_send
run --port 0 --workers 1 --timeout 0 >"$TOUR_OUT"
set $parent = (int)getpid()
set $sent = fd
fds_of $parent
stop_here fdpass_send

echo \n\
--- server: the worker receives it -------------------------------------------\n\
The parent sends. Then the worker (gdb calls it inferior 3) begins its life,\n\
finds the message and is given a descriptor of its own: `client_fd'.\n\n
finish
inferior 3
tbreak fdpass_receive
continue
finish
print order
print client_fd
set $worker = (int)getpid()
echo \nThe parent's descriptor and the worker's name the same socket:\n
eval "shell stat --format='    %%N' /proc/%d/fd/%d /proc/%d/fd/%d", $parent, $sent, $worker, client_fd
stop_here worker_main

echo \n\
--- server: the worker reports t, taken --------------------------------------\n\
The parent keeps its copy until the worker says that it has the client. Compare\n\
*worker before and after the report:\n\n
tbreak serve_client
continue
inferior 1
tbreak on_report
continue
print *worker
stop_here on_report
finish
print *worker
fds_of $parent

echo \n\
--- server: the worker reports f, free ---------------------------------------\n\
The worker serves its client, reports, and waits for the next order. Only then\n\
does the parent send it another client.\n\n
inferior 3
tbreak fdpass_receive
continue
inferior 1
tbreak on_report
continue
print *worker
stop_here on_report
finish
print worker->state

kill inferiors 1 3
echo TOUR-OK\n
