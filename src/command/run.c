#include "wsload/command/command.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "help.h"
#include "monitor.h"
#include "outputs.h"
#include "rehearsal.h"
#include "run_build.h"
#include "run_options.h"
#include "terminal.h"
#include "wsload/base/clock.h"
#include "wsload/base/text.h"
#include "wsload/engine/descriptors.h"
#include "wsload/engine/lws_transport.h"
#include "wsload/engine/probe.h"
#include "wsload/report/console.h"
#include "wsload/report/record.h"

#define QUOTED_LINES 10 /* of a header or body of a refusal */

#define LINE_SIZE (64u * 1024u)

/* One load test, from its options to its end. */
struct run {
    struct run_options options;
    struct run_plan plan;
    struct thresholds thresholds;
    struct outputs outputs;
    uint64_t quiet_ns; /* of the rehearsal; 0: there is none */
    struct rehearsal rehearsal;
    struct engine *engine;
    struct record *record;           /* NULL: none is under way */
    struct error record_error;       /* why that could not be written, if the measurement says so */
    struct measurement *measurement; /* NULL until the engine has finished */
    struct verdict verdict;
};

/* --- Before --- */

static int prepare_outputs(struct run *run, struct error *error)
{
    struct outputs *outputs = &run->outputs;
    run->options.summary = outputs_place(run->options.summary);
    run->options.record = outputs_place(run->options.record);
    outputs_add(outputs, "--summary", "json", run->options.summary);
    outputs_add(outputs, "--hgrm", "hgrm", run->options.hgrm);
    outputs_add(outputs, "--record", NULL, run->options.record);
    if (outputs_add_list(outputs, &run->options.out, error) ||
        run_inputs_check(&run->options, outputs, error))
        return -1;
    return outputs_check(outputs, error);
}

/* Everything that a run needs before it begins. */
static int prepare(struct run *run, struct error *error)
{
    struct load *load = &run->plan.plan.load;
    if (rehearsal_parse(run->options.rehearsal, &run->quiet_ns, error) ||
        run_inputs_check_stdin(&run->options, error) ||
        run_plan_build(&run->plan, &run->options, error) ||
        run_thresholds_build(&run->thresholds, &run->options, &run->plan.plan, error))
        return -1;
    load->levels = thresholds_service_levels(&run->thresholds);
    if (prepare_outputs(run, error))
        return -1;
    if (descriptors_require(load->connections, load->workers, error))
        return error_prefix(error, "%s %u", run->options.stages.count ? "--stage, up to" : "-c",
                            (unsigned)load->connections);
    return 0;
}

/* --- During --- */

static int start_record(struct run *run, struct error *error)
{
    const struct record_config config = {
        .path = run->options.record,
        .workers = run->plan.plan.load.workers,
        .run_id = run->plan.plan.run_id,
        .replies = run->plan.plan.keep_replies,
        .identity = run->plan.plan.target.identity,
    };
    if (!config.path)
        return 0;
    run->record = record_start(&config, error);
    return run->record ? 0 : error_prefix(error, "--record");
}

/* A record that cannot be written takes nothing from the measurement, but decides how the run ends;
 * the error waits until that is told. */
static void finish_record(struct run *run)
{
    uint64_t lost = 0;
    if (!run->record)
        return;
    bool failed = record_finish(run->record, &lost, &run->record_error);
    run->record = NULL;
    if (failed)
        error_prefix(&run->record_error, "--record");
    if (run->measurement) {
        run->measurement->counts[COUNT_RECORD_LOST] = lost;
        run->measurement->record_failed = failed;
    }
}

static int make_engine(struct run *run, struct error *error)
{
    const struct engine_config config = {
        .plan = &run->plan.plan,
        .thresholds = &run->thresholds,
        .journals = run->record ? record_journals(run->record) : NULL,
    };
    run->engine = engine_new(&config, error);
    return run->engine ? 0 : -1;
}

static struct progress choose_progress(const struct run_options *options)
{
    struct progress progress;
    enum progress_mode mode = terminal_obeys(STDERR_FILENO) ? PROGRESS_BAR : PROGRESS_PLAIN;
    if (options->show.quiet || strcmp(options->progress, "none") == 0)
        mode = PROGRESS_NONE;
    else if (strcmp(options->progress, "auto") != 0)
        mode = strcmp(options->progress, "bar") == 0 ? PROGRESS_BAR : PROGRESS_PLAIN;
    progress_init(&progress, mode);
    return progress;
}

static int run_engine(struct run *run, struct error *error)
{
    uint64_t started_ms = clock_wall_ms();
    struct monitor monitor = {
        .engine = run->engine,
        .thresholds = &run->thresholds,
        .requests = run_load_requests(&run->plan.plan),
        .progress = choose_progress(&run->options),
    };
    monitor_announce(&monitor, &run->plan.plan.load);
    monitor_block_signals(true);
    if (engine_start(run->engine, error))
        return -1;
    int status = monitor_run(&monitor, error);
    if (status)
        engine_stop(run->engine, STOP_NOW);
    run->measurement = engine_finish(run->engine);
    if (!run->measurement)
        return error_set(error, "out of memory for what was measured");
    finish_record(run);
    run->measurement->started_unix_ms = started_ms;
    run->measurement->signal = monitor.signal_number;
    if (monitor.aborted_by)
        memcpy(run->measurement->aborted_by, monitor.aborted_by->name,
               sizeof(run->measurement->aborted_by));
    return status;
}

