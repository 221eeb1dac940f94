# tour.gdb: one client, from accept to the reaping of the process that served it.
# `make gdb1` starts this tour; the client comes by itself.

# After fork keep both processes; only the one that is selected runs.
set detach-on-fork off

echo \n\
--- The parent accepts -------------------------------------------------------\n\
The server waits for clients, and one connects. Watch what accept returns: the\n\
descriptor of a new socket, for this client only.\n\n
tbreak listener_accept
run --port 0 --timeout 0 >"$TOUR_OUT"
finish
set $parent = (int)getpid()
echo \nThe parent has two sockets now, the listener and the client:\n
fds_of $parent
stop_here accept_clients

echo \n\
--- The child begins ---------------------------------------------------------\n\
fork makes a second process out of the first. We follow the child; the parent\n\
stands still where fork left it.\n\n
set follow-fork-mode child
tbreak serve_client
continue
set $child = (int)getpid()
echo \nThe child has a copy of every descriptor, but it has closed the listener:\n
fds_of $child
echo Look who has called serve_client:\n
backtrace
stop_here serve_client

echo \n\
--- The parent lets go of the client -----------------------------------------\n\
Back to the parent. fork has returned to it as well, with the number of the\n\
child. It goes on until it has looked for children that have ended.\n\n
inferior 1
tbreak reap_children
continue
finish
echo \nNone has ended yet. The parent has closed its copy of the client's socket.\n\
If it did not, the connection would last even when the child is gone:\n
fds_of $parent
stop_here accept_clients

echo \n\
--- The child serves ---------------------------------------------------------\n\
The child has read a line. Look at `line' and `length':\n\n
inferior 2
tbreak answer
continue
print *line@length
stop_here answer

echo \n\
--- The child ends -----------------------------------------------------------\n\
The client is answered and goes; then the child calls _exit. The parent has not\n\
run meanwhile.\n\n
continue
echo \nThe kernel keeps the child's status for the parent: a zombie (Z, defunct).\n
eval "shell ps -o pid,ppid,stat,comm --pid %d", $child
inferior 1
stop_here accept_clients

echo \n\
--- A signal wakes the parent ------------------------------------------------\n\
The death of a child is a signal, SIGCHLD. It is held back until the parent\n\
waits in ppoll, and ends the waiting. Read the stack from below:\n\n
tbreak on_child_ended
continue
backtrace
stop_here on_child_ended

echo \n\
--- The parent reaps ---------------------------------------------------------\n\
waitpid has fetched the status, and the parent writes a line about it.\n\n
tbreak log_process_end
continue
stop_here log_process_end
finish
echo \nNow the child is gone for good; this list is empty:\n
eval "shell ps -o pid,ppid,stat,comm --ppid %d", $parent

kill inferiors 1
echo TOUR-OK\n
