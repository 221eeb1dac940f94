#ifndef CONVERSATION_H
#define CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>

#include "net.h"

/* The service of service.c for one client of many: each call does what can be
   done without waiting and returns, and the conversation remembers where it
   was. */

enum {
    LINE_SIZE = 65536,  /* the newline included */
    REPLY_SIZE = 65568, /* and what stands before it */
};

enum conversation_state {
    CONVERSATION_READING,   /* waits for more from the client */
    CONVERSATION_WRITING,   /* waits until the client takes more */
    CONVERSATION_FINISHING, /* all is said; waits for the client to close */
    CONVERSATION_OVER,
};

struct conversation {
    int fd; /* the caller's */
    char name[NET_NAME_SIZE];
    enum conversation_state state;
    bool ended;     /* the client sends no more, or has sent too much */
    long lines;     /* answered */
    size_t start;   /* the next line begins here, in the inbox */
    size_t end;     /* what has been read ends here */
    size_t sent;    /* of the reply */
    size_t to_send; /* the reply's length, 0: none */
    char inbox[LINE_SIZE];
    char reply[REPLY_SIZE];
};

/* Begin a conversation with a new client. */
void conversation_begin(struct conversation *conversation, int client_fd);

/* Go on, after the socket has become readable or, in the state WRITING,
   writable.  One read at the most, so that no client keeps the others
   waiting. */
void conversation_go_on(struct conversation *conversation);

#endif
