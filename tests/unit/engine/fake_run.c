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
        .requests = requests,
        .reply_timeout_ns = 30 * NS_PER_S,
        .connect_timeout_ns = 10 * NS_PER_S,
    };
}

const struct recorder *run_execute(void (*script)(struct fake_transport *))
{
    struct error error;
    run.worker = worker_new(&run.plan, &run.stop, &error);
    assert_non_null(run.worker);
    fake_init(&run.fake, run.worker, &worker_events);
    run.fake.script = script;
    worker_run(run.worker, &run.fake.base);
    return worker_recorder(run.worker);
}

void run_tear_down(void)
{
    worker_free(run.worker);
    fake_free(&run.fake);
    template_free(&run.message);
}

void assert_conserved(const struct recorder *recorder)
{
    assert_int_equal(recorder->sent, run.fake.sends);
    assert_int_equal(recorder->sent + recorder->unsent,
                     recorder->ok + recorder->failed + recorder->unanswered);
    assert_int_equal(failures_requests(&recorder->failures), recorder->failed);
    assert_int_equal(recorder->latency.count, recorder->ok);
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
