#include "opener.h"

#include "wsload/base/clock.h"
#include "wsload/load/plan.h"

/* What a fast worker opens, and does nothing else. */
#define HANDSHAKES_PER_S 15000

/* A late wake may be made up for by this much, and an idle time not. */
#define CATCH_UP_NS 10e6

void opener_init(struct opener *opener, const struct load *load, unsigned worker, uint32_t first,
                 uint64_t now_ns)
{
    uint64_t share = plan_share(OPENER_HANDSHAKES_MAX, worker, load->workers);
    *opener = (struct opener){.first_left = first, .most = share > 0 ? (uint32_t)share : 1};
    opener->least = opener->most < OPENER_HANDSHAKES_LEAST ? opener->most : OPENER_HANDSHAKES_LEAST;
    opener->limit = opener->least;
    if (load->connect_rate > 0) {
        opener->every_ns = (double)NS_PER_S / load->connect_rate * load->workers;
        opener->limit = opener->most; /* the rate bounds them, and is not to be late */
    }
    opener->next_ns = (double)now_ns + (double)worker / load->workers * opener->every_ns;
}

void opener_add(struct opener *opener, struct list_node *node, uint64_t now_ns)
{
    if (!opener->pending.first && opener->next_ns < (double)now_ns)
        opener->next_ns = (double)now_ns;
    list_append(&opener->pending, node);
}

struct list_node *opener_take(struct opener *opener, uint64_t now_ns)
{
    if (opener->under_way >= opener->limit || (double)now_ns < opener->next_ns)
        return NULL;
    return list_take(&opener->pending);
}

void opener_began(struct opener *opener, uint64_t now_ns)
{
    double earliest = (double)now_ns - CATCH_UP_NS;
    opener->under_way++;
    if (opener->every_ns > 0)
        opener->next_ns = (opener->next_ns > earliest ? opener->next_ns : earliest) +
                          opener->every_ns;
}

void opener_ended(struct opener *opener, uint64_t took_ns)
{
    bool waited = clock_seconds(took_ns) * HANDSHAKES_PER_S > opener->limit;
    opener->under_way--;
    if (waited && opener->limit < opener->most)
        opener->limit++;
    if (!waited && opener->limit > opener->least)
        opener->limit--;
}

uint64_t opener_wake_ns(const struct opener *opener)
{
    if (opener->every_ns == 0 || !opener->pending.first || opener->under_way >= opener->limit)
        return CLOCK_NEVER;
    /* At one attempt in centuries it is beyond what a time can hold. */
    return opener->next_ns < 0x1p63 ? (uint64_t)opener->next_ns + 1 : CLOCK_NEVER;
}
