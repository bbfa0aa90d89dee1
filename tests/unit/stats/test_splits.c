#include "testing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/random.h"
#include "wsload/stats/metrics.h"

#include "recording.h"

/* Runs that one recorder writes down alone and several write down together, each event dealt to one
 * of them. What the several add up to is what the one has, in every member but `parts` and the
 * number of workers, which count the recorders. Gauges (requests in flight, connections open) are
 * dealt out as well; at the end of the second under way only a recorder to which a request ended in
 * it has some, because the others make no row of it. */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RUNS 100 /* their allocators write to every byte of every recorder */
#else
#define RUNS 1000
#endif

#define PARTS_MAX 4
#define END_NS    (START_NS + 10 * NS_PER_S)

static struct random dice;
static struct recorder *whole;
static struct recorder *parts[PARTS_MAX];
static size_t part_count;
static uint64_t seq;

static uint64_t below(uint64_t bound)
{
    return random_between(&dice, 0, bound - 1);
}

static bool once_in(uint64_t times)
{
    return below(times) == 0;
}

static struct recorder *some_part(void)
{
    return parts[below(part_count)];
}

/* --- Events --- */

static uint64_t some_duration(void)
{
    if (once_in(500))
        return below(NS_PER_S);
    return once_in(20) ? below(NS_PER_MS) : below(3 * NS_PER_US);
}

/* What a class has for an example is the same each time: which one was first cannot be known of
 * several recorders. */
static struct failure some_failure(void)
{
    static const char *const details[] = {"", "1001", "1006", "other", "429"};
    size_t detail = below(ARRAY_LENGTH(details));
    return (struct failure){
        .kind = (enum failure_kind)below(5),
        .detail = details[detail],
        .example = detail % 2 ? text_of("example") : (struct text){NULL, 0},
    };
}

static void record_request(struct recorder *into, const struct request_outcome *outcome,
                           bool waited)
{
    recorder_count_request(into, COUNT_PLANNED, outcome->due_ns);
    if (outcome->sent_ns > 0)
        recorder_request_sent(into, outcome->due_ns, outcome->sent_ns, waited);
    if (outcome->done_ns > 0)
        recorder_request_done(into, outcome);
    else
        recorder_count_request(into, outcome->sent_ns > 0 ? COUNT_UNANSWERED : COUNT_SKIPPED,
                               outcome->due_ns);
    if (outcome->messages > 1)
        recorder_gap(into, outcome->due_ns, outcome->bytes);
}

static void some_request(uint64_t now_ns)
{
    char prompt[32];
    struct failure failure = some_failure();
    uint64_t latency_ns = some_duration();
    struct request_outcome outcome = {
        .seq = seq++ ^ 3, /* not quite in order */
        .sent_ns = now_ns - latency_ns,
        .first_ns = now_ns - below(latency_ns + 1),
        .done_ns = now_ns,
        .messages = below(4),
        .bytes = below(2000),
        .failure = once_in(5) ? &failure : NULL,
    };
    outcome.due_ns = outcome.sent_ns - some_duration();
    snprintf(prompt, sizeof(prompt), "%" PRIu64, outcome.seq);
    outcome.prompt = text_of(prompt);
    if (!outcome.failure)
        outcome.reply = text_of("world");
    if (once_in(10))
        outcome.done_ns = 0;
    if (once_in(10) && (outcome.failure || outcome.done_ns == 0))
        outcome.sent_ns = 0;
    bool waited = once_in(2);
    record_request(whole, &outcome, waited);
    record_request(some_part(), &outcome, waited);
}

static void some_connection(void)
{
    struct connect_times times;
    static const enum opening openings[] = {OPENING_FIRST, OPENING_AGAIN, OPENING_ROTATED};
    enum opening opening = openings[below(3)];
    for (size_t i = 0; i < CONNECT_PHASE_COUNT; i++)
        times.ns[i] = once_in(3) ? CLOCK_NEVER : some_duration();
    recorder_connection_opened(whole, &times, opening);
    recorder_connection_opened(some_part(), &times, opening);
}

static void some_break(void)
{
    struct failure failure = some_failure();
    uint64_t lifetime_ns = some_duration();
    recorder_connection_failed(whole, &failure);
    recorder_connection_failed(some_part(), &failure);
    recorder_connection_lost(whole, lifetime_ns);
    recorder_connection_lost(some_part(), lifetime_ns);
}

