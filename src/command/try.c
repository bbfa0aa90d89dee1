#include "wsload/command/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "exchange.h"
#include "help.h"
#include "option_parse.h"
#include "run_build.h"
#include "terminal.h"
#include "wsload/base/clock.h"
#include "wsload/base/file.h"
#include "wsload/base/helpers.h"
#include "wsload/judge/verdict.h"
#include "wsload/protocol/discovery.h"
#include "wsload/report/exchange.h"
#include "wsload/report/exchange_json.h"

#define LISTEN_NS   NS_PER_S
#define SHOWN_LINES 3
#define SCREEN_MAX  (1024u * 1024u)
#define JSON_MAX    (256u * 1024u * 1024u)
#define TRIED       3 /* requests with the options found */

static const struct thresholds no_thresholds;

static const char default_prompts[] =
    "Hello, what can you do?\nWhat are your opening hours?\nHow do I change my address?\n";

struct attempt {
    int argc;
    char *const *argv;
    struct run_options options;
    struct run_plan plan;
    struct opening_seen seen;
    struct exchange exchange;
    struct discovery discovery;
    struct measurement *measurement; /* of the options found; NULL: they were not tried */
    struct validity validity;        /* of that */
    int signal;                      /* that ended it; 0: none did */
    struct buffer command;           /* the line to copy */
    bool hides;                      /* secrets are left out of it */
    FILE *screen;                    /* NULL: nothing is shown */
    const char *json;                /* path; NULL: none */
    size_t shown;                    /* entries of the transcript */
    size_t opening;                  /* the first opening is this entry, from 1; 0: none yet */
};

/* --- What is said, while it is said --- */

static void show(const struct attempt *attempt, struct buffer *text)
{
    if (attempt->screen && text->length > 0) {
        fwrite(text->data, 1, text->length, attempt->screen);
        fflush(attempt->screen);
    }
    buffer_free(text);
}

static struct exchange_page page_of(const struct attempt *attempt, struct buffer *out)
{
    return (struct exchange_page){out,
                                  attempt->screen ? terminal_columns(fileno(attempt->screen)) : 0};
}

static void show_opening(const struct attempt *attempt)
{
    struct buffer text;
    const struct opening_seen *seen = &attempt->seen;
    const struct exchange_page page = page_of(attempt, &text);
    buffer_init(&text, SCREEN_MAX);
    exchange_print_opening(&page, attempt->plan.plan.load.url, seen->address, seen->tls);
    exchange_print_answer(&page, seen->answer, seen->took_ns);
    show(attempt, &text);
}

static void show_entry(const struct attempt *attempt, const struct said *said)
{
    struct buffer text;
    const struct transcript *transcript = &attempt->exchange.transcript;
    uint64_t zero_ns = transcript_prompt_ns(transcript, said->prompt ? said->prompt : 1);
    const struct exchange_page page = page_of(attempt, &text);
    buffer_init(&text, SCREEN_MAX);
    exchange_print(&page, said, zero_ns ? zero_ns : transcript->items[0].at_ns, SHOWN_LINES);
    show(attempt, &text);
}

/* The entry, but for the first opening, which its own lines have told already. */
static void show_next(struct attempt *attempt)
{
    const struct said *said = &attempt->exchange.transcript.items[attempt->shown++];
    if (attempt->shown != attempt->opening)
        show_entry(attempt, said);
}

/* What comes before the first prompt waits for it, since its time counts from there, unless the
 * connection ends before. */
static void show_new(void *user, const struct transcript *transcript)
{
    struct attempt *attempt = user;
    enum said_kind newest = transcript->items[transcript->count - 1].kind;
    bool ended = newest == SAID_CLOSED;
    if (newest == SAID_OPENED && attempt->opening == 0) {
        attempt->opening = transcript->count;
        show_opening(attempt);
    }
    while ((transcript->prompts > 0 || ended) && attempt->shown < transcript->count)
        show_next(attempt);
}

static void show_rest(struct attempt *attempt)
{
    while (attempt->shown < attempt->exchange.transcript.count)
        show_next(attempt);
}

