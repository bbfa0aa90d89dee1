#include "wsload/stats/cost.h"

#include "wsload/base/clock.h"
#include "wsload/stats/results.h"

#define NS_PER_MINUTE (60.0 * (double)NS_PER_S)

static double usd(double quantity, double per_million)
{
    return quantity / 1e6 * per_million;
}

static double per_1000_prompts(const struct recorder *recorded, double total_usd)
{
    uint64_t sent = recorded->measured.sent + recorded->warmup.sent;
    return sent > 0 ? total_usd / (double)sent * 1000 : -1;
}

static double messages_per_s(const struct results *results, uint64_t billed)
{
    uint64_t time_ns = results->setup.warmup_ns + results->total_time_ns + results->drain_time_ns;
    return time_ns > 0 ? (double)billed / clock_seconds(time_ns) : 0;
}

struct cost cost_estimate(const struct results *results)
{
    const struct traffic *traffic = &results->recorded.traffic;
    const struct prices *prices = &results->setup.prices;
    struct cost cost = {
        .billed_messages = traffic->sent_units + traffic->received_units,
        .connection_minutes = (double)traffic->connected_ns / NS_PER_MINUTE,
    };
    cost.messages_usd = usd((double)cost.billed_messages, prices->per_million_messages);
    cost.minutes_usd = usd(cost.connection_minutes, prices->per_million_minutes);
    cost.total_usd = cost.messages_usd + cost.minutes_usd;
    cost.per_1000_prompts_usd = per_1000_prompts(&results->recorded, cost.total_usd);
    cost.messages_per_s = messages_per_s(results, cost.billed_messages);
    return cost;
}
