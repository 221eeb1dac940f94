#ifndef RELAY_H
#define RELAY_H

struct program;
struct request;
struct timeval;

/* Let the client and a program that was started for its request talk to each
   other until the reply is complete: the body goes to the program, what the
   program writes goes to the client, and its standard error to the log.
   timeout is how long the program may take, a slow client included; 0: any
   time.
   Returns 0 and the status of the reply in *reply_status; or, if none of the
   reply has been sent, the status of the error to answer with; or -1: the
   client is gone, or the reply had to be cut. */
int relay_run(const struct request *request, int client_fd,
              struct program *program, const struct timeval *timeout,
              int *reply_status);

#endif
