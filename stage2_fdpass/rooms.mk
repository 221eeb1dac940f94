# Programs beside the ladder: the next stage does not build upon them.

PROGRAMS += \
    handover \
    server_cgi \
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

# The server with another service and other options.
CGI_SOURCES = \
    $(filter-out service.c options.c, $(SERVER_SOURCES)) \
    body.c \
    cgi_options.c \
    complaints.c \
    environment.c \
    exchange.c \
    header.c \
    program.c \
    reply.c \
    request.c \
    response.c \
    server_cgi.c \
    target.c

# It runs the programs of cgi-bin: cgi-bin/count and cgi-bin/hello.
server_cgi: $(CGI_SOURCES:%.c=build/%.o)
	$(COMPILE) -o $@ $^ $(LDLIBS)
