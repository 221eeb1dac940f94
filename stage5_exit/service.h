#ifndef SERVICE_H
#define SERVICE_H

/* All that happens with one client, from the first byte to the last.  Returns
   when the client has no more to ask, is gone, or was silent for too long.
   The caller still closes client_fd.
   SIMPLIFIED: the whole conversation has no limit in time.  A client that goes
   on asking can stay for ever. */
void serve_client(int client_fd);

/* Have serve_client answer no further request once stop_fd is readable: the one
   that has begun is the last, and a client that has not asked for anything yet
   may do so once.  To begin with there is no such fd. */
void service_set_stop_fd(int stop_fd);

#endif
