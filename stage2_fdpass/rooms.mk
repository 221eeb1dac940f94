# Programs beside the ladder: the next stage does not build upon them.

PROGRAMS += \
    handover \
    server_notify

handover: build/handover.o build/fdpass.o
	$(COMPILE) -o $@ $^ $(LDLIBS)

NOTIFY_SOURCES = \
    server_notify.c \
    cli.c \
    clock.c \
    conversation.c \
    io.c \
    listener.c \
    log.c \
    net.c \
    notify_worker.c \
    options.c \
    signal_pipe.c \
    text.c

server_notify: $(NOTIFY_SOURCES:%.c=build/%.o)
	$(COMPILE) -o $@ $^ $(LDLIBS)
