# server_reactor: one thread waits for all clients.

PROGRAMS += server_reactor

REACTOR_SOURCES = \
    reactor/server.c \
    reactor/clients.c \
    reactor/connection.c \
    reactor/daemon.c \
    reactor/options.c \
    reactor/reply.c \
    reactor/workers.c \
    cli.c \
    clock.c \
    event.c \
    fd_limit.c \
    file_name.c \
    io.c \
    listener.c \
    log.c \
    net.c \
    process.c \
    queue.c \
    served_file.c \
    signal_pipe.c \
    text.c

server_reactor: $(REACTOR_SOURCES:%.c=build/%.o)
	$(COMPILE) -o $@ $^ $(LDLIBS)
