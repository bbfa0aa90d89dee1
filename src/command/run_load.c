#include "run_build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/cores.h"
#include "wsload/base/helpers.h"
#include "wsload/base/random.h"
#include "wsload/base/text.h"
#include "wsload/protocol/gateway.h"
#include "wsload/stats/cost.h"

#define CONNECTIONS_DEFAULT    10
#define CONNECTIONS_PER_WORKER 50
#define MAX_QUEUE_DEFAULT      100000
#define RATE_MAX               1e7 /* more than any machine can send */

/* What comes unasked comes soon after the reply that it belongs to, or again and again; but without
 * rules it may be a reply itself. */
#define LINGER_NS      (300 * NS_PER_MS)
#define LINGER_MOST_NS (2 * NS_PER_S)

/* API Gateway's quota of new connections per second, for all WebSocket APIs of an account in a
 * region (AWS guide apigateway-execution-service-websocket-limits). */
#define GATEWAY_CONNECT_RATE 500

/* --- Stages --- */

static int check_rate(double rate, struct error *error)
{
    if (rate <= RATE_MAX)
        return 0;
    return error_set(error, "at most 10m, which is more than a machine can send, is allowed");
}

static int check_target(const struct plan *plan, double target, struct error *error)
{
    if (plan->load.model == LOAD_OPEN)
        return check_rate(target, error);
    if (target > CONNECTIONS_MAX || floor(target) != target)
        return error_set(error, "use a whole number of connections up to 16,000,000, or give "
                                "--rate as well for stages of the rate");
    return 0;
}

_Static_assert(STAGES_MAX >= OPTION_LIST_MAX, "a list of options");

/* They make the duration as well. */
static int build_stages(struct plan *plan, const struct run_options *options, struct error *error)
{
    struct stage stage;
    plan->load.stages.hold_ns = plan->load.warmup_ns;
    for (size_t i = 0; i < options->stages.count; i++) {
        const char *text = options->stages.items[i];
        if (stage_parse(text, &stage, error) || check_target(plan, stage.target, error))
            return error_prefix(error, "--stage '%s'", text);
        plan->load.stages.items[plan->load.stages.count++] = stage;
        plan->load.duration_ns += stage.duration_ns;
    }
    if (options->stages.count && !plan->load.duration_ns)
        return error_set(error, "--stage '%s': no time in all stages; use one as in 30s:100",
                         options->stages.items[0]);
    return 0;
}

static int build_level(struct plan *plan, const struct run_options *options, struct error *error)
{
    struct load *load = &plan->load;
    load->connections = options->connections ? (uint32_t)options->connections : CONNECTIONS_DEFAULT;
    load->stages.start = load->connections;
    if (load->model == LOAD_OPEN)
        load->stages.start = options->rate;
    else if (options->stages.count && !options->connections)
        load->stages.start = 0; /* stages of connections begin with none unless told otherwise */
    if (load->model == LOAD_OPEN && check_rate(options->rate, error))
        return error_prefix(error, "--rate");
    if (build_stages(plan, options, error))
        return -1;
    if (stages_highest(&load->stages) <= 0)
        return error_set(error, options->stages.count ? "--stage: every TARGET is 0; use one above"
                                                      : "--rate 0: use a rate above 0");
    if (load->warmup_ns && load->stages.start <= 0)
        return error_set(error, "--warmup: the stages begin at 0, where nothing is sent; let them "
                                "begin at --connections or --rate");
    if (load->model == LOAD_CLOSED && options->stages.count)
        load->connections = (uint32_t)stages_highest(&load->stages);
    return 0;
}

/* --- The rest of the schedule --- */

/* T:TEXT */
static int build_keepalive(struct plan *plan, const struct run_options *options,
                           struct error *error)
{
    char every[64];
    const char *text = options->keepalive;
    if (!text)
        return 0;
    size_t length = strcspn(text, ":");
    if (!text[length] || length >= sizeof(every))
        return error_set(error, "--keepalive '%s': use T:TEXT, as in 5m:ping", text);
    if (!text[length + 1])
        return error_set(error, "--keepalive '%s': the text is missing; use T:TEXT, as in 5m:ping",
                         text);
    snprintf(every, sizeof(every), "%.*s", (int)length, text);
    if (units_parse_duration(every, &plan->keepalive_ns, error))
        return error_prefix(error, "--keepalive '%s:...'", every);
    if (plan->keepalive_ns < NS_PER_MS)
        return error_set(error, "--keepalive '%s:...': at least 1 ms is allowed", every);
    plan->keepalive = text_of(text + length + 1);
    if (!utf8_valid(plan->keepalive))
        return error_set(error, "--keepalive: not valid UTF-8, and WebSocket text must be");
    if (plan->keepalive.length > GATEWAY_MESSAGE_MAX)
        return error_set(error, "--keepalive: longer than 128 KiB, which API Gateway refuses");
    return 0;
}

