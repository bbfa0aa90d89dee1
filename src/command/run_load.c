#include "wsload/command/run_load.h"

#include <math.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "run_target.h"
#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/base/units.h"
#include "wsload/base/utf8.h"
#include "wsload/protocol/gateway.h"

#define CONNECTIONS_DEFAULT    10
#define CONNECTIONS_PER_WORKER 50
#define MAX_QUEUE_DEFAULT      100000
#define RATE_MAX               1e7 /* more than any machine can send */

/* API Gateway's quota of new connections per second, for all WebSocket APIs of an account in a
 * region (AWS guide apigateway-execution-service-websocket-limits). */
#define GATEWAY_CONNECT_RATE 500

/* --- Stages --- */

static int check_rate(double rate, struct error *error)
{
    return rate <= RATE_MAX
               ? 0
               : error_set(error, "at most 10m, which is more than a machine can send, is allowed");
}

static int check_target(const struct plan *plan, double target, struct error *error)
{
    if (plan->model == LOAD_OPEN)
        return check_rate(target, error);
    if (target > CONNECTIONS_MAX || floor(target) != target)
        return error_set(error, "use a whole number of connections up to 16,000,000, or give "
                                "--rate as well for stages of the rate");
    return 0;
}

_Static_assert(STAGES_MAX > OPTION_LIST_MAX, "a list of options and the warm-up");

static void add_stage(struct plan *plan, struct stage stage)
{
    plan->stages.items[plan->stages.count++] = stage;
}

/* The warm-up, then what was asked for; it makes the duration as well. */
static int build_stages(struct plan *plan, const struct run_options *options, struct error *error)
{
    struct stage stage = {plan->warmup_ns, plan->stages.start};
    if (options->stages.count && plan->warmup_ns)
        add_stage(plan, stage);
    for (size_t i = 0; i < options->stages.count; i++) {
        const char *text = options->stages.items[i];
        if (stage_parse(text, &stage, error) || check_target(plan, stage.target, error))
            return error_prefix(error, "--stage '%s'", text);
        add_stage(plan, stage);
        plan->duration_ns += stage.duration_ns;
    }
    if (options->stages.count && !plan->duration_ns)
        return error_set(error, "--stage '%s': no time in all stages; use one as in 30s:100",
                         options->stages.items[0]);
    return 0;
}

/* Where the level begins. Stages of connections begin with none unless told otherwise. */
static double start_level(const struct plan *plan, const struct run_options *options)
{
    if (plan->model == LOAD_OPEN)
        return options->rate;
    return options->stages.count && !options->connections ? 0 : plan->connections;
}

static int build_level(struct plan *plan, const struct run_options *options, struct error *error)
{
    plan->connections = options->connections ? (uint32_t)options->connections : CONNECTIONS_DEFAULT;
    plan->stages.start = start_level(plan, options);
    if (plan->model == LOAD_OPEN && check_rate(options->rate, error))
        return error_prefix(error, "--rate");
    if (build_stages(plan, options, error))
        return -1;
    if (stages_highest(&plan->stages) <= 0)
        return error_set(error, options->stages.count ? "--stage: every TARGET is 0; use one above"
                                                      : "--rate 0: use a rate above 0");
    if (plan->warmup_ns && plan->stages.start <= 0)
        return error_set(error, "--warmup: the stages begin at 0, where nothing is sent; let them "
                                "begin at --connections or --rate");
    if (plan->model == LOAD_CLOSED && options->stages.count)
        plan->connections = (uint32_t)stages_highest(&plan->stages);
    return 0;
}

/* --- The rest of the schedule --- */

static enum load_model choose_model(const struct run_options *options)
{
    if (options->hold)
        return LOAD_HOLD;
    return options->rate >= 0 ? LOAD_OPEN : LOAD_CLOSED;
}

static int build_think(struct plan *plan, const struct run_options *options, struct error *error)
{
    if (options->think_time && think_parse(options->think_time, &plan->think, error))
        return error_prefix(error, "--think-time '%s'", options->think_time);
    return 0;
}

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
    memcpy(every, text, length);
    every[length] = '\0';
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