/* The kinds of FAILURES with an example of each, and HINTS if they are asked for. */
static void put_failures(const struct exchange_page *page, const struct failures *failures,
                         bool hints)
{
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_class *class = &failures->classes[i];
        char what[512];
        snprintf(what, sizeof(what), "%s%s%s%s%s", failure_name(class->kind),
                 class->detail[0] ? " " : "", class->detail, hints ? ": " : "",
                 hints ? failure_hint(class->kind, class->detail) : "");
        exchange_print_finding(page, "error", what, NULL, "");
        if (class->example[0])
            exchange_print_finding(page, "", class->example, NULL, "");
    }
}

static void show_not_open(const struct attempt *attempt)
{
    struct buffer text;
    const struct exchange_page page = page_of(attempt, &text);
    buffer_init(&text, SCREEN_MAX);
    (void)buffer_printf(&text, "%s   not open\n", attempt->plan.plan.load.url);
    put_failures(&page, &attempt->exchange.measurement->failures, true);
    show(attempt, &text);
}

/* --- The options found, tried --- */

/* An option that was given, which is no own one of `try`. */
static void add_given(void *user, const struct option_row *row, const char *value)
{
    if (option_find(&run_option_set, row->name) == row)
        command_line_add_option(user, row->name, row->type == OPTION_FLAG ? NULL : value);
}

/* Options as they were given and as they were found. */
static int collect_options(const struct attempt *attempt, struct command_line *line,
                           struct error *error)
{
    command_line_add(line, "wsload");
    if (options_each(&try_option_set, attempt->argc, attempt->argv, add_given, line, error))
        return -1;
    for (size_t i = 0; i < attempt->discovery.count; i++) {
        const struct finding *finding = &attempt->discovery.items[i];
        if (finding->option)
            command_line_add_option(line, finding->option + strlen("--"),
                                    finding->value[0] ? finding->value : NULL);
    }
    return line->full ? error_set(error, "out of memory for the command line") : 0;
}

/* As the command line says, but for a connection of its own and TRIED requests. */
static int build_tried(struct run_plan *plan, struct run_options *options,
                       struct command_line *line, const struct attempt *attempt,
                       struct error *error)
{
    static const char *const load[] = {"--connections", "1",  "--requests", "3",
                                       "--rehearsal",   "off"};
    for (size_t i = 0; i < ARRAY_LENGTH(load); i++)
        command_line_add(line, load[i]);
    command_line_add(line, attempt->options.url);
    if (line->full || run_options_parse((int)line->count, line->words, options, error))
        return -1;
    options->prompt_text = attempt->options.prompt_text;
    options->prompts_file = attempt->options.prompts_file;
    return run_plan_build(plan, options, error);
}

/* Measures TRIED requests with what was found. */
static int try_options(struct attempt *attempt, struct command_line *line, struct error *error)
{
    static struct run_options options;
    static struct run_plan plan;
    int status = build_tried(&plan, &options, line, attempt, error);
    if (status == 0)
        status = exchange_measure(&plan.plan, &attempt->measurement, &attempt->signal, error);
    if (status == 0)
        validity_judge(&attempt->validity, attempt->measurement, &no_thresholds);
    run_plan_free(&plan);
    return status ? error_prefix(error, "what was found cannot be tried") : 0;
}

static uint64_t median_ns(const struct attempt *attempt, enum distribution id)
{
    const struct histogram *histogram = &attempt->measurement->distributions[id];
    return histogram->count ? histogram_percentile(histogram, 50) : 0;
}

static uint64_t tried_ok(const struct attempt *attempt)
{
    return attempt->measurement ? attempt->measurement->counts[COUNT_OK] : 0;
}

/* What is said of messages that none of the replies has; NULL when there are none, or too few. */
static const char *left_over(const struct attempt *attempt)
{
    for (size_t i = 0; i < attempt->validity.count; i++)
        if (strcmp(attempt->validity.reasons[i].check, "unasked") == 0)
            return attempt->validity.reasons[i].text;
    return NULL;
}

/* --- What was found --- */

