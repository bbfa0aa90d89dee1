#include "wsload/command/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "monitor.h"
#include "refusals.h"
#include "wsload/base/clock.h"
#include "wsload/base/file.h"
#include "wsload/command/run_options.h"
#include "wsload/command/run_plan.h"
#include "wsload/engine/descriptors.h"
#include "wsload/engine/lws_transport.h"
#include "wsload/report/console.h"
#include "wsload/report/json.h"

#define REPORT_MAX (1024u * 1024u)

/* --- Before --- */

static bool summary_to_stdout(const struct run_options *options)
{
    return strcmp(options->summary, "-") == 0;
}

static int prepare(struct run_plan *run, const struct run_options *options, struct error *error)
{
    if (run_plan_build(run, options, error))
        return -1;
    if (!summary_to_stdout(options) && file_check_writable(options->summary, error))
        return error_prefix(error, "--summary");
    if (descriptors_require(options->connections, error))
        return error_prefix(error, "-c %llu", (unsigned long long)options->connections);
    return 0;
}

static void add_thresholds(struct thresholds *thresholds, const struct run_options *options)
{
    if (options->max_latency_ns)
        thresholds_add(thresholds, "max_latency", "latency.average", THRESHOLD_AT_MOST,
                       clock_seconds(options->max_latency_ns));
    if (options->min_rps >= 0)
        thresholds_add(thresholds, "min_rps", "requests_per_second", THRESHOLD_AT_LEAST,
                       options->min_rps);
    if (options->min_success_rate >= 0)
        thresholds_add(thresholds, "min_success_rate", "success_rate", THRESHOLD_AT_LEAST,
                       options->min_success_rate);
}

static struct results_setup describe_setup(const struct run_plan *run)
{
    const struct plan *plan = &run->plan;
    return (struct results_setup){
        .url = run->shown_url,
        .origin = plan->target.origin,
        .started_unix_ms = clock_wall_ms(),
        .connections = plan->connections,
        .requests = plan->requests,
        .duration_ns = plan->duration_ns,
        .prompts = run->prompts.count,
        .workers = 1,
        .connection_per_request = plan->connection_per_request,
    };
}

/* --- During --- */

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

static int run_engine(struct engine *engine, const struct run_options *options,
                      struct results *results, struct error *error)
{
    int signal_number;
    struct progress progress = choose_progress(options);
    monitor_block_signals();
    if (engine_start(engine, error))
        return -1;
    int status = monitor_run(engine, &progress, &signal_number, error);
    if (status)
        engine_stop(engine, STOP_NOW);
    engine_finish(engine, results);
    thresholds_judge(&results->thresholds, results);
    failures_sort(&results->recorded.failures);
    results_decide(results, signal_number);
    return status;
}

/* --- After --- */

static bool wants_color(const struct run_options *options, FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    return !options->no_color && !(no_color && no_color[0]) && isatty(fileno(stream)) == 1;
}

/* stdout is for results. When the summary takes it, the report goes to stderr. WRITTEN: the summary
 * is in its file, and the report says where. */
static void print_report(const struct results *results, const struct run_options *options,
                         bool written)
{
    struct buffer text;
    FILE *stream = options->quiet || summary_to_stdout(options) ? stderr : stdout;
    struct console_style style = {
        .color = wants_color(options, stream),
        .summary_path = written ? options->summary : NULL,
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

static int write_summary(const struct results *results, const struct run_options *options,
                         struct error *error)
{
    struct buffer json;
    buffer_init(&json, REPORT_MAX);
    int status = report_json(results, &json);
    if (status)
        error_set(error, "--summary: out of memory");
    else if (!summary_to_stdout(options))
        status = file_write_atomic(options->summary, buffer_text(&json), error);
    else if (fwrite(json.data, 1, json.length, stdout) != json.length || fflush(stdout) != 0)
        status = error_set(error, "--summary: standard output cannot be written");
    buffer_free(&json);
    return status;
}

/* The file first, while signals are still blocked: another Ctrl-C must not lose it. A pipe may make
 * wait, so whatever goes to one comes behind. */
static int finish(const struct results *results, const struct run_options *options,
                  struct error *error)
{
    bool to_file = !summary_to_stdout(options);
    int status = to_file ? write_summary(results, options, error) : 0;
    monitor_unblock_signals();
    print_report(results, options, to_file && status == 0);
    return to_file ? status : write_summary(results, options, error);
}

/* May take as long as the server likes, so everything else is done before. */
static void show_refusals(const struct run_plan *run, const struct run_options *options,
                          const struct results *results, const struct addresses *addresses)
{
    bool interrupted = results->exit_code == EXIT_INTERRUPTED ||
                       results->exit_code == EXIT_TERMINATED;
    if (!options->verbose || interrupted)
        return;
    refusals_show(results, &run->plan, addresses);
}

/* --- All --- */

static int execute(struct run_plan *run, const struct run_options *options, struct results *results,
                   struct error *error)
{
    struct engine *engine = engine_new(&run->plan, error);
    if (!engine)
        return -1;
    results->setup = describe_setup(run);
    add_thresholds(&results->thresholds, options);
    int status = run_engine(engine, options, results, error);
    if (status == 0) {
        status = finish(results, options, error);
        show_refusals(run, options, results, engine_addresses(engine));
    }
    engine_free(engine);
    return status;
}

static int load_test(const struct run_options *options)
{
    struct error error;
    struct run_plan *run = calloc(1, sizeof(*run));
    struct results *results = calloc(1, sizeof(*results));
    int status = run && results ? 0 : error_set(&error, "out of memory");
    if (status == 0)
        status = prepare(run, options, &error);
    if (status == 0)
        status = execute(run, options, results, &error);
    int code = status ? command_complain(&error) : (int)results->exit_code;
    if (run)
        run_plan_free(run);
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
