# tour.gdb: a signal, from its handler to the order that ends a worker.
# `make gdb5` starts this tour. A client comes by itself and asks for a file.

# After fork keep both processes; run only the one that is selected.
set detach-on-fork off
set schedule-multiple off

echo \n\
--- A worker has a client ----------------------------------------------------\n\
The worker, inferior 2, is about to send a file. Here it stands still for now:\n\n
tbreak worker_send
run --port 0 --workers 1 --timeout 0 --drain-timeout 0 >"$TOUR_OUT"
set $parent = (int)getpid()
finish
inferior 2
tbreak sender_send
continue
backtrace
stop_here sender_send

echo \n\
--- The handler --------------------------------------------------------------\n\
The parent reads that the worker has the client, and is going to wait in\n\
epoll_wait again. At this very moment comes SIGTERM. Read the stack from below:\n\
what has the handler interrupted? And which two fds are the pipe it writes to?\n\n
inferior 1
tbreak worker_collect
continue
finish
tbreak epoll_wait
continue
tbreak handle_signal
signal SIGTERM
backtrace
fds_of $parent
stop_here handle_signal

echo \n\
--- The event ----------------------------------------------------------------\n\
The byte in the pipe is an event: epoll_wait returns at once. (Who would look at\n\
a mere flag now?) This is on_signal, of server.c. Compare the two stacks:\n\
nothing is interrupted, so this code may do what it likes. It takes the byte out\n\
of the pipe ("Value returned"), 15 for SIGTERM:\n\n
tbreak on_signal
continue
backtrace
tbreak signal_pipe_receive
continue
finish
stop_here on_signal

echo \n\
--- The order ----------------------------------------------------------------\n\
The parent has closed the listener: compare the fds. It sends the order `x' to\n\
the worker, with no descriptor (`fd' is -1), although the worker is BUSY:\n\n
tbreak fdpass_send
continue
fds_of $parent
up_to worker_dismiss
print *worker
stop_here worker_dismiss

echo \n\
--- The worker reads its last order ------------------------------------------\n\
The worker goes on. It knows nothing of a signal: it sends the file, the client\n\
goes, and then it receives its next order. Look at `order' and `client_fd':\n\n
finish
inferior 2
tbreak fdpass_receive
continue
finish
up_to worker_main
print order
print client_fd
stop_here worker_main
echo \nThe worker does not serve this order, so it ends:\n
continue

echo \n\
--- The parent ends ----------------------------------------------------------\n\
Back to the parent. It reads the report `f' and then the end of the channel,\n\
and reaps the worker. None is left. Look who was served, and who was cut:\n\n
inferior 1
tbreak pool_release
continue
up_to finish
info locals
stop_here finish
echo \nThe exit status of the server, 0 if nothing was cut:\n
set $_exitcode = -1
continue
print $_exitcode
shell cmp Makefile ../Makefile && echo "The client has all of its file."
if $_exitcode != 0
    quit 1
end
echo TOUR-OK\n