static void put_tried(const struct attempt *attempt, const struct exchange_page *page)
{
    char text[256];
    char first[UNITS_SIZE];
    char end[UNITS_SIZE];
    uint64_t first_ns = median_ns(attempt, DIST_TTFM);
    int length = snprintf(text, sizeof(text), "%llu of %d replies whole",
                          (unsigned long long)tried_ok(attempt), TRIED);
    if (tried_ok(attempt) > 0)
        snprintf(text + length, sizeof(text) - (size_t)length, "%s%s%s end %s",
                 first_ns ? ": first message " : ":",
                 first_ns ? units_format_duration(first_ns, first) : "", first_ns ? "," : "",
                 units_format_duration(median_ns(attempt, DIST_LATENCY), end));
    exchange_print_finding(page, "tried", text, NULL, "");
    put_failures(page, &attempt->measurement->failures, false);
    if (left_over(attempt))
        exchange_print_finding(page, "", left_over(attempt), NULL, "");
}

/* The replies that were counted, a line each. */
static void put_replies(const struct attempt *attempt, const struct exchange_page *page)
{
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        const struct sample *sample = &attempt->measurement->samples[i];
        char label[32];
        snprintf(label, sizeof(label), "reply %zu", i + 1);
        if (sample->present && sample->ok && sample->has_reply)
            exchange_print_finding(page, label, sample->reply, NULL, "");
    }
}

static void show_findings(const struct attempt *attempt)
{
    struct buffer text;
    const struct discovery *discovery = &attempt->discovery;
    uint32_t prompts = attempt->exchange.transcript.prompts;
    const struct exchange_page page = page_of(attempt, &text);
    buffer_init(&text, SCREEN_MAX);
    (void)buffer_printf(&text, "\nseen in %u prompt%s\n", prompts, prompts == 1 ? "" : "s");
    for (size_t i = 0; i < discovery->count; i++)
        exchange_print_finding(&page, finding_name(discovery->items[i].kind),
                               discovery->items[i].text, discovery->items[i].option,
                               discovery->items[i].value);
    if (attempt->measurement) {
        put_tried(attempt, &page);
        put_replies(attempt, &page);
    }
    if (attempt->command.length > 0)
        (void)buffer_printf(&text, "\n%s%s", attempt->command.data,
                            attempt->hides ? "(with your own secrets in place of ... and ***)\n"
                                           : "");
    show(attempt, &text);
}

static int write_json(const struct attempt *attempt, struct error *error)
{
    struct buffer text;
    bool opened = attempt->seen.address[0];
    const struct exchange_report report = {
        .url = attempt->plan.plan.load.url,
        .address = opened ? attempt->seen.address : NULL,
        .tls = attempt->seen.tls[0] ? attempt->seen.tls : NULL,
        .handshake = attempt->seen.answer[0] ? attempt->seen.answer : NULL,
        .open_ns = attempt->seen.took_ns,
        .transcript = &attempt->exchange.transcript,
        .discovery = &attempt->discovery,
        .command = attempt->command.data,
        .tried = attempt->measurement ? TRIED : 0,
        .tried_ok = tried_ok(attempt),
        .left_over = left_over(attempt),
        .first_ns = attempt->measurement ? median_ns(attempt, DIST_TTFM) : 0,
        .latency_ns = attempt->measurement ? median_ns(attempt, DIST_LATENCY) : 0,
    };
    if (!attempt->json)
        return 0;
    buffer_init(&text, JSON_MAX);
    int status = exchange_write_json(&report, &text);
    if (status)
        error_set(error, "--out: out of memory");
    else if (strcmp(attempt->json, "-") != 0)
        status = file_write_atomic(attempt->json, buffer_text(&text), error);
    else if (fwrite(text.data, 1, text.length, stdout) != text.length || fflush(stdout))
        status = error_set(error, "--out: standard output cannot be written");
    buffer_free(&text);
    return status;
}

/* --- All --- */

