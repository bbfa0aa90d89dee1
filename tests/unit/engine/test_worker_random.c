#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "fake_run.h"
#include "wsload/base/clock.h"
#include "wsload/base/random.h"

/* Random plans over a random network: whatever happens, in whatever order, the run ends, every
 * request ends in exactly one way, and every message is counted as exactly one thing. */

#define RUNS        1000
#define EVENTS      400 /* of the network in each run */
#define CONNECTIONS 4
#define MS          NS_PER_MS

static struct random chance;
static struct journal journal;
static uint64_t broken_messages; /* that are not UTF-8 */
static char *reply;

static uint64_t pick(uint64_t count)
{
    return random_between(&chance, 0, count - 1);
}

static bool maybe(unsigned one_in)
{
    return pick(one_in) == 0;
}

/* --- The plan --- */

static void choose_load(void)
{
    static const enum load_model models[] = {LOAD_CLOSED, LOAD_OPEN, LOAD_HOLD};
    struct plan *plan = &run.plan;
    plan->load.model = models[pick(ARRAY_LENGTH(models))];
    plan->load.connections = (uint32_t)(1 + pick(CONNECTIONS));
    plan->load.in_flight = (unsigned)(maybe(2) ? 1 : 1 + pick(4));
    plan->load.requests = plan->load.model != LOAD_HOLD && maybe(2) ? 1 + pick(200) : 0;
    plan->load.duration_ns = plan->load.requests ? 0 : NS_PER_S;
    plan->load.warmup_ns = plan->load.duration_ns && maybe(3) ? 300 * MS : 0;
    plan->load.stages.start = plan->load.model == LOAD_OPEN ? 200 : 0;
    plan->load.max_queue = pick(5);
    if (plan->load.model == LOAD_HOLD)
        plan->prompts = NULL;
    if (plan->load.model == LOAD_CLOSED && plan->load.in_flight == 1) {
        plan->load.connection_per_request = maybe(3);
        if (maybe(3))
            plan->load.think = (struct think){THINK_UNIFORM, 0, 30 * MS};
    }
}

static void choose_times(void)
{
    struct plan *plan = &run.plan;
    plan->reply_timeout_ns = 100 * MS;
    plan->connect_timeout_ns = 40 * MS;
    plan->linger_ns = maybe(2) ? 50 * MS : 0;
    plan->max_lifetime_ns = maybe(2) ? 200 * MS : 0;
    if (maybe(2)) {
        plan->keepalive = (struct text){"ping!", 5};
        plan->keepalive_ns = 30 * MS;
    }
}

static void choose_replies(void)
{
    static const char *const ends[] = {"text:END", "count:3", "silence:20ms", "close"};
    struct reply_rules *rules = &run.plan.reply_rules;
    struct error error;
    bool several = run.plan.load.in_flight > 1;
    if (!several && maybe(5)) { /* in a closed run that needs something to slow it down */
        rules->one_way = true;
        if (run.plan.load.duration_ns)
            run.plan.load.think = (struct think){THINK_UNIFORM, 5 * MS, 5 * MS};
        return;
    }
    if (maybe(2))
        run_correlate();
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        bool fits = !several || i < 2 || (i == 2 && rules->has_id);
        if (fits && maybe(3))
            run_end_replies(ends[i]);
    }
    if (maybe(3))
        assert_int_equal(reply_rules_add_error(rules, "oops,continue", &error), 0);
    if (maybe(3))
        assert_int_equal(reply_rules_add_error(rules, "ERROR", &error), 0);
    if (maybe(3))
        assert_int_equal(reply_rules_add_ignored(rules, "text:##", &error), 0);
}

static void choose_steps(void)
{
    static const char *const files[] = {
        "{\"on_connect\": [{\"send\": \"hello\"}]}",
        "{\"on_connect\": [{\"expect\": \"contains:o\"}, {\"send\": \"x\", \"expect\": "
        "\"text:ok\"}]}",
        "{\"before_request\": [{\"send\": \"a\"}, {\"send\": \"{{prompt:part}}\", "
        "\"part_characters\": 2}]}",
        "{\"on_connect\": [{\"expect\": \"contains:o\"}], \"before_request\": [{\"send\": "
        "\"{{prompt:part}}\", \"part_characters\": 2, \"expect\": \"text:ok\"}]}",
    };
    size_t count = run.plan.load.in_flight > 1 ? 3 : 4; /* they may not await answers then */
    if (run.plan.load.model == LOAD_HOLD)
        count = 2;
    if (maybe(2))
        run_set_steps(files[pick(count)]);
}

