# server_cgi: the server with another service, other options, and a log that
# escapes what strangers say.  It runs the programs of a folder; cgi-bin has two to
# begin with.

PROGRAMS += server_cgi

CGI_SOURCES = \
    cgi/service.c \
    cgi/body.c \
    cgi/environment.c \
    cgi/header.c \
    cgi/log.c \
    cgi/options.c \
    cgi/output.c \
    cgi/program.c \
    cgi/relay.c \
    cgi/request.c \
    cgi/response.c \
    cgi/stderr_log.c \
    cgi/target.c \
    cgi/text.c \
    $(filter-out log.c options.c service.c, $(SERVER_SOURCES))

server_cgi: $(CGI_SOURCES:%.c=build/%.o)
	$(COMPILE) -o $@ $^ $(LDLIBS)
