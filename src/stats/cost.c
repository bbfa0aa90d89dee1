#include "wsload/stats/cost.h"

#include "wsload/base/clock.h"

#define NS_PER_MINUTE (60.0 * (double)NS_PER_S)

struct cost cost_estimate(const struct measurement *measurement)
{
    const uint64_t *counts = measurement->counts;
    const struct load *load = &measurement->load;
    uint64_t billed = counts[COUNT_SENT_UNITS] + counts[COUNT_RECEIVED_UNITS];
    uint64_t sent = counts[COUNT_SENT] + counts[COUNT_WARMUP_SENT];
    uint64_t time_ns = load->warmup_ns + counts[COUNT_TOTAL_TIME] + counts[COUNT_DRAIN_TIME];
    double minutes = (double)counts[COUNT_CONNECTED_NS] / NS_PER_MINUTE;
    double messages_usd = (double)billed / 1e6 * load->prices.per_million_messages;
    double minutes_usd = minutes / 1e6 * load->prices.per_million_minutes;
    double total_usd = messages_usd + minutes_usd;
    return (struct cost){
        .billed_messages = billed,
        .connection_minutes = minutes,
        .messages_usd = messages_usd,
        .minutes_usd = minutes_usd,
        .total_usd = total_usd,
        .per_1000_prompts_usd = sent > 0 ? total_usd / (double)sent * 1000 : -1,
        .messages_per_s = time_ns > 0 ? (double)billed / clock_seconds(time_ns) : 0,
    };
}
