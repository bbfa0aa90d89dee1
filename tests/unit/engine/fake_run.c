#include "fake_run.h"

#include "testing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker_internal.h"
#include "wsload/base/clock.h"

static struct prompt prompt_items[] = {
    {{"one", 3}, {"one", 3}, 1},
    {{"two", 3}, {"two", 3}, 2},
    {{"three", 5}, {"three", 5}, 3},
};
static const struct prompts prompts = {.items = prompt_items, .count = 3};

struct run run;

void run_set_up(uint32_t connections, uint64_t requests)
{
    memset(&run, 0, sizeof(run));
    run_send("{{seq}} {{prompt}}");
    run.plan = (struct plan){
        .load = {.connections = connections,
                 .in_flight = 1,
                 .requests = requests,
                 .workers = 1,
                 .shards = 1},
        .prompts = &prompts,
        .message = &run.message,
        .reply_timeout_ns = 30 * NS_PER_S,
        .connect_timeout_ns = 10 * NS_PER_S,
    };
}

void run_send(const char *text)
{
    static const struct template_scope scope = {.variables = TEMPLATE_CLIENT_VARIABLES};
    struct error error;
    template_free(&run.message);
    assert_int_equal(template_compile(&run.message, text_of(text), &scope, &error), 0);
}

void run_end_replies(const char *rule)
{
    struct error error;
    assert_int_equal(reply_rules_add_end(&run.plan.reply_rules, rule, &error), 0);
}

void run_correlate(void)
{
    struct error error;
    run_send("{{id}}");
    run.plan.run_id = 0xcafe;
    assert_int_equal(reply_rules_set_id(&run.plan.reply_rules, "id", &error), 0);
}

void run_set_steps(const char *json)
{
    static const struct template_scope no_columns = {0};
    struct error error;
    assert_int_equal(
        steps_parse(&run.steps, text_of(json), &no_columns, &run.plan.reply_rules.paths, &error),
        0);
    run.plan.steps = &run.steps;
}

void run_answer(struct fake_transport *fake, uint32_t id, uint64_t seq, const char *members)
{
    char message[128];
    snprintf(message, sizeof(message), "{\"id\": \"0000cafe-%" PRIx64 "\"%s}", seq, members);
    fake_reply(fake, id, message);
}

static void wake_all(void *user)
{
    (void)user;
    for (unsigned i = 0; i < run.plan.load.workers; i++)
        run.fakes[i].base.ops->interrupt(&run.fakes[i].base);
}

/* All workers run on this thread: each begins inside the run of the one before. */
static void run_next(struct fake_transport *fake)
{
    unsigned next = (unsigned)(fake - run.fakes) + 1;
    if (next < run.plan.load.workers)
        worker_run(run.workers[next], &run.fakes[next].base);
    else
        run.script(run.fakes);
}

static void make_worker(unsigned index)
{
    struct error error;
    struct worker_config config = {&run.plan,   &run.thresholds, &run.control,
                                   run.journal, index,           run.transcript};
    run.workers[index] = worker_new(&config, &error);
    assert_non_null(run.workers[index]);
    fake_init(&run.fakes[index], run.plan.load.connections, run.workers[index], &worker_events);
    run.fakes[index].script = run_next;
    run.fakes[index].refuse_with = run.refuse_with;
    run.fakes[index].delay_ns = run.delay_ns;
    run.fakes[index].stamps = run.stamps;
    buffer_init(&run.fakes[index].log, run.keeps_log ? FAKE_LOG_SIZE : 0);
}

void run_set_up_open(uint32_t connections, double rate, uint64_t duration_ns)
{
    run_set_up(connections, 0);
    run.plan.load.model = LOAD_OPEN;
    run.plan.load.stages.start = rate;
    run.plan.load.max_queue = 100000;
    run.plan.load.duration_ns = duration_ns;
}

void run_open_all(struct fake_transport *fake)
{
    for (uint32_t id = 0; id < run.plan.load.connections; id++)
        fake_opened(fake, id);
    fake_advance(fake, 0); /* the run control wakes its workers */
}

/* What the command room makes of the rules and thresholds. */
static void settle_load(void)
{
    struct load *load = &run.plan.load;
    bool stream = reply_rules_stream(&run.plan.reply_rules);
    bool none = run.plan.reply_rules.one_way || load->model == LOAD_HOLD;
    load->reply = none ? REPLY_NONE : stream ? REPLY_STREAM : REPLY_MESSAGE;
    load->stages.hold_ns = load->warmup_ns;
    load->levels = thresholds_service_levels(&run.thresholds);
}

const struct recorder *run_execute(void (*script)(struct fake_transport *))
{
    settle_load();
    run_control_init(&run.control, run.plan.load.workers, wake_all, NULL);
    for (unsigned i = 0; i < run.plan.load.workers; i++)
        make_worker(i);
    run.worker = run.workers[0];
    run.fake = &run.fakes[0];
    run.script = script;
    worker_run(run.worker, &run.fake->base);
    return run_recorder(0);
}

const struct recorder *run_recorder(unsigned index)
{
    return run.workers[index]->recorder;
}

