#include "wsload/command/run_conflicts.h"

#include <string.h>

#include "wsload/base/units.h"

struct conflict {
    bool there;
    const char *option;
    const char *value; /* "" for a flag */
    const char *why;
};

/* The first conflict that is there makes the error. */
static int check(const struct conflict *conflicts, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (conflicts[i].there)
            return error_set(error, "%s%s%s: %s", conflicts[i].option,
                             conflicts[i].value[0] ? " " : "", conflicts[i].value,
                             conflicts[i].why);
    return 0;
}

#define CHECK(conflicts, error) check(conflicts, sizeof(conflicts) / sizeof((conflicts)[0]), error)

#define OPEN_ONLY "it goes with --rate; add --rate, or leave it out"

static int check_models(const struct run_options *options, struct error *error)
{
    char rate[UNITS_SIZE] = "";
    char in_flight[UNITS_SIZE];
    char max_queue[UNITS_SIZE];
    bool open = options->rate >= 0;
    bool several = options->in_flight > 1;
    if (open)
        units_format_number(options->rate, rate);
    units_format_count(options->in_flight, in_flight);
    const struct conflict conflicts[] = {
        {open && options->connection_per_request, "--rate", rate,
         "requests come due for connections that are held; leave out --rate or "
         "--connection-per-request"},
        {open && options->think_time, "--think-time", options->think_time,
         "the rate alone says when to send; leave out --think-time or --rate"},
        {several && options->think_time, "--in-flight", in_flight,
         "the next prompt does not wait for a reply, nor for --think-time; leave out one of them"},
        {several && options->connection_per_request, "--in-flight", in_flight,
         "such a connection takes one prompt; leave out --in-flight or --connection-per-request"},
        {options->in_flight && options->one_way, "--in-flight", in_flight,
         "nothing is in flight with --one-way, where sent is done; leave out one of them"},
        {!open && options->arrival, "--arrival", options->arrival, OPEN_ONLY},
        {!open && options->max_queue != COUNT_NOT_GIVEN, "--max-queue",
         units_format_count(options->max_queue, max_queue), OPEN_ONLY},
    };
    return CHECK(conflicts, error);
}

#define SENDS_NOTHING "--hold only keeps connections open; leave this out, or --hold"

static int check_hold(const struct run_options *options, struct error *error)
{
    char requests[UNITS_SIZE];
    char rate[UNITS_SIZE] = "";
    char warmup[UNITS_SIZE];
    char in_flight[UNITS_SIZE];
    bool hold = options->hold;
    if (options->rate >= 0)
        units_format_number(options->rate, rate);
    const struct conflict conflicts[] = {
        {hold && options->requests, "--requests", units_format_count(options->requests, requests),
         SENDS_NOTHING},
        {hold && options->rate >= 0, "--rate", rate, SENDS_NOTHING},
        {hold && options->stages.count, "--stage", options->stages.items[0], SENDS_NOTHING},
        {hold && options->connection_per_request, "--connection-per-request", "", SENDS_NOTHING},
        {hold && options->think_time, "--think-time", options->think_time, SENDS_NOTHING},
        {hold && options->warmup_ns, "--warmup", units_format_duration(options->warmup_ns, warmup),
         SENDS_NOTHING},
        {hold && options->prompts_file, "PROMPTS_FILE", options->prompts_file, SENDS_NOTHING},
        {hold && options->in_flight, "--in-flight",
         units_format_count(options->in_flight, in_flight), SENDS_NOTHING},
        {hold && options->one_way, "--one-way", "", SENDS_NOTHING},
        {hold && options->record, "--record", options->record, SENDS_NOTHING},
        {hold && !options->duration_ns, "--hold", "",
         "it needs an end; add --duration, as in -d 10m"},
    };
    return CHECK(conflicts, error);
}

