#include "json_writer.h"

#include <inttypes.h>
#include <stdio.h>

#define SEED_SIZE 24 /* 64 bits in decimal */

static const char *model_name(enum load_model model)
{
    switch (model) {
    case LOAD_CLOSED:
        return "closed";
    case LOAD_OPEN:
        return "open";
    case LOAD_HOLD:
        break;
    }
    return "hold";
}

static const char *reply_name(const struct results_setup *setup)
{
    if (setup->one_way || setup->model == LOAD_HOLD)
        return "none";
    return setup->stream ? "stream" : "message";
}

static void put_target(struct json_writer *writer, cJSON *root)
{
    const struct results_setup *setup = &writer->results->setup;
    cJSON *target = json_put_object(writer, root, "target");
    json_put_string(writer, target, "url", setup->url);
    if (setup->origin[0] != '\0')
        json_put_string(writer, target, "origin", setup->origin);
    else
        json_put_null(writer, target, "origin");
}

static void put_stages(struct json_writer *writer, cJSON *load, const struct stages *stages)
{
    json_put_number(writer, load, "start_level", stages->start);
    cJSON *array = json_put_array(writer, load, "stages");
    for (size_t i = 0; i < stages->count; i++) {
        cJSON *stage = json_append_object(writer, array);
        json_put_seconds(writer, stage, "duration", (double)stages->items[i].duration_ns);
        json_put_number(writer, stage, "target", stages->items[i].target);
    }
}

/* What only an open run has. */
static void put_arrivals(struct json_writer *writer, cJSON *load, const struct results_setup *setup)
{
    if (setup->model != LOAD_OPEN) {
        json_put_null(writer, load, "arrival");
        json_put_null(writer, load, "max_queue");
        return;
    }
    json_put_string(writer, load, "arrival",
                    setup->arrival == ARRIVAL_POISSON ? "poisson" : "constant");
    json_put_count(writer, load, "max_queue", setup->max_queue);
}

static void put_pace(struct json_writer *writer, cJSON *load, const struct results_setup *setup)
{
    if (setup->think_time != NULL)
        json_put_string(writer, load, "think_time", setup->think_time);
    else
        json_put_null(writer, load, "think_time");
    if (setup->connect_rate > 0)
        json_put_number(writer, load, "connect_rate", setup->connect_rate);
    else
        json_put_null(writer, load, "connect_rate");
}

/* 64 bits are more than a JSON number keeps (RFC 8259 section 6). */
static void put_seed(struct json_writer *writer, cJSON *load, uint64_t seed)
{
    char text[SEED_SIZE];
    snprintf(text, sizeof(text), "%" PRIu64, seed);
    json_put_string(writer, load, "seed", text);
}

void json_put_load(struct json_writer *writer, cJSON *root)
{
    const struct results_setup *setup = &writer->results->setup;
    put_target(writer, root);
    cJSON *load = json_put_object(writer, root, "load");
    json_put_string(writer, load, "model", model_name(setup->model));
    json_put_string(writer, load, "reply", reply_name(setup));
    if (setup->requests > 0)
        json_put_count(writer, load, "requests", setup->requests);
    else
        json_put_null(writer, load, "requests");
    json_put_seconds_if_any(writer, load, "duration", setup->duration_ns);
    json_put_seconds_if_any(writer, load, "warmup", setup->warmup_ns);
    json_put_count(writer, load, "prompts", setup->prompts);
    json_put_count(writer, load, "workers", setup->workers);
    json_put_bool(writer, load, "connection_per_request", setup->connection_per_request);
    put_stages(writer, load, &setup->stages);
    put_arrivals(writer, load, setup);
    json_put_count(writer, load, "in_flight", setup->in_flight);
    put_pace(writer, load, setup);
    put_seed(writer, load, setup->seed);
}