/* --- The network --- */

static void send_something(struct fake_transport *fake, uint32_t id)
{
    static const char *const messages[] = {
        "ok",
        "ok",
        "a",
        "END",
        "##",
        "oops",
        "ERROR",
        "{\"message\": \"Internal server error\", \"requestId\": \"b\"}",
        "{\"message\": \"Endpoint request timed out\", \"requestId\": \"b\"}",
        "\xff"};
    static const char *const members[] = {"", "", ", \"text\": \"oops\"", ", \"text\": \"ERROR\""};
    if (run.plan.reply_rules.has_id && !maybe(4)) {
        uint64_t newest = run_recorder(0)->seen->counts[COUNT_PLANNED] +
                          run_recorder(0)->seen->counts[COUNT_WARMUP_PLANNED];
        uint64_t oldest = newest > 20 ? newest - 20 : 0;
        run_answer(fake, id, random_between(&chance, oldest, newest + 1),
                   members[pick(ARRAY_LENGTH(members))]);
        return;
    }
    const char *message = messages[pick(ARRAY_LENGTH(messages) - !maybe(10))];
    broken_messages += message[0] == '\xff';
    fake_reply(fake, id, message);
}

static void close_somehow(struct fake_transport *fake, uint32_t id)
{
    static const struct {
        enum failure_kind kind;
        const char *detail;
    } ends[] = {{FAILURE_CLOSED, "1000"},
                {FAILURE_CLOSED, "1011"},
                {FAILURE_EOF, ""},
                {FAILURE_RESET, ""},
                {FAILURE_PROTOCOL, ""}};
    size_t end = pick(ARRAY_LENGTH(ends));
    fake_closed(fake, id, ends[end].kind, ends[end].detail);
}

static void happen(struct fake_transport *fake, uint32_t id)
{
    const struct fake_connection *connection = &fake->connections[id];
    if (connection->opening && maybe(4))
        fake_failed(fake, id, FAILURE_CONNECT_REFUSED);
    else if (connection->opening)
        fake_opened(fake, id);
    else if (connection->up_ns && maybe(40))
        close_somehow(fake, id);
    else if (connection->up_ns && maybe(30))
        fake_stall(fake, id, !connection->stalled);
    else if (connection->up_ns)
        send_something(fake, id);
}

static void act_at_random(struct fake_transport *fake)
{
    unsigned stops = (unsigned)pick(2 * EVENTS); /* politely, in every other run */
    for (unsigned i = 0; i < EVENTS && !fake->stopped; i++) {
        if (i == stops)
            run_control_stop(&run.control, STOP_POLITELY);
        happen(fake, (uint32_t)pick(run.plan.load.connections));
        if (!fake->stopped)
            fake_advance(fake, maybe(2) ? 0 : random_between(&chance, 0, 15 * MS));
    }
    /* Now nothing comes any more: it ends by itself, but for a run that breaks again and again. */
    for (unsigned i = 0; i < 100 && !fake->stopped && maybe(2); i++)
        fake_advance(fake, 100 * MS);
    run_control_stop(&run.control, STOP_NOW);
    if (!fake->stopped)
        fake_advance(fake, 0);
}

/* --- What holds --- */

static uint64_t errors_without_request(const struct failures *failures)
{
    uint64_t count = 0;
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_class *class = &failures->classes[i];
        if (class->kind == FAILURE_GATEWAY_ERROR || class->kind == FAILURE_ERROR_REPLY)
            count += class->count - class->requests;
    }
    return count;
}

/* Of a run without steps, whose answers are no part of anything. */
static void assert_each_message_is_one_thing(const struct recorder *recorder, uint64_t in_replies)
{
    const struct unasked *unasked = &recorder->seen->unasked;
    uint64_t by_kind = 0;
    for (size_t i = 0; i < unasked->count; i++)
        by_kind += unasked->kinds[i].count;
    assert_int_equal(by_kind, measurement_unasked(recorder->seen));
    uint64_t counted = in_replies + by_kind + recorder->seen->counts[COUNT_IGNORED] +
                       recorder->seen->counts[COUNT_KEEPALIVE_ANSWERS] +
                       errors_without_request(&recorder->seen->failures);
    assert_int_equal(recorder->seen->counts[COUNT_RECEIVED_MESSAGES], counted + broken_messages);
}