static int check_times(const struct run_options *options, struct error *error)
{
    char duration[UNITS_SIZE];
    char warmup[UNITS_SIZE];
    bool staged = options->stages.count > 0;
    units_format_duration(options->warmup_ns, warmup);
    const struct conflict conflicts[] = {
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
    return CHECK(conflicts, error);
}

/* The first of a list, or NULL. */
static const char *first(const struct option_list *list)
{
    return list->count ? list->items[0] : NULL;
}

/* What judges replies has none to judge where none comes. */
static int check_replies(const struct run_options *options, struct error *error)
{
    const struct {
        const char *option;
        const char *value; /* NULL: not given */
    } judging[] = {
        {"--reply-end", first(&options->reply_end)},
        {"--expect", first(&options->expect)},
        {"--expect-bytes", options->expect_bytes},
        {"--correlate", options->correlate},
        {"--fail-on", first(&options->fail_on)},
        {"--gateway-timeout", options->gateway_timeout},
    };
    if (!options->hold && !options->one_way)
        return 0;
    for (size_t i = 0; i < sizeof(judging) / sizeof(judging[0]); i++)
        if (judging[i].value)
            return error_set(error, "%s %s: there are no replies with %s; leave out one of them",
                             judging[i].option, judging[i].value,
                             options->hold ? "--hold" : "--one-way");
    return 0;
}

#define WITH_SIGV4 "it goes with --aws-sigv4; add that, or leave it out"

/* What means nothing without another option, or goes into the same header. */
static int check_companions(const struct run_options *options, struct error *error)
{
    bool signs = options->aws_sigv4 != NULL;
    bool in_header = options->sigv4_in && strcmp(options->sigv4_in, "header") == 0;
    const struct conflict conflicts[] = {
        {options->record_replies && !options->record, "--record-replies", "",
         "it goes with --record; add --record PATH, or leave it out"},
        {options->sigv4_in && !signs, "--sigv4-in", options->sigv4_in, WITH_SIGV4},
        {options->sigv4_host && !signs, "--sigv4-host", options->sigv4_host, WITH_SIGV4},
        {options->profile && !signs, "--profile", options->profile, WITH_SIGV4},
        {options->bearer_file && in_header, "--bearer-file", options->bearer_file,
         "--sigv4-in header makes the header Authorization as well; leave out one of them"},
    };
    return CHECK(conflicts, error);
}

/* An empty name comes from a variable that is not set. */
static int check_files(const struct run_options *options, struct error *error)
{
    const struct {
        const char *option;
        const char *path; /* NULL: not given */
    } files[] = {
        {"--setup", options->setup},     {"--bearer-file", options->bearer_file},
        {"--users", options->users},     {"--api-key-file", options->api_key_file},
        {"--summary", options->summary}, {"--record", options->record},
        {"--hgrm", options->hgrm},       {"--cacert", options->cacert},
        {"--cert", options->cert},       {"--key", options->key},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (files[i].path && !files[i].path[0])
            return error_set(error, "%s '': the name of a file is missing", files[i].option);
    return 0;
}

int run_conflicts_check(const struct run_options *options, struct error *error)
{
    if (check_files(options, error) || check_hold(options, error) || check_models(options, error) ||
        check_times(options, error) || check_replies(options, error) ||
        check_companions(options, error))
        return -1;
    return 0;
}

/* Whether what is sent for a request tells its {{id}}. */
static bool sends_id(const struct plan *plan)
{
    const struct step_list *steps = plan->steps ? &plan->steps->before_request : NULL;
    if (template_uses_any(plan->message, TEMPLATE_ID))
        return true;
    for (size_t i = 0; steps && i < steps->count; i++)
        if (template_uses_any(&steps->items[i].message, TEMPLATE_ID) ||
            template_uses_any(&steps->items[i].parts_of, TEMPLATE_ID))
            return true;
    return false;
}

/* Whether only a silence ends replies, and --timeout ends them before. */
static int check_silence(const struct plan *plan, struct error *error)
{
    char silence[UNITS_SIZE];
    char timeout[UNITS_SIZE];
    const struct reply_rules *replies = &plan->reply_rules;
    bool other_end = replies->ends.count || replies->end_messages || replies->end_on_close;
    if (other_end || replies->end_silence_ns < plan->reply_timeout_ns)
        return 0;
    return error_set(error,
                     "--reply-end silence of %s: no reply can end so within --timeout %s; make the "
                     "silence shorter, or the timeout longer",
                     units_format_duration(replies->end_silence_ns, silence),
                     units_format_duration(plan->reply_timeout_ns, timeout));
}

int run_conflicts_check_plan(const struct plan *plan, struct error *error)
{
    if (check_silence(plan, error))
        return -1;
    const struct reply_rules *replies = &plan->reply_rules;
    const struct steps *steps = plan->steps;
    bool several = plan->in_flight > 1;
    const struct conflict conflicts[] = {
        {several && replies->end_on_close, "--reply-end", "close",
         "it would end all the replies that --in-flight lets a connection wait for; leave out one "
         "of them"},
        {several && replies->end_silence_ns && !replies->has_id, "--reply-end", "silence",
         "of several requests in flight nobody can tell whose silence it is; add --correlate, or "
         "leave out --in-flight"},
        {several && steps && steps_wait_before_request(steps), "--setup", "",
         "a step before each request waits for its answer, which cannot be told from that to "
         "another request; leave out --in-flight"},
        {steps && steps->before_request.count && plan->model == LOAD_HOLD, "--setup", "",
         "--hold makes no requests, and there are steps before them; leave out before_request"},
        {replies->has_id && !sends_id(plan), "--correlate", "",
         "no message sends {{id}}; put it into --template, as in "
         "'{\"message\": \"{{prompt}}\", \"id\": \"{{id}}\"}'"},
    };
    return CHECK(conflicts, error);
}