const struct histogram *distribution_of(const struct recorder *recorder, enum distribution id)
{
    return &recorder->seen->distributions[id];
}

uint64_t run_total_ns(void)
{
    return worker_measurement(run.worker)->counts[COUNT_TOTAL_TIME];
}

void run_tear_down(void)
{
    for (unsigned i = 0; i < run.plan.load.workers; i++) {
        worker_free(run.workers[i]);
        fake_free(&run.fakes[i]);
    }
    template_free(&run.message);
    steps_free(&run.steps);
    reply_rules_free(&run.plan.reply_rules);
}

/* ACCOUNT begins with the planned ones. */
static void assert_account_conserved(const uint64_t *account)
{
    assert_int_equal(account[COUNT_PLANNED],
                     account[COUNT_SENT] + account[COUNT_UNSENT] + account[COUNT_SKIPPED]);
    assert_int_equal(account[COUNT_SENT] + account[COUNT_UNSENT],
                     account[COUNT_OK] + account[COUNT_FAILED] + account[COUNT_UNANSWERED]);
}

static const struct fake_transport *fake_of(const struct recorder *recorder)
{
    for (unsigned i = 0; i < run.plan.load.workers; i++)
        if (run_recorder(i) == recorder)
            return &run.fakes[i];
    fail_msg("a recorder of another run");
    return NULL;
}

static void assert_messages_conserved(const struct recorder *recorder)
{
    const struct fake_transport *fake = fake_of(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_SENT_MESSAGES], fake->sends);
    assert_int_equal(recorder->seen->counts[COUNT_SENT_BYTES], fake->sent_bytes);
    assert_int_equal(recorder->seen->counts[COUNT_RECEIVED_MESSAGES], fake->replies);
    if (!run.plan.steps)
        assert_int_equal(recorder->seen->counts[COUNT_SENT] +
                             recorder->seen->counts[COUNT_WARMUP_SENT] +
                             recorder->seen->counts[COUNT_KEEPALIVES],
                         fake->sends);
}

static void assert_figures_conserved(const struct recorder *recorder)
{
    const uint64_t *counts = recorder->seen->counts;
    bool open_model = run.plan.load.model == LOAD_OPEN;
    bool stream = reply_rules_stream(&run.plan.reply_rules);
    uint64_t replies = run.plan.reply_rules.one_way ? 0 : counts[COUNT_OK];
    assert_int_equal(distribution_of(recorder, DIST_LATENCY)->count, replies);
    assert_int_equal(distribution_of(recorder, DIST_RESPONSE_TIME)->count,
                     open_model ? replies : 0);
    assert_int_equal(distribution_of(recorder, DIST_SEND_LAG)->count,
                     open_model ? counts[COUNT_SENT] : 0);
    assert_int_equal(distribution_of(recorder, DIST_PACING_LAG)->count,
                     open_model ? counts[COUNT_SENT] - recorder->seen->counts[COUNT_WAITED] : 0);
    assert_int_equal(distribution_of(recorder, DIST_REPLY_BYTES)->count, replies);
    assert_int_equal(distribution_of(recorder, DIST_REPLY_MESSAGES)->count, stream ? replies : 0);
    assert_int_equal(distribution_of(recorder, DIST_TTFM)->count, stream ? replies : 0);
    assert_true(distribution_of(recorder, DIST_TPOM)->count <=
                distribution_of(recorder, DIST_TTFM)->count);
    assert_true(stream || distribution_of(recorder, DIST_GAP)->count == 0);
}

/* However a connection ends, its network is recorded, once. */
static void assert_connections_conserved(const struct recorder *recorder)
{
    const uint64_t *counts = recorder->seen->counts;
    uint64_t opened = counts[COUNT_OPENED] + counts[COUNT_REOPENED] + counts[COUNT_ROTATED];
    assert_int_equal(distribution_of(recorder, DIST_RTT)->count, opened);
    assert_int_equal(counts[COUNT_CONNECTED_NS], fake_of(recorder)->connected_ns);
}

void assert_conserved(const struct recorder *recorder)
{
    assert_account_conserved(recorder->seen->counts);
    assert_account_conserved(&recorder->seen->counts[COUNT_WARMUP_PLANNED]);
    assert_int_equal(failures_requests(&recorder->seen->failures),
                     recorder->seen->counts[COUNT_FAILED]);
    assert_true(measurement_conserved(recorder->seen, NULL));
    assert_figures_conserved(recorder);
    assert_messages_conserved(recorder);
    assert_connections_conserved(recorder);
}

void assert_times(const struct histogram *histogram, uint64_t count, uint64_t low_ns,
                  uint64_t high_ns)
{
    assert_int_equal(histogram->count, count);
    assert_int_equal(histogram->min, low_ns);
    assert_int_equal(histogram->max, high_ns);
}

void assert_failure(const struct recorder *recorder, size_t index, enum failure_kind kind,
                    const char *detail, uint64_t requests)
{
    assert_true(index < recorder->seen->failures.count);
    const struct failure_class *class = &recorder->seen->failures.classes[index];
    assert_int_equal(class->kind, kind);
    assert_string_equal(class->detail, detail);
    assert_int_equal(class->requests, requests);
}
