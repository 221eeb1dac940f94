# Programs beside the ladder: the next stage does not build upon them.

PROGRAMS += server_thread

# All that the server is made of, but another server.c.
THREAD_SOURCES = server_thread.c $(filter-out server.c,$(SERVER_SOURCES))

server_thread: $(THREAD_SOURCES:%.c=build/%.o)
	$(COMPILE) -pthread -o $@ $^ $(LDLIBS)
