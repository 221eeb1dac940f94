# server_proactor: the kernel does the work and reports what it has done. It needs
# liburing; where that is missing, all else is built.

PROACTOR_SOURCES = \
    proactor/server.c \
    proactor/buffers.c \
    proactor/clients.c \
    proactor/connection.c \
    proactor/exchange.c \
    proactor/inbox.c \
    proactor/options.c \
    proactor/outbox.c \
    proactor/reply.c \
    proactor/ring.c \
    proactor/timer.c \
    cli.c \
    clock.c \
    fd_limit.c \
    file_name.c \
    io.c \
    listener.c \
    log.c \
    net.c \
    pipe.c \
    process.c \
    served_file.c \
    signal_pipe.c \
    text.c

ifneq ($(shell $(CC) -E -include liburing.h -x c /dev/null >/dev/null 2>&1 && echo yes),)
PROGRAMS += server_proactor

server_proactor: $(PROACTOR_SOURCES:%.c=build/%.o)
	$(COMPILE) -o $@ $^ -luring $(LDLIBS)
else
server_proactor:
	@echo '$@ needs liburing (package liburing-dev)' >&2; false
.PHONY: server_proactor
endif
