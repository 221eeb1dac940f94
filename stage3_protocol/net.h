#ifndef NET_H
#define NET_H

#include <netdb.h>
#include <sys/time.h>

enum { NET_NAME_SIZE = 64 };

/* Write "host:port", or "[host]:port" for an IPv6 address, to name, which has
   NET_NAME_SIZE bytes; what does not fit is cut off. */
void net_join(char *name, const char *host, const char *port);

/* Find the addresses that host and port stand for.  Returns 0 and a list to
   free with freeaddrinfo(3), or an error code for gai_strerror(3). */
int net_resolve(struct addrinfo **list, const char *host, const char *port);

/* Open a non-blocking socket bound to the first address of list that can be
   had, ready for listen(2).  A port that was in use until just now can be used
   again (SO_REUSEADDR, socket(7)).  Returns the fd, -1 with errno. */
int net_bind(const struct addrinfo *list);

/* Connect to the first address of list that answers.  Returns a blocking socket
   on which connecting, or a read or a send that makes no progress, fails with
   ETIMEDOUT after this long (0: never).  Returns the fd, -1 with errno. */
int net_connect(const struct addrinfo *list, const struct timeval *timeout);

/* Take the next client of a listener.  Returns a socket as net_connect does, or
   -1 with errno.  The time-outs belong to the socket, not to the process: they
   hold for whoever uses it. */
int net_accept(int listen_fd, const struct timeval *timeout);

/* Return how many seconds a read waits for a peer that is silent, as set by the
   calls above; INFINITY: for ever. */
double net_timeout(int socket_fd);

/* Write the socket's own or its peer's address to name, as net_join does;
   "(unknown)" where there is none. */
void net_local_name(int socket_fd, char *name);
void net_peer_name(int socket_fd, char *name);

/* End the conversation: say that nothing more will be sent (a half-close), then
   drop what the peer still sends until it closes too, for a second at most.  A
   plain close(2) with bytes unread makes the kernel send a reset, which can
   destroy what we sent last before the peer has read it (RFC 1122, 4.2.2.13).
   The caller still closes the fd. */
void net_finish(int socket_fd);

#endif