/* KIND=PATH, of which json alone makes sense. */
static int choose_outputs(struct attempt *attempt, struct error *error)
{
    const struct option_list *out = &attempt->options.out;
    attempt->screen = stdout;
    if (out->count > 1)
        return error_set(error, "--out '%s': one output is enough", out->items[1]);
    if (out->count == 0)
        return 0;
    if (strncmp(out->items[0], "json=", 5) != 0 || !out->items[0][5])
        return error_set(error, "--out '%s': use json=PATH, where '-' is standard output",
                         out->items[0]);
    attempt->json = outputs_place(out->items[0] + 5);
    if (strcmp(attempt->json, "-") == 0)
        attempt->screen = NULL;
    else if (file_check_writable(attempt->json, error))
        return error_prefix(error, "--out");
    return 0;
}

static int prepare(struct attempt *attempt, struct error *error)
{
    struct run_options *options = &attempt->options;
    const char *arguments[2];
    if (options_parse(&try_option_set, attempt->argc, attempt->argv, options, arguments, error))
        return -1;
    if (options->help)
        return 0;
    options->url = arguments[0];
    const char *prompt = arguments[1];
    if (prompt && prompt[0] == '@')
        options->prompts_file = prompt + 1;
    else
        options->prompt_text = prompt ? prompt : default_prompts;
    if (options->plan.reply_rules.one_way)
        return error_set(error, "--one-way: nothing would be seen; leave it out");
    if (choose_outputs(attempt, error))
        return -1;
    return run_plan_build(&attempt->plan, options, error);
}

static int interrupted(int signal)
{
    return signal == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
}

/* After the exchange. Returns the exit code, or -1. */
static int look(struct attempt *attempt, struct error *error)
{
    struct command_line line = {.count = 0};
    const struct discovery *discovery = &attempt->discovery;
    int status = discover(&attempt->exchange.transcript, attempt->exchange.run_id,
                          &attempt->discovery);
    if (status)
        return error_set(error, "out of memory for what was said");
    if (discovery->good > 0) {
        status = collect_options(attempt, &line, error);
        if (status == 0) {
            const char *url = attempt->plan.plan.load.url;
            attempt->hides = command_line_write(&line, url, &attempt->command) ||
                             strstr(url, "***"); /* as url_display() has it */
            status = try_options(attempt, &line, error);
        }
        command_line_free(&line);
    }
    show_findings(attempt);
    if (status)
        return -1;
    if (attempt->signal)
        return interrupted(attempt->signal);
    return discovery->told && tried_ok(attempt) == TRIED && !left_over(attempt) ? EXIT_PASSED
                                                                                : EXIT_THRESHOLD;
}

/* Returns the exit code, or -1. */
static int conduct(struct attempt *attempt, struct error *error)
{
    struct exchange *exchange = &attempt->exchange;
    exchange->prompts = attempt->options.try_prompts;
    exchange->quiet_ns = attempt->options.try_quiet_ns;
    exchange->listen_ns = u64_min(LISTEN_NS, exchange->quiet_ns);
    exchange->seen = &attempt->seen;
    exchange->tell = show_new;
    exchange->user = attempt;
    if (exchange_play(exchange, &attempt->plan.plan, error))
        return -1;
    show_rest(attempt);
    int code = EXIT_NO_CONNECTION;
    if (exchange->signal)
        code = interrupted(exchange->signal);
    else if (exchange->measurement->counts[COUNT_OPENED] == 0)
        show_not_open(attempt);
    else
        code = look(attempt, error);
    return code < 0 || write_json(attempt, error) ? -1 : code;
}

int command_try(int argc, char *const argv[])
{
    static struct attempt attempt; /* too large for a stack */
    struct error error;
    attempt = (struct attempt){.argc = argc, .argv = argv};
    buffer_init(&attempt.command, SCREEN_MAX);
    int code = prepare(&attempt, &error) ? -1 : 0;
    if (code == 0 && attempt.options.help)
        return command_usage(argv[0]);
    if (code == 0)
        code = conduct(&attempt, &error);
    exchange_free(&attempt.exchange);
    measurement_free(attempt.measurement);
    run_plan_free(&attempt.plan);
    buffer_free(&attempt.command);
    return code < 0 ? command_complain(&error) : code;
}
