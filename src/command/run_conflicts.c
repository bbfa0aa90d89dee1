#include "run_build.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "help.h"
#include "wsload/base/helpers.h"

#define SENDS_NOTHING    "--hold only keeps connections open; leave this out, or --hold"
#define NO_REPLIES(with) "there are no replies with " with "; leave out one of them"

/* What judges replies has none to judge where none comes. */
#define JUDGING "reply-end expect expect-bytes correlate fail-on gateway-timeout"

#define TLS_OPTIONS "cacert insecure cert key sni tls-max ciphers tls-resume"

static const struct run_conflict conflicts[] = {
    {"requests rate stage connection-per-request think-time warmup in-flight one-way record "
     "template prompt-field timestamps",
     "hold", .why = SENDS_NOTHING},
    {"hold", NULL, .why = "it needs an end; add --duration, as in -d 10m", .without = "duration"},
    {"rate", "connection-per-request",
     .why = "requests come due for connections that are held; leave out --rate or "
            "--connection-per-request"},
    {"think-time", "rate",
     .why = "the rate alone says when to send; leave out --think-time or --rate"},
    {"in-flight", "think-time",
     .why =
         "the next prompt does not wait for a reply, nor for --think-time; leave out one of them",
     .several = true},
    {"in-flight", "connection-per-request",
     .why = "such a connection takes one prompt; leave out --in-flight or --connection-per-request",
     .several = true},
    {"in-flight", "one-way",
     .why = "nothing is in flight with --one-way, where sent is done; leave out one of them"},
    {"arrival max-queue", NULL, .why = "it goes with --rate; add --rate, or leave it out",
     .without = "rate"},
    {"duration", "stage",
     .why = "the stages say how long the run is; leave out --duration or --stage"},
    {"stage", "connection-per-request",
     .why = "it counts connections that are held; leave out --stage or --connection-per-request"},
    {"warmup", "requests",
     .why = "a number of requests may be over before it is; leave out --requests or --warmup"},
    {"warmup", NULL, .why = "it needs a measured time after it; add --duration or --stage",
     .without = "duration stage"},
    {JUDGING, "hold", .why = NO_REPLIES("--hold")},
    {JUDGING, "one-way", .why = NO_REPLIES("--one-way")},
    {"timeout", "hold one-way",
     .why = "there is no reply to wait for; leave it out, or --hold or --one-way",
     .without = "setup"},
    {"allow-oversize", "hold", .why = "no message is sent; leave it out, or --hold",
     .without = "setup"},
    {"max-lifetime", "connection-per-request",
     .why = "such a connection ends with its reply; leave out one of them"},
    {"cacert", "insecure", .why = "with --insecure no certificate is looked at; leave out one"},
    {"progress", "quiet", .why = "--quiet shows none; leave out one of them"},
    {"record-replies", "one-way", .why = NO_REPLIES("--one-way")},
    {TLS_OPTIONS, NULL, .why = "a ws:// URL is without TLS; leave it out, or use wss://",
     .plain = true},
    {"record-replies", NULL, .why = "it goes with --record; add --record PATH, or leave it out",
     .without = "record"},
    {"sigv4-in sigv4-host profile", NULL,
     .why = "it goes with --aws-sigv4; add that, or leave it out", .without = "aws-sigv4"},
    {"bearer-file", "sigv4-in",
     .why = "--sigv4-in header makes the header Authorization as well; leave out one of them",
     .is = "header"},
};

/* The value of the first of NAMES that was given, and not as it is by default, which NAME gets; in
 * the text of OUT, perhaps. NULL when none was, or NAMES is NULL. */
static const char *given(const struct run_options *options, const char *names, char name[32],
                         char out[UNITS_SIZE])
{
    const char *value = NULL;
    while (!value && names && *names) {
        size_t length = strcspn(names, " ");
        snprintf(name, 32, "%.*s", (int)length, names);
        const struct option_row *row = option_find(&run_option_set, name);
        if (option_given(row, options))
            value = option_value(row, options, out);
        names += length + strspn(names + length, " ");
    }
    return value;
}

