#include "json_writer.h"

#include <math.h>

#include "wsload/protocol/gateway.h"

static void put_messages(struct json_writer *writer, cJSON *root)
{
    const struct traffic *traffic = &writer->results->recorded.traffic;
    cJSON *object = json_put_object(writer, root, "traffic");
    json_put_count(writer, object, "sent_messages", traffic->sent_messages);
    json_put_count(writer, object, "sent_bytes", traffic->sent_bytes);
    json_put_count(writer, object, "received_messages", traffic->received_messages);
    json_put_count(writer, object, "received_bytes", traffic->received_bytes);
}

/* To a billionth: what a message costs is a few millionths. */
static void put_usd(struct json_writer *writer, cJSON *object, const char *name, double usd)
{
    json_put_number(writer, object, name, round(usd * 1e9) / 1e9);
}

static void put_rates(struct json_writer *writer, cJSON *cost)
{
    const struct prices *prices = &writer->results->setup.prices;
    cJSON *rates = json_put_object(writer, cost, "rates");
    json_put_number(writer, rates, "per_million_messages", prices->per_million_messages);
    json_put_number(writer, rates, "per_million_minutes", prices->per_million_minutes);
}

static void put_cost(struct json_writer *writer, cJSON *root)
{
    struct cost cost = cost_estimate(writer->results);
    cJSON *object = json_put_object(writer, root, "cost");
    json_put_string(writer, object, "currency", "USD");
    json_put_bool(writer, object, "estimate", true);
    json_put_count(writer, object, "billed_messages", cost.billed_messages);
    json_put_number(writer, object, "connection_minutes",
                    round(cost.connection_minutes * 1e6) / 1e6);
    put_rates(writer, object);
    put_usd(writer, object, "messages", cost.messages_usd);
    put_usd(writer, object, "minutes", cost.minutes_usd);
    put_usd(writer, object, "total", cost.total_usd);
    if (cost.per_1000_prompts_usd >= 0)
        put_usd(writer, object, "per_1000_prompts", cost.per_1000_prompts_usd);
    else
        json_put_null(writer, object, "per_1000_prompts");
    json_put_figure(writer, object, "messages_per_second", METRIC_PER_SECOND, cost.messages_per_s);
    json_put_count(writer, object, "account_quota_per_second", GATEWAY_QUOTA_PER_S);
}

static void put_record(struct json_writer *writer, cJSON *root)
{
    const struct results *results = writer->results;
    if (results->setup.recording)
        json_put_count(writer, json_put_object(writer, root, "record"), "lost",
                       results->record_lost);
    else
        json_put_null(writer, root, "record");
}

void json_put_traffic(struct json_writer *writer, cJSON *root)
{
    put_messages(writer, root);
    put_cost(writer, root);
    put_record(writer, root);
}
