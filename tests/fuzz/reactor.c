/* reactor.c: does connection.c, which never waits, send what service.c does,
   which does? */

#include "connection.h"
#include "files.h"
#include "reply.h"
#include "service.h"
#include "wire.h"

enum { IN_MOST = 1024 * 1024 + 4096 };

const char fuzz_name[] = "reactor";

void
fuzz_start(void)
{
    files_create();
}

void
fuzz_one(const uint8_t *data, size_t size)
{
    struct connection connection;
    wire_load(data, size, IN_MOST);
    serve_client(wire_connect(true));
    struct wire waiting = wire;

    reply_choose(wire_choice() % 2 == 0);
    connection_begin(&connection, wire_connect(false));
    while (connection.state != CONNECTION_OVER) {
        if (connection.state == CONNECTION_WORKING)
            connection_work(&connection);
        else
            connection_on_ready(&connection);
    }
    connection_end(&connection);
    fuzz_compare("answers", waiting.out, waiting.out_size, wire.out,
                 wire.out_size);
}
