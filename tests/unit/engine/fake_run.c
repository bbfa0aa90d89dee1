#include "fake_run.h"

#include "testing.h"

#include <string.h>

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
    struct error error;
    memset(&run, 0, sizeof(run));
    assert_int_equal(template_compile(&run.message, text_of("{{seq}} {{prompt}}"),
                                      TEMPLATE_CLIENT_VARIABLES, &error),
                     0);
    run.plan = (struct plan){
        .prompts = &prompts,
        .message = &run.message,
        .connections = connections,
        .in_flight = 1,
        .requests = requests,
        .reply_timeout_ns = 30 * NS_PER_S,
        .connect_timeout_ns = 10 * NS_PER_S,
        .workers = 1,
    };
}

static void wake_all(void *user)
{
    (void)user;
    for (unsigned i = 0; i < run.plan.workers; i++)
        run.fakes[i].base.ops->interrupt(&run.fakes[i].base);
}

/* All workers run on this thread: each begins inside the run of the one before. */
static void run_next(struct fake_transport *fake)
{
    unsigned next = (unsigned)(fake - run.fakes) + 1;
    if (next < run.plan.workers)
        worker_run(run.workers[next], &run.fakes[next].base);
    else
        run.script(run.fakes);
}

static void make_worker(unsigned index)
{
    struct error error;
    struct worker_setup setup = {&run.plan, &run.thresholds, &run.crew, index};
    run.workers[index] = worker_new(&setup, &error);
    assert_non_null(run.workers[index]);
    fake_init(&run.fakes[index], run.workers[index], &worker_events);
    run.fakes[index].script = run_next;
    run.fakes[index].refuse_with = run.refuse_with;
    run.fakes[index].delay_ns = run.delay_ns;
}

void run_set_up_open(uint32_t connections, double rate, uint64_t duration_ns)
{
    run_set_up(connections, 0);
    run.plan.model = LOAD_OPEN;
    run.plan.stages.start = rate;
    run.plan.max_queue = 100000;
    run.plan.duration_ns = duration_ns;
}

void run_open_all(struct fake_transport *fake)
{
    for (uint32_t id = 0; id < run.plan.connections; id++)
        fake_opened(fake, id);
    fake_advance(fake, 0); /* the crew wakes its workers */
}

const struct recorder *run_execute(void (*script)(struct fake_transport *))
{
    crew_init(&run.crew, run.plan.workers, wake_all, NULL);
    for (unsigned i = 0; i < run.plan.workers; i++)
        make_worker(i);
    run.worker = run.workers[0];
    run.fake = &run.fakes[0];
    run.script = script;
    worker_run(run.worker, &run.fake->base);
    return run_recorder(0);
}

const struct recorder *run_recorder(unsigned index)
{
    return worker_report(run.workers[index]).recorder;
}

uint64_t run_total_ns(void)
{
    struct worker_report report = worker_report(run.worker);
    uint64_t end_ns = report.end_ns == CLOCK_NEVER ? report.recorder->last_done_ns : report.end_ns;
    return report.start_ns == 0 || end_ns <= report.start_ns ? 0 : end_ns - report.start_ns;
}

void run_tear_down(void)
{
    for (unsigned i = 0; i < run.plan.workers; i++) {
        worker_free(run.workers[i]);
        fake_free(&run.fakes[i]);
    }
    template_free(&run.message);
}

static void assert_account_conserved(const struct accounting *account)
{
    assert_int_equal(account->planned, account->sent + account->unsent + account->skipped);
    assert_int_equal(account->sent + account->unsent,
                     account->ok + account->failed + account->unanswered);
}

static uint64_t sends_of(const struct recorder *recorder)
{
    for (unsigned i = 0; i < run.plan.workers; i++)
        if (run_recorder(i) == recorder)
            return run.fakes[i].sends;
    fail_msg("a recorder of another run");
    return 0;
}

void assert_conserved(const struct recorder *recorder)
{
    const struct accounting *measured = &recorder->measured;
    bool open_model = run.plan.model == LOAD_OPEN;
    assert_account_conserved(measured);
    assert_account_conserved(&recorder->warmup);
    assert_int_equal(measured->sent + recorder->warmup.sent + recorder->keepalives,
                     sends_of(recorder));
    assert_int_equal(failures_requests(&recorder->failures), measured->failed);
    assert_int_equal(recorder->latency.count, measured->ok);
    assert_int_equal(recorder->response_time.count, open_model ? measured->ok : 0);
    assert_int_equal(recorder->send_lag.count, open_model ? measured->sent : 0);
    assert_int_equal(recorder->pacing_lag.count,
                     open_model ? measured->sent - recorder->waited : 0);
}

void assert_failure(const struct recorder *recorder, size_t index, enum failure_kind kind,
                    const char *detail, uint64_t requests)
{
    assert_true(index < recorder->failures.count);
    const struct failure_class *class = &recorder->failures.classes[index];
    assert_int_equal(class->kind, kind);
    assert_string_equal(class->detail, detail);
    assert_int_equal(class->requests, requests);
}
