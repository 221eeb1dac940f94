# tour.gdb: the system calls that send a file, by each method. `make gdb4` starts
# this tour. The client asks for the same file, Makefile, four times.

# After fork keep both processes; run only the one that is selected.
set detach-on-fork off
set schedule-multiple off

echo \n\
--- copy: the call read ------------------------------------------------------\n\
The worker has its client, and copies. (We end the parent, which is not needed:\n\
gdb catches system calls well in one process only.) Look at the call itself:\n\
which descriptor is to be read, how many bytes, and where are they to go?\n\n
tbreak worker_send
run --port 0 --workers 1 --timeout 0 --method copy >"$TOUR_OUT"
finish
inferior 2
kill inferiors 1
tbreak copy_out
continue
set $worker = (int)getpid()
tcatch syscall read
continue
up_to read_some
fds_of $worker
stop_here read_some

echo \n\
--- copy: the call send ------------------------------------------------------\n\
How many bytes has read moved ("Value returned")? They are in the memory of the\n\
worker now. See where, and compare with `buffer'. send copies them once more:\n\n
finish
tcatch syscall sendto
continue
up_to send_full
in_memory Makefile
stop_here send_full
up_to copy_out
finish

echo \n\
--- mmap: the call mmap ------------------------------------------------------\n\
The client asks again, and we choose another method by hand. mmap asks for the\n\
file to appear in memory, `most' bytes of it. So far they are nowhere:\n\n
tbreak sender_send
continue
print sender_choose("mmap")
tcatch syscall mmap
continue
up_to mmap_out
in_memory Makefile
stop_here mmap_out

echo \n\
--- mmap: the call send ------------------------------------------------------\n\
Nobody has read, but now the bytes are there: the worker sees the page that the\n\
kernel keeps the file in. Compare with `buffer'. send makes the only copy:\n\n
tcatch syscall sendto
continue
up_to send_full
in_memory Makefile
stop_here send_full
up_to mmap_out
finish

echo \n\
--- sendfile: one call -------------------------------------------------------\n\
One call has both descriptors, and no buffer. See how many bytes it is to move\n\
(`most'), and then, when it returns, how many it has moved:\n\n
tbreak sender_send
continue
print sender_choose("sendfile")
tcatch syscall sendfile
continue
up_to sendfile_out
printf "from fd %d to fd %d\n", sender->file.fd, sender->client_fd
finish
echo \nThe file has been sent. Where in memory has it been?\n
in_memory Makefile
stop_here move

echo \n\
--- splice: from the file to the pipe ----------------------------------------\n\
splice does the same in two steps. The first one moves `most' bytes to a pipe;\n\
find both ends of it among the descriptors:\n\n
tbreak sender_send
continue
print sender_choose("splice")
tcatch syscall splice
continue
up_to splice_out
printf "from fd %d to fd %d\n", sender->file.fd, sender->pipe_fds[1]
fds_of $worker
stop_here splice_out

echo \n\
--- splice: from the pipe to the client --------------------------------------\n\
So many bytes are in the pipe now: `size'. The second step moves them to the\n\
client. Where in memory are they meanwhile?\n\n
tbreak pipe_drain
continue
tcatch syscall splice
continue
up_to pipe_drain
printf "from fd %d to fd %d\n", fds[0], out_fd
in_memory Makefile
stop_here pipe_drain
up_to splice_out
finish

echo \nThe client has all four files, and goes.\n
tbreak net_finish
continue
kill
echo TOUR-OK\n
