#include "dial.h"

#include <string.h>
#include <sys/socket.h>

void dial_next(const struct dial *dial, struct dial_attempt *attempt, uint64_t number,
               uint64_t now_ns)
{
    size_t count = dial->addresses->count;
    size_t start = (attempt->tried ? attempt->address + 1 : (size_t)(number % count)) % count;
    size_t up = 0; /* addresses after START that are not known to be down */
    while (up < count && dial->down_until_ns[(start + up) % count] > now_ns)
        up++;
    attempt->address = (start + up) % count; /* START when all are down */
    attempt->tried++;
}

const char *dial_source(const struct dial *dial, const struct dial_attempt *attempt,
                        uint64_t number, char out[SOURCE_TEXT_SIZE])
{
    int family = strchr(dial_address(dial, attempt), ':') ? AF_INET6 : AF_INET;
    return dial->sources->count ? sources_pick(dial->sources, number, family, out) : NULL;
}