static enum rehearsal_end rehearse(struct run *run, struct error *error)
{
    struct buffer line;
    uint64_t started_ms = clock_wall_ms();
    const struct plan *plan = &run->plan.plan;
    struct progress progress = choose_progress(&run->options);
    if (run->quiet_ns == 0 || !rehearsal_is_due(plan))
        return REHEARSAL_PROVED;
    buffer_init(&line, LINE_SIZE);
    progress_say(&progress, "rehearsal: is one message the reply to one prompt?",
                 terminal_columns(STDERR_FILENO), &line);
    terminal_tell(&line);
    enum rehearsal_end end = rehearsal_play(&run->rehearsal, plan, run->quiet_ns, error);
    progress_clear(&progress, &line);
    if (end == REHEARSAL_REFUTED)
        buffer_printf(&line, "wsload: %s", run->rehearsal.told.data);
    terminal_tell(&line);
    buffer_free(&line);
    if (end == REHEARSAL_STOPPED) {
        run->measurement = run->rehearsal.measurement;
        run->measurement->started_unix_ms = started_ms;
    }
    return end;
}

/* --- After --- */

/* The files first, while signals are still blocked: another Ctrl-C must not lose them. A pipe may
 * make wait, so whatever goes to one comes last. */
static int finish(const struct run *run, struct error *error)
{
    struct error later;
    int status = outputs_write_files(&run->outputs, run->measurement, &run->verdict, error);
    struct show show = run->options.show;
    if (status == 0 && strcmp(run->options.summary, "-") != 0)
        show.summary_path = run->options.summary;
    monitor_block_signals(false);
    if (outputs_print(&run->outputs, &show, run->measurement, &run->verdict,
                      status ? &later : error))
        status = -1;
    if (status == 0 && run->measurement->record_failed) {
        *error = run->record_error;
        status = -1;
    }
    return status;
}

/* --- Refused handshakes --- */

/* Prints TEXT without anything that could steer a terminal. */
static void print_clean(struct text text)
{
    struct buffer out;
    buffer_init(&out, PROBE_ANSWER_MAX * 8);
    if (report_quote(text, QUOTED_LINES, terminal_columns(STDERR_FILENO), &out) == 0)
        terminal_tell(&out);
    buffer_free(&out);
}

/* The status, the headers that say why or what to do, all of AWS's, and the body. */
static void print_answer(const struct probe_answer *answer)
{
    struct text rest = answer->headers;
    for (bool first = true; rest.length > 0; first = false) {
        struct text line = text_cut(&rest, '\n');
        if (first || answer_tells_refusal(line) ||
            (line.length > 5 && strncasecmp(line.data, "x-amz", 5) == 0))
            print_clean(line);
    }
    if (text_trim(answer->body).length > 0)
        print_clean(answer->body);
}

/* -v: for each status that handshakes were refused with, asks once more and prints the status, the
 * headers that matter and the body. It may take long, so everything else is done before. */
static void show_refusals(const struct run *run)
{
    const struct failures *failures = &run->measurement->failures;
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_class *class = &failures->classes[i];
        struct addresses addresses;
        struct probe_answer answer;
        struct error error;
        if (class->kind != FAILURE_HANDSHAKE_STATUS)
            continue;
        fprintf(stderr, "handshake refused with %s, %llu times; one more, to see the answer:\n",
                class->detail, (unsigned long long)class->count);
        resolver_lookup(&run->plan.plan.target, &addresses);
        if (probe_handshake(&run->plan.plan, &addresses, &answer, &error))
            fprintf(stderr, "  %s\n", error.text);
        else
            print_answer(&answer);
        if (answer.status && answer.status != (unsigned)strtoul(class->detail, NULL, 10))
            fprintf(stderr, "  (this time another status: the cause comes and goes)\n");
        probe_free(&answer);
    }
}

/* --- All --- */

/* What was measured, judged and shown. Returns the exit code, or -1. */
static int conclude(struct run *run, struct error *error)
{
    rehearsal_note(&run->rehearsal, run->measurement);
    judge(&run->verdict, run->measurement, &run->thresholds);
    int status = finish(run, error);
    if (run->options.verbose && !run->measurement->signal)
        show_refusals(run);
    return status ? -1 : (int)run->verdict.code;
}

/* Returns the exit code, or -1. */
static int conduct(struct run *run, struct error *error)
{
    if (prepare(run, error))
        return -1;
    if (run->plan.note[0] && !run->options.show.quiet)
        command_note(run->plan.note);
    switch (rehearse(run, error)) {
    case REHEARSAL_PROVED:
        if (start_record(run, error) || make_engine(run, error) || run_engine(run, error))
            return -1;
        break;
    case REHEARSAL_STOPPED:
        break;
    case REHEARSAL_REFUTED:
        return EXIT_USAGE;
    case REHEARSAL_BROKEN:
        return -1;
    }
    return conclude(run, error);
}

static int load_test(struct run *run)
{
    struct error error;
    int code = conduct(run, &error);
    if (code < 0)
        code = command_complain(&error);
    finish_record(run);
    measurement_free(run->measurement);
    engine_free(run->engine);
    buffer_free(&run->rehearsal.told);
    run_plan_free(&run->plan);
    return code;
}

int command_run(int argc, char *const argv[])
{
    static struct run run; /* too large for a stack */
    struct error error;
    /* A script starts what runs beside it with SIGINT ignored; a load test must end on it. */
    signal(SIGINT, SIG_DFL);
    if (run_options_parse(argc, argv, &run.options, &error))
        return command_complain(&error);
    if (run.options.help)
        return command_usage("wsload");
    if (run.options.version) {
        command_version();
        return EXIT_PASSED;
    }
    return load_test(&run);
}
