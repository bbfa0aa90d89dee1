#include "exchange.h"

#include "monitor.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/engine/engine.h"

/* Other ids than those of the run, so that a backend can tell the two apart. */
#define RUN_ID_BIT 0x80000000u

static const struct thresholds no_thresholds;

/* However the connection comes and goes, a prompt is over in that time. */
static uint64_t longest_ns(const struct exchange *exchange, const struct plan *plan)
{
    return exchange->listen_ns + plan->connect_timeout_ns + plan->reply_timeout_ns +
           exchange->quiet_ns + NS_PER_S;
}

/* No rule but that of --ignore: nothing is known yet of replies. */
static struct reply_rules rules_of(const struct exchange *exchange, const struct plan *plan)
{
    struct reply_rules rules = plan->reply_rules;
    rules.ends.count = rules.errors.count = rules.expected.count = 0;
    rules.end_messages = rules.bytes_min = rules.bytes_max = 0;
    rules.end_first = rules.has_id = rules.one_way = false;
    rules.end_given = rules.end_on_close = true;
    rules.end_silence_ns = exchange->quiet_ns;
    return rules;
}

static struct plan plan_of(struct exchange *exchange, const struct plan *plan)
{
    struct plan one = *plan;
    exchange->run_id = one.run_id = plan->run_id ^ RUN_ID_BIT;
    one.load = (struct load){
        .model = LOAD_CLOSED,
        .reply = REPLY_STREAM,
        .connections = 1,
        .requests = exchange->prompts,
        .duration_ns = exchange->prompts * longest_ns(exchange, plan),
        .prompts = plan->load.prompts,
        .workers = 1,
        .in_flight = 1,
        .seed = plan->load.seed,
        .shards = 1,
    };
    one.reply_rules = rules_of(exchange, plan);
    /* The end of the quiet is to be seen before the timeout that ends a reply. */
    one.reply_timeout_ns += exchange->quiet_ns;
    one.listen_ns = exchange->listen_ns;
    one.max_lifetime_ns = one.keepalive_ns = one.linger_ns = 0;
    one.keep_replies = false;
    return one;
}

/* How often a server may end the connection before the first prompt: then it never gets one. */
#define CLOSED_MAX 3

static void hear(void *user, const struct transcript *transcript)
{
    struct exchange *exchange = user;
    int closed = 0;
    if (exchange->tell)
        exchange->tell(exchange->user, transcript);
    for (size_t i = 0; transcript->prompts == 0 && i < transcript->count; i++)
        closed += transcript->items[i].kind == SAID_CLOSED;
    if (closed == CLOSED_MAX)
        engine_stop(exchange->engine, STOP_POLITELY);
}

static int watch(struct engine *engine, uint64_t requests, struct measurement **measurement,
                 int *signal, struct error *error)
{
    struct monitor monitor = {.engine = engine, .thresholds = &no_thresholds, .requests = requests};
    progress_init(&monitor.progress, PROGRESS_NONE);
    if (engine_start(engine, error))
        return -1;
    int status = monitor_run(&monitor, error);
    if (status)
        engine_stop(engine, STOP_NOW);
    *measurement = engine_finish(engine);
    *signal = monitor.signal_number;
    if (status == 0 && !*measurement)
        return error_set(error, "out of memory for what was measured");
    return status;
}

/* Runs ENGINE, which is NULL when it could not be made, and frees it. */
static int measure(struct engine *engine, uint64_t requests, struct measurement **measurement,
                   int *signal, struct error *error)
{
    if (!engine)
        return -1;
    monitor_block_signals(true);
    int status = watch(engine, requests, measurement, signal, error);
    monitor_block_signals(false);
    engine_free(engine);
    return status;
}

int exchange_measure(const struct plan *plan, struct measurement **measurement, int *signal,
                     struct error *error)
{
    const struct engine_config config = {.plan = plan, .thresholds = &no_thresholds};
    return measure(engine_new(&config, error), plan->load.requests, measurement, signal, error);
}

int exchange_play(struct exchange *exchange, const struct plan *plan, struct error *error)
{
    struct plan one = plan_of(exchange, plan);
    const struct engine_config config = {
        .plan = &one,
        .thresholds = &no_thresholds,
        .transcript = &exchange->transcript,
        .seen = exchange->seen,
    };
    exchange->transcript.tell = hear;
    exchange->transcript.user = exchange;
    exchange->engine = engine_new(&config, error);
    return measure(exchange->engine, one.load.requests, &exchange->measurement, &exchange->signal,
                   error);
}

void exchange_free(struct exchange *exchange)
{
    transcript_free(&exchange->transcript);
    measurement_free(exchange->measurement);
    exchange->measurement = NULL;
}
