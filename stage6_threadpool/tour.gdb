# tour.gdb: two threads at the queue, and a client for one of them. `make gdb6`
# starts this tour. The client comes by itself when both threads wait.

handle SIGTERM nostop noprint pass

echo \n\
--- A thread has nothing to do -----------------------------------------------\n\
A worker thread, marked with a star, has locked the mutex and found an empty\n\
queue. It is about to wait. Who holds the mutex? Compare with the LWPs:\n\n
tbreak pool_start
run --port 0 --workers 2 --timeout 0 --drain-timeout 0 >"$TOUR_OUT"
break pthread_cond_wait
continue
up_to queue_pop
info threads
print queue->count
print queue->mutex.__data.__owner
stop_here queue_pop

echo \n\
--- Nor has the other --------------------------------------------------------\n\
Now the other worker is there, and it has the mutex. How could it get it?\n\
pthread_cond_wait gives the mutex back for as long as it waits.\n\n
continue
up_to queue_pop
info threads
print queue->mutex.__data.__owner
stop_here queue_pop
delete

echo \n\
--- A client comes -----------------------------------------------------------\n\
The main thread has accepted a client and puts the number of its socket, `fd',\n\
into the queue. Look for the names of the threads, and for what each one does:\n\n
cue
tbreak queue_push
continue
info threads
thread apply all backtrace 5
set $queued = fd
stop_here queue_push

echo \n\
--- One thread alone ---------------------------------------------------------\n\
With scheduler-locking on, only the current thread runs. It puts the client in\n\
and signals, but nobody can come and take it. See how many are in the queue:\n\n
set scheduler-locking on
finish
print pool->queue.count
stop_here pool_submit

echo \n\
--- A thread takes the client ------------------------------------------------\n\
Off again: all run, and one of them takes the client. It has the same number as\n\
in the main thread, for all threads have one table of descriptors:\n\n
set scheduler-locking off
tbreak serve_client
continue
info threads
print $queued
print client_fd
stop_here serve_client

echo \n\
--- SIGTERM ------------------------------------------------------------------\n\
A signal comes for the whole process. The workers block it, so the handler runs\n\
in the main thread, whatever the others do:\n\n
eval "shell kill %d", (int)getpid()
tbreak handle_signal
continue
info threads
stop_here handle_signal

echo \n\
--- The end ------------------------------------------------------------------\n\
The queue is closed, the client is served, no thread works any more. Look who\n\
was served, and who was cut:\n\n
tbreak pool_release
continue
up_to finish
info locals
stop_here finish
echo \nThe exit status of the server, 0 if nothing was cut:\n
set $_exitcode = -1
continue
print $_exitcode
if $_exitcode != 0
    quit 1
end
echo TOUR-OK\n
