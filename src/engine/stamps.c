#include "stamps.h"

#include <stdbool.h>

/* Two looks without a step between them differ by less. */
#define STEP_NS (2 * STAMPS_LOOK_NS)

static uint64_t difference(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

void stamps_look(struct stamps *stamps, uint64_t before_ns, uint64_t wall_ns, uint64_t now_ns)
{
    uint64_t offset_ns = wall_ns - now_ns; /* the least that it can be: so no stamp is too early */
    if (now_ns - before_ns > STAMPS_LOOK_NS)
        return; /* it was interrupted; the next one will not be */
    if (difference(offset_ns, stamps->offset_ns) > STEP_NS)
        stamps->trusted_ns = now_ns;
    stamps->offset_ns = offset_ns;
}

/* Two looks do not agree to the last ns: what came in one segment and is read in two turns would
 * seem to go back in time. */
static uint64_t within(uint64_t came_ns, uint64_t last_ns, uint64_t read_ns)
{
    if (came_ns < last_ns && last_ns - came_ns <= STEP_NS)
        return last_ns;
    if (came_ns > read_ns && came_ns - read_ns <= STEP_NS)
        return read_ns;
    return came_ns;
}

uint64_t stamps_came_ns(const struct stamps *stamps, uint64_t wall_ns, uint64_t last_ns,
                        uint64_t read_ns)
{
    uint64_t came_ns = within(wall_ns - stamps->offset_ns, last_ns, read_ns);
    bool believed = came_ns >= stamps->trusted_ns && came_ns >= last_ns && came_ns <= read_ns;
    return stamps->trusted_ns && believed ? came_ns : 0;
}
