/* What a run would cost on API Gateway, estimated from what was counted (AWS price list: WebSocket
 * messages in units of 32 KiB, both directions, and connection-minutes). Lambda, traffic and
 * CloudFront come on top. */
#ifndef WSLOAD_STATS_COST_H
#define WSLOAD_STATS_COST_H

#include <stdint.h>

#include "wsload/stats/measurement.h"

/* us-east-1, up to a billion messages a month. USD. */
#define PRICE_PER_MILLION_MESSAGES 1.00
#define PRICE_PER_MILLION_MINUTES  0.25

struct cost {
    uint64_t billed_messages;  /* units of 32 KiB, both directions */
    double connection_minutes; /* of all connections together */
    double messages_usd;
    double minutes_usd;
    double total_usd;
    double per_1000_prompts_usd; /* of those sent, warm-up included; negative: none was */
    double messages_per_s;       /* billed ones, over warm-up, measured time and draining together;
                                    to be seen beside GATEWAY_QUOTA_PER_S */
};

/* The cost of MEASUREMENT at its load.prices: warm-up, steps and keep-alives included. */
struct cost cost_estimate(const struct measurement *measurement);

#endif
