#ifndef EVIL_SOCKET_H
#define EVIL_SOCKET_H

#include <netinet/in.h>

#include "evil_peer.h"

/* These end the program if they fail. */

/* Connect to 127.0.0.1:PORT. */
void peer_connect(struct peer *peer, in_port_t port);

/* Listen on a free port, and print "listening on ADDRESS:PORT".  Returns the
   listener, which the caller closes. */
int peer_listen(const struct peer *peer);

/* Wait for a client, and be connected to it. */
void peer_accept(struct peer *peer, int listen_fd);

#endif
