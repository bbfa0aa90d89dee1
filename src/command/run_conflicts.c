#include "wsload/command/run_conflicts.h"

#include "wsload/base/units.h"

struct rule {
    bool broken;
    const char *option;
    const char *value; /* "" for a flag */
    const char *why;
};

/* Rules that belong together, the first of them that is broken makes the error. */
static int check_rules(const struct rule *rules, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].broken)
            return error_set(error, "%s%s%s: %s", rules[i].option, rules[i].value[0] ? " " : "",
                             rules[i].value, rules[i].why);
    return 0;
}

#define CHECK_RULES(rules, error) check_rules(rules, sizeof(rules) / sizeof((rules)[0]), error)

#define OPEN_ONLY "it goes with --rate; add --rate, or leave it out"

static int check_models(const struct run_options *options, struct error *error)
{
    char rate[UNITS_SIZE] = "";
    char in_flight[UNITS_SIZE];
    char max_queue[UNITS_SIZE];
    bool open = options->rate >= 0;
    if (open)
        units_format_number(options->rate, rate);
    const struct rule rules[] = {
        {open && options->connection_per_request, "--rate", rate,
         "requests come due for connections that are held; leave out --rate or "
         "--connection-per-request"},
        {open && options->think_time, "--think-time", options->think_time,
         "the rate alone says when to send; leave out --think-time or --rate"},
        {!open && options->arrival, "--arrival", options->arrival, OPEN_ONLY},
        {!open && options->in_flight, "--in-flight",
         units_format_count(options->in_flight, in_flight), OPEN_ONLY},
        {!open && options->max_queue != COUNT_NOT_GIVEN, "--max-queue",
         units_format_count(options->max_queue, max_queue), OPEN_ONLY},
    };
    return CHECK_RULES(rules, error);
}

#define SENDS_NOTHING "--hold only keeps connections open; leave this out, or --hold"

static int check_hold(const struct run_options *options, struct error *error)
{
    char requests[UNITS_SIZE];
    char rate[UNITS_SIZE] = "";
    char warmup[UNITS_SIZE];
    bool hold = options->hold;
    if (options->rate >= 0)
        units_format_number(options->rate, rate);
    const struct rule rules[] = {
        {hold && options->requests, "--requests", units_format_count(options->requests, requests),
         SENDS_NOTHING},
        {hold && options->rate >= 0, "--rate", rate, SENDS_NOTHING},
        {hold && options->stages.count, "--stage", options->stages.items[0], SENDS_NOTHING},
        {hold && options->connection_per_request, "--connection-per-request", "", SENDS_NOTHING},
        {hold && options->think_time, "--think-time", options->think_time, SENDS_NOTHING},
        {hold && options->warmup_ns, "--warmup", units_format_duration(options->warmup_ns, warmup),
         SENDS_NOTHING},
        {hold && options->prompts_file, "PROMPTS_FILE", options->prompts_file, SENDS_NOTHING},
        {hold && !options->duration_ns, "--hold", "",
         "it needs an end; add --duration, as in -d 10m"},
        {!hold && options->keepalive, "--keepalive", "",
         "it goes with --hold; add --hold, or leave it out"},
    };
    return CHECK_RULES(rules, error);
}

static int check_times(const struct run_options *options, struct error *error)
{
    char duration[UNITS_SIZE];
    char warmup[UNITS_SIZE];
    bool staged = options->stages.count > 0;
    units_format_duration(options->warmup_ns, warmup);
    const struct rule rules[] = {
        {staged && options->duration_ns, "--duration",
         units_format_duration(options->duration_ns, duration),
         "the stages say how long the run is; leave out --duration or --stage"},
        {staged && options->connection_per_request, "--stage", options->stages.items[0],
         "it counts connections that are held; leave out --stage or --connection-per-request"},
        {options->warmup_ns && options->requests, "--warmup", warmup,
         "a number of requests may be over before it is; leave out --requests or --warmup"},
        {options->warmup_ns && !options->duration_ns && !staged, "--warmup", warmup,
         "it needs a measured time behind it; add --duration or --stage"},
    };
    return CHECK_RULES(rules, error);
}

int run_conflicts_check(const struct run_options *options, struct error *error)
{
    if (check_hold(options, error) || check_models(options, error) || check_times(options, error))
        return -1;
    return 0;
}
