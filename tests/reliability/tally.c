/* tally.c: how the requests of a swarm ended. */

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tally.h"

enum { WRONG_SHOWN = 3 };

static void
report_wrong(const struct tally *tally, const struct guest *guest,
             const char *what)
{
    const struct request *request = &guest->request;
    if (tally->outcomes[OUTCOME_WRONG] >= WRONG_SHOWN)
        return;
    if (request->file == NULL)
        warnx("%s to the line: %.*s", what, (int)request->length - 1,
              request->bytes);
    else
        warnx("%s to %s, after %" PRIu64 " of %" PRIu64 " bytes", what,
              request->file, request->size - guest->reply.left, request->size);
}

void
tally_count(struct tally *tally, const struct guest *guest,
            enum outcome outcome)
{
    if (guest_was_deceived(guest, outcome)) {
        report_wrong(tally, guest, "half a reply looks like a whole one");
        outcome = OUTCOME_WRONG;
    } else if (outcome == OUTCOME_WRONG) {
        report_wrong(tally, guest, "a wrong reply");
    }
    tally->outcomes[outcome]++;
    if ((outcome == OUTCOME_CLOSED || outcome == OUTCOME_RESET) &&
        guest->answered)
        tally->torn++;
}

uint64_t
tally_print(const struct tally *tally, const struct house *house, bool every)
{
    const uint64_t *outcomes = tally->outcomes;
    uint64_t cut = outcomes[OUTCOME_CLOSED] + outcomes[OUTCOME_RESET];
    uint64_t bad = outcomes[OUTCOME_WRONG] + outcomes[OUTCOME_TIMEOUT] +
                   outcomes[OUTCOME_OTHER];
    if (every)
        bad += cut + outcomes[OUTCOME_REFUSED] + outcomes[OUTCOME_DENIED];
    printf("connections=%" PRIu64 " done=%" PRIu64 " cut=%" PRIu64
           " torn=%" PRIu64 " refused=%" PRIu64 " denied=%" PRIu64
           " wrong=%" PRIu64 " stuck=%" PRIu64 " other=%" PRIu64
           " rude=%" PRIu64 " bytes=%" PRIu64 " slowest_ms=%" PRId64 "\n",
           tally->connections, outcomes[OUTCOME_DONE], cut, tally->torn,
           outcomes[OUTCOME_REFUSED], outcomes[OUTCOME_DENIED],
           outcomes[OUTCOME_WRONG], outcomes[OUTCOME_TIMEOUT],
           outcomes[OUTCOME_OTHER], tally->rude, house->bytes,
           tally->slowest_ns / 1000000);
    if (outcomes[OUTCOME_OTHER] > 0)
        warnx("a request failed: %s", strerror(house->error));
    if (fflush(stdout) == EOF)
        err(1, "standard output");
    return bad;
}
