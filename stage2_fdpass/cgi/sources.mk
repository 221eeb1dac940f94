# server_cgi: the server with another service and other options.  It runs the
# programs of a folder; cgi-bin has two to begin with.

PROGRAMS += server_cgi

CGI_SOURCES = \
    cgi/service.c \
    cgi/body.c \
    cgi/complaints.c \
    cgi/environment.c \
    cgi/exchange.c \
    cgi/header.c \
    cgi/options.c \
    cgi/program.c \
    cgi/reply.c \
    cgi/request.c \
    cgi/response.c \
    cgi/target.c \
    $(filter-out service.c options.c, $(SERVER_SOURCES))

server_cgi: $(CGI_SOURCES:%.c=build/%.o)
	$(COMPILE) -o $@ $^ $(LDLIBS)