static bool is_plain(const char *url)
{
    return url && strncasecmp(url, "ws://", strlen("ws://")) == 0;
}

static int check(const struct run_conflict *conflict, const struct run_options *options,
                 struct error *error)
{
    char name[32];
    char out[UNITS_SIZE];
    const char *with = given(options, conflict->with, name, out);
    if ((conflict->with && !with) || (conflict->is && strcmp(with, conflict->is) != 0) ||
        given(options, conflict->without, name, out) ||
        (conflict->several && options->in_flight < 2) ||
        (conflict->plain && !is_plain(options->url)))
        return 0;
    const char *value = given(options, conflict->options, name, out);
    if (!value)
        return 0;
    return error_set(error, "--%s%s%s: %s", name, value[0] ? " " : "", value, conflict->why);
}

int run_conflicts_check(const struct run_options *options, struct error *error)
{
    if (options->hold && options->prompts_file)
        return error_set(error, "PROMPTS_FILE %s: " SENDS_NOTHING, options->prompts_file);
    for (size_t i = 0; i < ARRAY_LENGTH(conflicts); i++)
        if (check(&conflicts[i], options, error))
            return -1;
    return 0;
}

const struct run_conflict *run_conflicts(size_t *count)
{
    *count = ARRAY_LENGTH(conflicts);
    return conflicts;
}

/* Whether what is sent for a request tells its {{id}}. */
static bool sends_id(const struct plan *plan)
{
    const struct step_list *steps = plan->steps ? &plan->steps->before_request : NULL;
    if (plan->message->variables & TEMPLATE_ID)
        return true;
    for (size_t i = 0; steps && i < steps->count; i++)
        if ((steps->items[i].message.variables & TEMPLATE_ID) ||
            (steps->items[i].parts_of.variables & TEMPLATE_ID))
            return true;
    return false;
}

static bool steps_use_users(const struct step_list *list)
{
    unsigned used = 0;
    for (size_t i = 0; i < list->count; i++)
        used |= list->items[i].message.variables | list->items[i].parts_of.variables;
    return used & (TEMPLATE_COLUMN | TEMPLATE_COLUMN_RAW);
}

static bool uses_users(const struct plan *plan)
{
    bool of_message = plan->message &&
                      (plan->message->variables & (TEMPLATE_COLUMN | TEMPLATE_COLUMN_RAW));
    return of_message || identity_uses_users(plan->target.identity) ||
           (plan->steps && (steps_use_users(&plan->steps->on_connect) ||
                            steps_use_users(&plan->steps->before_request)));
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
    bool several = plan->load.in_flight > 1;
    const struct {
        bool there;
        const char *text;
    } conflicts_of_plan[] = {
        {several && replies->end_on_close,
         "--reply-end close: it would end all the replies that --in-flight lets a connection wait "
         "for; leave out one of them"},
        {several && replies->end_silence_ns && !replies->has_id,
         "--reply-end silence: of several requests in flight nobody can tell whose silence it is; "
         "add --correlate, or leave out --in-flight"},
        {several && steps && steps_wait_before_request(steps),
         "--setup: a step before each request waits for its answer, which cannot be told from that "
         "to another request; leave out --in-flight"},
        {steps && steps->before_request.count && plan->load.model == LOAD_HOLD,
         "--setup: --hold makes no requests, and there are steps before them; leave out "
         "before_request"},
        {plan->users && !uses_users(plan),
         "--users: no message, header or parameter has a column of it, as in {{NAME}}; use one, or "
         "leave it out"},
        {replies->has_id && !sends_id(plan),
         "--correlate: no message sends {{id}}; put it into --template, as in "
         "'{\"message\": \"{{prompt}}\", \"id\": \"{{id}}\"}'"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(conflicts_of_plan); i++)
        if (conflicts_of_plan[i].there)
            return error_set(error, "%s", conflicts_of_plan[i].text);
    return 0;
}