static void some_message(void)
{
    uint64_t bytes = below(100000);
    recorder_message_sent(whole, bytes);
    recorder_message_sent(some_part(), bytes);
    recorder_message_received(whole, bytes + 1);
    recorder_message_received(some_part(), bytes + 1);
}

static void unasked_in(struct recorder *into, const char *rule, uint64_t since_ns, bool first)
{
    recorder_unasked(into, COUNT_LATE, since_ns, first);
    unasked_add(&into->seen->unasked, rule, TEXT("example"));
}

/* No more kinds than are kept: beyond that the time in which they come matters. */
static void some_unasked(void)
{
    static const char *const rules[] = {"", "text:ping", "json:type=token", "text:a"};
    const char *rule = rules[below(ARRAY_LENGTH(rules))];
    uint64_t since_ns = once_in(4) ? CLOCK_NEVER : some_duration();
    bool first = once_in(2);
    unasked_in(whole, rule, since_ns, first);
    unasked_in(some_part(), rule, since_ns, first);
}

/* What a worker writes down itself. */
static void some_count(void)
{
    enum counter id = COUNT_WAITED + (enum counter)below(COUNTER_COUNT - COUNT_WAITED);
    if (id == COUNT_DRAINED || id == COUNT_SENT_LATE)
        return; /* the recorder's own, and bounded by other counts */
    uint64_t *counts = whole->seen->counts;
    uint64_t *of_part = some_part()->seen->counts;
    uint64_t amount = below(1000);
    uint64_t lag_ns = some_duration();
    switch (metric_of_counter(id)->adds) {
    case ADDS_AS_SUM:
        counts[id] += amount;
        of_part[id] += amount;
        break;
    case ADDS_AS_MAX:
        counts[id] = u64_max(counts[id], amount);
        of_part[id] = u64_max(of_part[id], amount);
        break;
    case ADDS_AS_TIME: /* the recorder's own */
        break;
    }
    histogram_record(&whole->seen->distributions[DIST_LOOP_LAG], lag_ns);
    histogram_record(&some_part()->seen->distributions[DIST_LOOP_LAG], lag_ns);
}

/* --- Seconds --- */

static void tick(uint64_t now_ns)
{
    uint64_t in_flight[PARTS_MAX];
    uint64_t open[PARTS_MAX];
    uint64_t all_in_flight = 0;
    uint64_t all_open = 0;
    for (size_t i = 0; i < part_count; i++) {
        all_in_flight += in_flight[i] = below(10);
        all_open += open[i] = below(10);
        recorder_tick(parts[i], now_ns, in_flight[i], open[i]);
    }
    recorder_tick(whole, now_ns, all_in_flight, all_open);
}

static void finish(uint64_t now_ns)
{
    uint64_t all_in_flight = 0;
    uint64_t all_open = 0;
    tick(now_ns); /* so that the last row is the one under way */
    for (size_t i = 0; i < part_count; i++) {
        uint64_t in_flight = below(10);
        uint64_t open = below(10);
        if (parts[i]->row->done > 0) {
            all_in_flight += in_flight;
            all_open += open;
        }
        recorder_finish(parts[i], now_ns, in_flight, open);
    }
    recorder_finish(whole, now_ns, all_in_flight, all_open);
}

/* --- Runs --- */

static struct load some_load(void)
{
    static const enum load_model models[] = {LOAD_CLOSED, LOAD_OPEN};
    static const enum load_reply replies[] = {REPLY_MESSAGE, REPLY_STREAM, REPLY_NONE};
    struct load load = {.url = "ws://example/", .workers = 1, .shards = 1};
    load.model = models[below(ARRAY_LENGTH(models))];
    load.reply = replies[below(ARRAY_LENGTH(replies))];
    load.levels.any = once_in(2);
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        load.levels.ns[i] = once_in(2) ? CLOCK_NEVER : NS_PER_US + below(2 * NS_PER_US);
    return load;
}

static void begin_run(void)
{
    struct load load = some_load();
    uint64_t end_ns = once_in(3) ? CLOCK_NEVER : END_NS;
    uint64_t epoch_ns = EPOCH_NS + below(5000 * NS_PER_S);
    part_count = 2 + below(PARTS_MAX - 1);
    seq = 0;
    whole = recorder_new(&load);
    for (size_t i = 0; i < part_count; i++) {
        parts[i] = recorder_new(&load);
        recorder_start(parts[i], START_NS, end_ns, epoch_ns);
        parts[i]->seen->started_unix_ms = 1000 + i;
    }
    whole->seen->load.workers = (unsigned)part_count;
    recorder_start(whole, START_NS, end_ns, epoch_ns);
    whole->seen->started_unix_ms = 1000;
}