static void assert_journal_conserved(const struct recorder *recorder)
{
    uint64_t ok = 0;
    uint64_t failed = 0;
    uint64_t unanswered = 0;
    uint64_t messages = 0;
    struct journal_entry entry;
    while (journal_take(&journal, &entry, reply)) {
        failed += entry.failed;
        unanswered += entry.unanswered;
        ok += !entry.failed && !entry.unanswered;
        messages += entry.messages;
        assert_true(entry.unanswered || entry.done_ns >= entry.due_ns);
        assert_true(entry.first_ns == 0 || entry.first_ns >= entry.sent_ns);
        assert_true(entry.first_ns == 0 || entry.messages > 0);
    }
    assert_int_equal(journal_lost(&journal), 0);
    assert_int_equal(ok,
                     recorder->seen->counts[COUNT_OK] + recorder->seen->counts[COUNT_WARMUP_OK]);
    assert_int_equal(failed, recorder->seen->counts[COUNT_FAILED] +
                                 recorder->seen->counts[COUNT_WARMUP_FAILED]);
    assert_int_equal(unanswered, recorder->seen->counts[COUNT_UNANSWERED] +
                                     recorder->seen->counts[COUNT_WARMUP_UNANSWERED]);
    if (!run.plan.steps)
        assert_each_message_is_one_thing(recorder, messages);
}

/* What came of all runs: they are of no use when something never happens. */
struct totals {
    uint64_t ok;
    uint64_t late;
    uint64_t unsolicited;
    uint64_t ignored;
    uint64_t keepalives;
    uint64_t keepalive_answers;
    uint64_t rotated;
    uint64_t reopened;
    uint64_t kinds[FAILURE_KIND_COUNT];
};

static void add_up(struct totals *totals, const struct recorder *recorder)
{
    totals->ok += recorder->seen->counts[COUNT_OK];
    totals->late += recorder->seen->counts[COUNT_LATE];
    totals->unsolicited += recorder->seen->counts[COUNT_UNSOLICITED];
    totals->ignored += recorder->seen->counts[COUNT_IGNORED];
    totals->keepalives += recorder->seen->counts[COUNT_KEEPALIVES];
    totals->keepalive_answers += recorder->seen->counts[COUNT_KEEPALIVE_ANSWERS];
    totals->rotated += recorder->seen->counts[COUNT_ROTATED];
    totals->reopened += recorder->seen->counts[COUNT_REOPENED];
    for (size_t i = 0; i < recorder->seen->failures.count; i++)
        totals->kinds[recorder->seen->failures.classes[i].kind] +=
            recorder->seen->failures.classes[i].count;
}

static void assert_all_happened(const struct totals *totals)
{
    static const enum failure_kind kinds[] = {FAILURE_CONNECT_REFUSED,
                                              FAILURE_CONNECT_TIMEOUT,
                                              FAILURE_PROTOCOL,
                                              FAILURE_REPLY_TIMEOUT,
                                              FAILURE_TRUNCATED,
                                              FAILURE_CLOSED,
                                              FAILURE_EOF,
                                              FAILURE_RESET,
                                              FAILURE_SETUP,
                                              FAILURE_ERROR_REPLY,
                                              FAILURE_GATEWAY_ERROR};
    assert_true(totals->ok > 5 * RUNS);
    assert_true(totals->late > RUNS / 10 && totals->unsolicited > RUNS / 10);
    assert_true(totals->ignored > RUNS / 10 && totals->keepalives > RUNS / 10);
    assert_true(totals->keepalive_answers > RUNS / 10);
    assert_true(totals->rotated > RUNS / 10 && totals->reopened > RUNS / 10);
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        assert_true(totals->kinds[kinds[i]] > RUNS / 10);
}

static void test_worker_conserves_whatever_happens(void **state)
{
    (void)state;
    struct error error;
    struct totals totals = {0};
    reply = malloc(REPLY_TEXT_MAX);
    assert_int_equal(journal_init(&journal, 4u << 20, &error), 0);
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        random_init(&chance, seed);
        broken_messages = 0;
        run_set_up(1, 0);
        run.plan.load.seed = seed;
        run.journal = &journal;
        choose_load();
        choose_times();
        choose_replies();
        choose_steps();
        const struct recorder *recorder = run_execute(act_at_random);
        assert_true(run.fake->stopped);
        assert_conserved(recorder);
        assert_journal_conserved(recorder);
        assert_true(!run.plan.load.requests ||
                    recorder->seen->counts[COUNT_PLANNED] <= run.plan.load.requests);
        add_up(&totals, recorder);
        run_tear_down();
    }
    assert_all_happened(&totals);
    journal_free(&journal);
    free(reply);
}

TEST_GROUP(worker_random)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_conserves_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
