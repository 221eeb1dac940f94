#ifndef SENDER_H
#define SENDER_H

#include <stdint.h>

/* Send size bytes of the file, from its present offset, as trains, and the
   empty train that ends them.  The memory this takes does not depend on size.
   Returns 0, -1 with errno; ENODATA: the file has become shorter meanwhile.
   After an error the conversation cannot go on: cargo is missing. */
int send_body(int client_fd, int file_fd, uint64_t size);

#endif
