# server_notify: workers that accept for themselves.

PROGRAMS += server_notify

NOTIFY_SOURCES = \
    notify/server.c \
    notify/conversation.c \
    notify/signal_pipe.c \
    notify/worker.c \
    cli.c \
    clock.c \
    io.c \
    listener.c \
    log.c \
    net.c \
    options.c \
    process.c

server_notify: $(NOTIFY_SOURCES:%.c=build/%.o)
	$(COMPILE) -o $@ $^ $(LDLIBS)