/* Some 60 events in 12 s from shortly before the start on; once in a while hours pass. */
static void run(void)
{
    uint64_t now_ns = START_NS - NS_PER_MS;
    uint64_t events = below(120);
    for (uint64_t i = 0; i < events; i++) {
        now_ns += once_in(2) ? below(200 * NS_PER_MS) : below(NS_PER_MS);
        if (once_in(4))
            some_request(now_ns);
        if (once_in(8))
            some_connection();
        if (once_in(8))
            some_break();
        if (once_in(4))
            some_message();
        if (once_in(4))
            some_unasked();
        if (once_in(4))
            some_count();
        if (once_in(4))
            some_request(now_ns);
        if (once_in(2000))
            now_ns += below(4000) * NS_PER_S;
        if (now_ns >= START_NS && once_in(3))
            tick(now_ns);
    }
    finish(now_ns);
}

static void end_run(void)
{
    recorder_free(whole);
    for (size_t i = 0; i < part_count; i++)
        recorder_free(parts[i]);
}

/* --- Adding up --- */

static struct measurement *nothing_yet(void)
{
    struct load load = parts[0]->seen->load;
    load.workers = 0;
    struct measurement *sum = measurement_new(&load);
    sum->parts = 0;
    return sum;
}

static void check_sum(struct measurement *sum)
{
    assert_int_equal(sum->parts, part_count);
    sum->parts = 1;
    assert_measurements_equal(sum, whole->seen);
    measurement_free(sum);
}

static struct measurement *sum_from(size_t first)
{
    struct measurement *sum = nothing_yet();
    for (size_t i = 0; i < part_count; i++)
        measurement_add(sum, parts[(first + i) % part_count]->seen);
    return sum;
}

/* The sum of the first ones and the sum of the others, in any order. */
static struct measurement *sum_of_sums(void)
{
    struct measurement *first = nothing_yet();
    struct measurement *second = nothing_yet();
    uint64_t border = below(part_count + 1);
    for (size_t i = part_count; i-- > 0;)
        measurement_add(i < border ? first : second, parts[i]->seen);
    if (once_in(2)) {
        measurement_add(first, second);
        measurement_free(second);
        return first;
    }
    measurement_add(second, first);
    measurement_free(first);
    return second;
}

static void test_splits_of_a_run_add_up_to_it(void **state)
{
    (void)state;
    random_init(&dice, 20261130);
    for (int i = 0; i < RUNS; i++) {
        struct error why = {""};
        begin_run();
        run();
        if (!measurement_conserved(whole->seen, &why))
            fail_msg("run %d: %s", i, why.text);
        check_sum(sum_from(0));
        check_sum(sum_from(below(part_count)));
        check_sum(sum_of_sums());
        end_run();
    }
}

/* Machines that began at different times, for hours or for seconds, and of several shards. */
static void test_splits_that_began_apart_add_up_in_any_order(void **state)
{
    (void)state;
    random_init(&dice, 20261201);
    for (int i = 0; i < 40; i++) {
        begin_run();
        for (size_t j = 0; j < part_count; j++) {
            uint64_t start_ns = START_NS + below(3) * below(1500 * NS_PER_S);
            recorder_start(parts[j], start_ns, once_in(2) ? CLOCK_NEVER : start_ns + NS_PER_S,
                           EPOCH_NS + below(NS_PER_S));
            parts[j]->seen->parts = 1 + below(3);
            for (int k = 0; k < 30; k++)
                some_request(start_ns + NS_PER_S + below(5 * NS_PER_S));
        }
        finish(START_NS + 3010 * NS_PER_S);
        struct measurement *sum = sum_from(0);
        struct measurement *again = sum_from(1);
        struct measurement *sums = sum_of_sums();
        assert_measurements_equal(again, sum);
        assert_measurements_equal(sums, sum);
        measurement_free(sum);
        measurement_free(again);
        measurement_free(sums);
        end_run();
    }
}

TEST_GROUP(splits)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits_of_a_run_add_up_to_it),
        cmocka_unit_test(test_splits_that_began_apart_add_up_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
