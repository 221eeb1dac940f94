# server_thread: all that the server is made of, but another server.c.

PROGRAMS += server_thread

THREAD_SOURCES = \
    thread/server.c \
    $(filter-out server.c, $(SERVER_SOURCES))

server_thread: $(THREAD_SOURCES:%.c=build/%.o)
	$(COMPILE) -pthread -o $@ $^ $(LDLIBS)
