/* notify.c: does conversation.c, which never waits, answer what service.c does,
   which does? */

#include "conversation.h"
#include "service.h"
#include "wire.h"

enum { IN_MOST = 3 * 65536 };

const char fuzz_name[] = "notify";

void
fuzz_start(void)
{
}

void
fuzz_one(const uint8_t *data, size_t size)
{
    static struct conversation conversation;
    wire_load(data, size, IN_MOST);
    serve_client(wire_connect(true));
    struct wire waiting = wire;

    conversation_begin(&conversation, wire_connect(false));
    while (conversation.state != CONVERSATION_OVER)
        conversation_go_on(&conversation);
    fuzz_compare("answers", waiting.out, waiting.out_size, wire.out,
                 wire.out_size);
}
