# Programs beside the ladder: they stand on the same files as the server.

PROGRAMS += server_reactor

REACTOR_SOURCES = \
    server_reactor.c \
    cli.c \
    clients.c \
    clock.c \
    connection.c \
    daemon.c \
    io.c \
    listener.c \
    log.c \
    net.c \
    queue.c \
    reactor_options.c \
    reply.c \
    shutdown.c \
    text.c \
    workers.c

server_reactor: $(REACTOR_SOURCES:%.c=build/%.o)
	$(COMPILE) -o $@ $^ $(LDLIBS)
