#include "wsload/command/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "monitor.h"
#include "outputs.h"
#include "refusals.h"
#include "run_target.h"
#include "wsload/base/clock.h"
#include "wsload/command/run_load.h"
#include "wsload/command/run_options.h"
#include "wsload/command/run_plan.h"
#include "wsload/command/run_thresholds.h"
#include "wsload/engine/descriptors.h"
#include "wsload/engine/lws_transport.h"
#include "wsload/report/console.h"
#include "wsload/report/record.h"

#define REPORT_MAX (1024u * 1024u)

/* --- Before --- */

/* How the connections were asked for. */
static int blame_connections(const struct run_plan *run, const struct run_options *options,
                             struct error *error)
{
    const char *option = options->stages.count ? "--stage, up to" : "-c";
    return error_prefix(error, "%s %u", option, (unsigned)run->plan.connections);
}

static int prepare(struct run_plan *run, const struct run_options *options, struct results *results,
                   struct error *error)
{
    if (run_plan_build(run, options, error) ||
        run_thresholds_build(&results->thresholds, options, run_load_requests(&run->plan), error) ||
        outputs_check(options, error))
        return -1;
    if (descriptors_require(run->plan.connections, run->plan.workers, error))
        return blame_connections(run, options, error);
    return 0;
}

/* The stages as they were asked for: the plan has put the warm-up in front of them. */
static struct stages asked_stages(const struct plan *plan)
{
    struct stages stages = plan->stages;
    if (stages.count == 0 || plan->warmup_ns == 0)
        return stages;
    stages.count--;
    memmove(stages.items, stages.items + 1, stages.count * sizeof(stages.items[0]));
    return stages;
}

static struct prices choose_prices(const struct run_options *options)
{
    struct prices prices = {PRICE_PER_MILLION_MESSAGES, PRICE_PER_MILLION_MINUTES};
    if (options->price_messages >= 0)
        prices.per_million_messages = options->price_messages;
    if (options->price_minutes >= 0)
        prices.per_million_minutes = options->price_minutes;
    return prices;
}

static struct results_setup describe_setup(const struct run_plan *run,
                                           const struct run_options *options)
{
    const struct plan *plan = &run->plan;
    bool prices_given = options->price_messages >= 0 || options->price_minutes >= 0;
    return (struct results_setup){
        .url = run->shown_url,
        .origin = run->origin,
        .started_unix_ms = clock_wall_ms(),
        .model = plan->model,
        .connections = plan->connections,
        .requests = plan->requests,
        .duration_ns = plan->duration_ns,
        .warmup_ns = plan->warmup_ns,
        .prompts = run->prompts.count,
        .workers = plan->workers,
        .connection_per_request = plan->connection_per_request,
        .stages = asked_stages(plan),
        .arrival = plan->arrival,
        .in_flight = plan->in_flight,
        .max_queue = plan->max_queue,
        .think_time = options->think_time,
        .connect_rate = plan->connect_rate,
        .seed = plan->seed,
        .strict = options->strict,
        .stream = reply_rules_stream(&plan->reply_rules),
        .one_way = plan->reply_rules.one_way,
        .gateway = prices_given || run_target_is_gateway(&plan->target),
        .prices = choose_prices(options),
        .recording = options->record != NULL,
    };
}

/* --- During --- */

/* One run. */
struct session {
    const struct run_plan *run;
    const struct run_options *options;
    struct results *results;
    struct engine *engine;
    struct record *record;     /* NULL: none is under way */
    struct error record_error; /* why that could not be written, if results say so */
};

static int start_record(struct session *session, struct error *error)
{
    const struct record_setup setup = {
        .path = session->options->record,
        .workers = session->run->plan.workers,
        .run_id = session->run->plan.run_id,
        .replies = session->options->record_replies,
        .identity = session->run->plan.target.identity,
    };
    if (!setup.path)
        return 0;
    session->record = record_start(&setup, error);
    return session->record ? 0 : error_prefix(error, "--record");
}

/* A record that cannot be written takes nothing from the results, but decides how they end; the
 * error waits until they are told. */
static void finish_record(struct session *session)
{
    if (!session->record)
        return;
    if (record_finish(session->record, &session->results->record_lost, &session->record_error)) {
        error_prefix(&session->record_error, "--record");
        session->results->record_failed = true;
    }
    session->record = NULL;
}

static int make_engine(struct session *session, struct error *error)
{
    const struct engine_setup setup = {
        .plan = &session->run->plan,
        .thresholds = &session->results->thresholds,
        .journals = session->record ? record_journals(session->record) : NULL,
    };
    session->engine = engine_new(&setup, error);
    return session->engine ? 0 : -1;
}