static double choose_connect_rate(const struct plan *plan, const struct run_options *options)
{
    if (options->connect_rate >= 0)
        return options->connect_rate;
    return run_target_is_gateway(&plan->target) ? GATEWAY_CONNECT_RATE : 0;
}

/* Each prompt once, when nothing else says how much. */
static uint64_t choose_requests(const struct plan *plan, const struct run_options *options)
{
    if (options->requests || plan->duration_ns)
        return options->requests;
    return plan->prompts->count;
}

/* --- Workers --- */

/* Processors that this process may use. */
static unsigned usable_cores(void)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    return online > 0 ? (unsigned)online : 1; /* more than CPU_SETSIZE of them */
}

static unsigned default_workers(uint32_t connections)
{
    unsigned cores = usable_cores();
    unsigned busy = connections / CONNECTIONS_PER_WORKER;
    unsigned workers = cores < busy ? cores : busy;
    if (workers > WORKERS_MAX)
        return WORKERS_MAX;
    return workers > 0 ? workers : 1;
}

static int build_workers(struct plan *plan, const struct run_options *options, struct error *error)
{
    char connections[UNITS_SIZE];
    if (options->threads > plan->connections)
        return error_set(
            error, "--threads %u: at most one per connection is allowed, and there are %s",
            (unsigned)options->threads, units_format_count(plan->connections, connections));
    plan->workers = options->threads ? (unsigned)options->threads
                                     : default_workers(plan->connections);
    return 0;
}

/* --- All --- */

static uint64_t choose_seed(const struct run_options *options)
{
    if (options->seed != COUNT_NOT_GIVEN)
        return options->seed;
    return (uint32_t)random_seed_from_system(); /* short enough to be typed again */
}

int run_load_build(struct plan *plan, const struct run_options *options, struct error *error)
{
    plan->model = choose_model(options);
    plan->duration_ns = options->duration_ns;
    plan->warmup_ns = options->warmup_ns;
    if (build_level(plan, options, error) || build_think(plan, options, error) ||
        build_keepalive(plan, options, error) || build_workers(plan, options, error))
        return -1;
    bool poisson = options->arrival && strcmp(options->arrival, "poisson") == 0;
    plan->arrival = poisson ? ARRIVAL_POISSON : ARRIVAL_CONSTANT;
    plan->in_flight = options->in_flight ? (unsigned)options->in_flight : 1;
    plan->max_queue = options->max_queue == COUNT_NOT_GIVEN ? MAX_QUEUE_DEFAULT
                                                            : options->max_queue;
    plan->requests = choose_requests(plan, options);
    plan->reply_timeout_ns = options->timeout_ns;
    plan->connect_timeout_ns = options->connect_timeout_ns;
    plan->connect_rate = choose_connect_rate(plan, options);
    plan->max_lifetime_ns = options->max_lifetime_ns;
    plan->connection_per_request = options->connection_per_request;
    plan->keep_replies = options->record_replies;
    plan->seed = choose_seed(options);
    plan->run_id = (uint32_t)random_seed_from_system();
    return 0;
}

static uint64_t arrivals_until(const struct plan *plan, uint64_t time_ns)
{
    struct arrivals_plan arrivals = {
        .rate = &plan->stages,
        .law = plan->arrival,
        .seed = plan->seed,
        .duration_ns = time_ns,
        .requests = plan->requests,
        .workers = 1,
    };
    return arrivals_expected(&arrivals);
}

uint64_t run_load_requests(const struct plan *plan)
{
    uint64_t end_ns = plan->duration_ns ? plan->warmup_ns + plan->duration_ns : CLOCK_NEVER;
    if (plan->model == LOAD_OPEN && plan->arrival == ARRIVAL_CONSTANT)
        return arrivals_until(plan, end_ns) - arrivals_until(plan, plan->warmup_ns);
    return plan->requests ? plan->requests : UINT64_MAX;
}