/* --- Workers --- */

static unsigned default_workers(uint32_t connections)
{
    uint64_t cores = (uint64_t)ceil(cores_allowed());
    uint64_t workers = u64_min(cores, connections / CONNECTIONS_PER_WORKER);
    return (unsigned)u64_max(1, u64_min(workers, WORKERS_MAX));
}

static int build_workers(struct plan *plan, const struct run_options *options, struct error *error)
{
    char connections[UNITS_SIZE];
    if (options->threads > plan->load.connections)
        return error_set(
            error, "--threads %u: at most one per connection is allowed, and there are %s",
            (unsigned)options->threads, units_format_count(plan->load.connections, connections));
    plan->load.workers = options->threads ? (unsigned)options->threads
                                          : default_workers(plan->load.connections);
    return 0;
}

/* --- All --- */

static enum load_reply choose_reply(const struct plan *plan)
{
    if (plan->load.model == LOAD_HOLD || plan->reply_rules.one_way)
        return REPLY_NONE;
    return reply_rules_stream(&plan->reply_rules) ? REPLY_STREAM : REPLY_MESSAGE;
}

static enum told_by choose_teller(const struct reply_rules *rules)
{
    if (rules->has_id)
        return TOLD_BY_ID;
    return rules->end_given || rules->end_first ? TOLD_BY_END : TOLD_BY_ORDER;
}

/* What was not given. */
static void fill_in(struct load *load, bool gateway)
{
    load->gateway = gateway || load->prices.per_million_messages >= 0 ||
                    load->prices.per_million_minutes >= 0;
    if (load->prices.per_million_messages < 0)
        load->prices.per_million_messages = PRICE_PER_MILLION_MESSAGES;
    if (load->prices.per_million_minutes < 0)
        load->prices.per_million_minutes = PRICE_PER_MILLION_MINUTES;
    if (load->connect_rate < 0)
        load->connect_rate = gateway ? GATEWAY_CONNECT_RATE : 0;
    if (load->max_queue == COUNT_NOT_GIVEN)
        load->max_queue = MAX_QUEUE_DEFAULT;
    if (load->seed == COUNT_NOT_GIVEN)
        load->seed = (uint32_t)random_seed_from_system(); /* short enough to be typed again */
}

int run_load_build(struct plan *plan, const struct run_options *options, struct error *error)
{
    struct load *load = &plan->load;
    load->model = options->hold ? LOAD_HOLD : options->rate >= 0 ? LOAD_OPEN : LOAD_CLOSED;
    fill_in(load, run_target_is_gateway(&plan->target));
    if (options->think_time && think_parse(options->think_time, &load->think, error))
        return error_prefix(error, "--think-time '%s'", options->think_time);
    if (build_level(plan, options, error) || build_keepalive(plan, options, error) ||
        build_workers(plan, options, error))
        return -1;
    bool poisson = options->arrival && strcmp(options->arrival, "poisson") == 0;
    load->arrival = poisson ? ARRIVAL_POISSON : ARRIVAL_CONSTANT;
    while (strcmp(load_timestamps_names[load->timestamps], options->timestamps) != 0)
        load->timestamps++;
    load->in_flight = options->in_flight ? (unsigned)options->in_flight : 1;
    load->prompts = plan->prompts ? plan->prompts->count : 0;
    if (!load->requests && !load->duration_ns)
        load->requests = load->prompts; /* each once, when nothing else says how much */
    load->reply = choose_reply(plan);
    load->told_by = choose_teller(&plan->reply_rules);
    plan->linger_ns = load->reply == REPLY_NONE ? 0 : LINGER_NS;
    plan->linger_most_ns = load->told_by == TOLD_BY_ORDER ? LINGER_MOST_NS : 0;
    load->record = options->record;
    load->shards = 1;
    plan->run_id = (uint32_t)random_seed_from_system();
    plan->epoch_ns = clock_wall_ns() - clock_monotonic_ns();
    return 0;
}

static uint64_t arrivals_until(const struct plan *plan, uint64_t time_ns)
{
    struct arrivals_plan arrivals = {
        .rate = &plan->load.stages,
        .law = plan->load.arrival,
        .seed = plan->load.seed,
        .duration_ns = time_ns,
        .requests = plan->load.requests,
        .workers = 1,
    };
    return arrivals_expected(&arrivals);
}

uint64_t run_load_requests(const struct plan *plan)
{
    uint64_t end_ns = plan->load.duration_ns ? plan->load.warmup_ns + plan->load.duration_ns
                                             : CLOCK_NEVER;
    if (plan->load.model == LOAD_OPEN && plan->load.arrival == ARRIVAL_CONSTANT)
        return arrivals_until(plan, end_ns) - arrivals_until(plan, plan->load.warmup_ns);
    return plan->load.requests ? plan->load.requests : UINT64_MAX;
}