static struct progress choose_progress(const struct run_options *options)
{
    struct progress progress;
    struct winsize size = {0};
    enum progress_mode mode = PROGRESS_NONE;
    bool terminal = isatty(STDERR_FILENO) == 1;
    if (strcmp(options->progress, "bar") == 0)
        mode = PROGRESS_BAR;
    else if (strcmp(options->progress, "plain") == 0)
        mode = PROGRESS_PLAIN;
    else if (strcmp(options->progress, "auto") == 0)
        mode = terminal ? PROGRESS_BAR : PROGRESS_PLAIN;
    if (options->quiet)
        mode = PROGRESS_NONE;
    if (terminal)
        (void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    progress_init(&progress, mode, size.ws_col);
    return progress;
}

static struct passage passage_of(char *string)
{
    return (struct passage){string, strlen(string)};
}

/* Before anybody sees it: servers repeat what they were sent. */
static void conceal_secrets(struct results *results, const struct plan *plan)
{
    struct passage said[2 * (FAILURES_MAX + FAILURE_KIND_COUNT) + SAMPLE_COUNT];
    struct failures *failures = &results->recorded.failures;
    size_t count = 0;
    for (size_t i = 0; i < failures->count; i++) {
        said[count++] = passage_of(failures->classes[i].detail);
        said[count++] = passage_of(failures->classes[i].example);
    }
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        said[count++] = passage_of(results->recorded.samples[i].reply);
    identity_conceal(plan->target.identity, (struct identity_range){0, plan->connections}, said,
                     count);
}

static void judge(struct results *results, int signal_number)
{
    thresholds_judge(&results->thresholds, results);
    failures_sort(&results->recorded.failures);
    trust_judge(&results->trust, results);
    results_decide(results, signal_number);
}

static int run_engine(struct session *session, struct error *error)
{
    struct engine *engine = session->engine;
    struct results *results = session->results;
    struct monitor monitor = {
        .engine = engine,
        .thresholds = &results->thresholds,
        .requests = run_load_requests(&session->run->plan),
        .progress = choose_progress(session->options),
    };
    monitor_block_signals();
    if (engine_start(engine, error))
        return -1;
    int status = monitor_run(&monitor, error);
    if (status)
        engine_stop(engine, STOP_NOW);
    if (engine_finish(engine, results, error))
        return -1;
    finish_record(session);
    conceal_secrets(results, &session->run->plan);
    results->aborted_by = monitor.aborted_by;
    judge(results, monitor.signal_number);
    return status;
}

/* --- After --- */

static bool wants_color(const struct run_options *options, FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    return !options->no_color && !(no_color && no_color[0]) && isatty(fileno(stream)) == 1;
}

/* stdout is for results. When one of them takes it, the report goes to stderr. WRITTEN: the
 * summary, if it has a file, is in there, and the report says where. */
static void print_report(const struct results *results, const struct run_options *options,
                         bool written)
{
    struct buffer text;
    FILE *stream = options->quiet || outputs_take_stdout(options) ? stderr : stdout;
    struct console_style style = {
        .color = wants_color(options, stream),
        .summary_path = written && strcmp(options->summary, "-") != 0 ? options->summary : NULL,
    };
    buffer_init(&text, REPORT_MAX);
    if (!options->quiet)
        report_console(results, &style, &text);
    else if (results->exit_code != EXIT_PASSED && report_verdict(results, &style, &text) == 0)
        buffer_printf(&text, "\n");
    if (text.length)
        fwrite(text.data, 1, text.length, stream);
    fflush(stream);
    buffer_free(&text);
}

/* The files first, while signals are still blocked: another Ctrl-C must not lose them. A pipe may
 * make wait, so whatever goes to one comes behind. */
static int finish(const struct session *session, struct error *error)
{
    const struct results *results = session->results;
    const struct run_options *options = session->options;
    int status = outputs_write(results, options, OUTPUT_TO_FILE, error);
    monitor_unblock_signals();
    print_report(results, options, status == 0);
    if (status == 0)
        status = outputs_write(results, options, OUTPUT_TO_STDOUT, error);
    if (status == 0 && results->record_failed) {
        *error = session->record_error;
        status = -1;
    }
    return status;
}

/* May take as long as the server likes, so everything else is done before. */
static void show_refusals(const struct session *session)
{
    enum exit_code code = session->results->exit_code;
    if (session->options->verbose && code != EXIT_INTERRUPTED && code != EXIT_TERMINATED)
        refusals_show(session->results, &session->run->plan, engine_addresses(session->engine));
}

/* --- All --- */

static int conduct(struct session *session, struct error *error)
{
    if (start_record(session, error) || make_engine(session, error))
        return -1;
    session->results->setup = describe_setup(session->run, session->options);
    if (run_engine(session, error))
        return -1;
    int status = finish(session, error);
    show_refusals(session);
    return status;
}

static int execute(const struct run_plan *run, const struct run_options *options,
                   struct results *results, struct error *error)
{
    struct session session = {.run = run, .options = options, .results = results};
    int status = conduct(&session, error);
    finish_record(&session);
    if (session.engine)
        engine_free(session.engine);
    return status;
}

static int load_test(const struct run_options *options)
{
    struct error error;
    struct run_plan *run = calloc(1, sizeof(*run));
    struct results *results = calloc(1, sizeof(*results));
    int status = run && results ? 0 : error_set(&error, "out of memory");
    if (status == 0)
        status = prepare(run, options, results, &error);
    if (status == 0)
        status = execute(run, options, results, &error);
    int code = status ? command_complain(&error) : (int)results->exit_code;
    if (run)
        run_plan_free(run);
    if (results)
        recorder_free(&results->recorded);
    free(run);
    free(results);
    return code;
}

static int print_version(void)
{
    const char *library = lws_transport_library(); /* "4.1.6-" and what the builder added */
    printf("wsload %s (libwebsockets %.*s)\n", WSLOAD_VERSION, (int)strcspn(library, "-"), library);
    return EXIT_PASSED;
}

int command_run(int argc, char *const argv[])
{
    /* Static, because lists from the environment are kept for as long as the process lives. */
    static struct run_options options;
    struct error error;
    /* A script starts what runs beside it with SIGINT ignored; a load test must end on it. */
    signal(SIGINT, SIG_DFL);
    if (run_options_parse(argc, argv, &options, &error))
        return command_complain(&error);
    if (options.help)
        return command_run_help();
    if (options.version)
        return print_version();
    return load_test(&options);
}
