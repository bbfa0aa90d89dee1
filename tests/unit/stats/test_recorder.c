#include "testing.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/stats/recorder.h"

static struct recorder recorder;
static struct recorder other;

static int reset(void **state)
{
    (void)state;
    recorder_init(&recorder);
    recorder_init(&other);
    return 0;
}

static void succeed(struct recorder *into, uint64_t seq, uint64_t sent_ns, uint64_t done_ns)
{
    struct request_outcome outcome = {
        .seq = seq,
        .sent_ns = sent_ns,
        .done_ns = done_ns,
        .prompt = text_of("hello"),
        .reply = text_of("world"),
    };
    into->sent++;
    recorder_request_done(into, &outcome);
}

static void fail_request(struct recorder *into, uint64_t seq, uint64_t sent_ns, uint64_t done_ns)
{
    struct failure failure = {FAILURE_CLOSED, "1011", text_of("why")};
    struct request_outcome outcome = {
        .seq = seq,
        .sent_ns = sent_ns,
        .done_ns = done_ns,
        .failure = &failure,
        .prompt = text_of("hello"),
    };
    into->sent += sent_ns != 0;
    recorder_request_done(into, &outcome);
}

static void test_recorder_latency_is_sent_to_done_of_good_requests_only(void **state)
{
    (void)state;
    succeed(&recorder, 0, 1000, 3000);
    fail_request(&recorder, 1, 1000, 900000);
    assert_int_equal(recorder.ok, 1);
    assert_int_equal(recorder.failed, 1);
    assert_int_equal(recorder.latency.count, 1);
    assert_int_equal(recorder.latency.min_ns, 2000);
    assert_int_equal(recorder.latency.max_ns, 2000);
    assert_int_equal(recorder.last_done_ns, 900000);
    assert_int_equal(failures_requests(&recorder.failures), 1);
}

static void test_recorder_sums_hold_with_requests_that_never_were_sent(void **state)
{
    (void)state;
    succeed(&recorder, 10, 1000, 3000);
    fail_request(&recorder, 11, 0, 4000);
    fail_request(&recorder, 12, 2000, 5000);
    recorder.sent++;
    recorder.unanswered++;
    assert_int_equal(recorder.failed, 2);
    assert_int_equal(recorder.unsent, 1);
    assert_int_equal(recorder.sent + recorder.unsent,
                     recorder.ok + recorder.failed + recorder.unanswered);
}

static void test_recorder_last_done_is_the_latest_whatever_the_order(void **state)
{
    (void)state;
    succeed(&recorder, 10, 1000, 9000);
    succeed(&recorder, 11, 1000, 3000);
    assert_int_equal(recorder.last_done_ns, 9000);
}

static void test_recorder_keeps_samples_of_the_first_requests(void **state)
{
    (void)state;
    succeed(&recorder, 0, 1000, 3000);
    fail_request(&recorder, SAMPLE_COUNT - 1, 1000, 3000);
    succeed(&recorder, SAMPLE_COUNT, 1000, 3000);
    const struct sample *first = &recorder.samples[0];
    assert_true(first->present && first->ok && first->has_reply);
    assert_int_equal(first->latency_ns, 2000);
    assert_string_equal(first->prompt, "hello");
    assert_string_equal(first->reply, "world");
    assert_false(recorder.samples[1].present);
    const struct sample *last = &recorder.samples[SAMPLE_COUNT - 1];
    assert_true(last->present);
    assert_false(last->ok || last->has_reply);
    assert_int_equal(last->failure, FAILURE_CLOSED);
    assert_int_equal(last->latency_ns, 0);
}

static void test_recorder_cuts_samples_at_500_characters(void **state)
{
    static char emoji[4 * 600 + 1];
    (void)state;
    for (size_t i = 0; i < 600; i++)
        memcpy(emoji + 4 * i, "\xF0\x9F\x98\x80", 5);
    struct request_outcome outcome = {.prompt = text_of(emoji), .reply = text_of(emoji)};
    recorder_request_done(&recorder, &outcome);
    assert_int_equal(strlen(recorder.samples[0].prompt), 4 * 500);
    assert_int_equal(strlen(recorder.samples[0].reply), 4 * 500);
}

static void test_recorder_recent_p95_begins_anew_each_time(void **state)
{
    (void)state;
    assert_int_equal(recorder_take_recent_p95_ns(&recorder), 0);
    for (uint64_t i = 1; i <= 100; i++)
        succeed(&recorder, i, 1000, 1000 + i);
    assert_int_equal(recorder_take_recent_p95_ns(&recorder), 95);
    assert_int_equal(recorder_take_recent_p95_ns(&recorder), 0);
    succeed(&recorder, 101, 1000, 1700);
    assert_int_equal(recorder_take_recent_p95_ns(&recorder), 700);
    assert_int_equal(recorder.latency.count, 101);
}

static void test_recorder_counts_connections(void **state)
{
    struct failure failure = {FAILURE_CONNECT_REFUSED, "", text_of("")};
    (void)state;
    recorder_connection_opened(&recorder, 700, false);
    recorder_connection_opened(&recorder, 800, false);
    recorder_connection_opened(&recorder, 900, true);
    recorder_connection_failed(&recorder, &failure);
    assert_int_equal(recorder.connections.opened, 2);
    assert_int_equal(recorder.connections.reopened, 1);
    assert_int_equal(recorder.connect.count, 3);
    assert_int_equal(recorder.connect.max_ns, 900);
    assert_int_equal(recorder.failures.classes[0].count, 1);
    assert_int_equal(failures_requests(&recorder.failures), 0);
    assert_int_equal(recorder.failed, 0);
}

static void fill(struct recorder *one, struct recorder *two)
{
    recorder_init(one);
    recorder_init(two);
    succeed(one, 0, 1000, 5000);
    fail_request(one, 2, 0, 2000);
    recorder_connection_opened(one, 700, false);
    one->connections = (struct connection_counts){1, 2, 3, 4};
    one->unsolicited = 5;
    succeed(two, 1, 1000, 4000);
    succeed(two, 3, 1000, 3000);
    fail_request(two, 4, 1000, 9000);
    two->connections = (struct connection_counts){10, 20, 30, 40};
    two->sent++;
    two->unanswered++;
}

static void test_recorder_merge_adds_everything_in_any_order(void **state)
{
    static struct recorder reversed;
    (void)state;
    fill(&recorder, &other);
    recorder_merge(&recorder, &other);
    fill(&reversed, &other);
    recorder_merge(&other, &reversed);
    histogram_reset(&recorder.recent); /* the one thing that is not merged */
    histogram_reset(&other.recent);
    failures_sort(&recorder.failures);
    failures_sort(&other.failures);
    assert_memory_equal(&recorder, &other, sizeof(recorder));
    assert_int_equal(recorder.sent, 5);
    assert_int_equal(recorder.ok, 3);
    assert_int_equal(recorder.failed, 2);
    assert_int_equal(recorder.unsent, 1);
    assert_int_equal(recorder.unanswered, 1);
    assert_int_equal(recorder.unsolicited, 5);
    assert_int_equal(recorder.last_done_ns, 9000);
    assert_int_equal(recorder.latency.count, 3);
    assert_int_equal(recorder.connect.count, 1);
    assert_int_equal(recorder.connections.opened, 11);
    assert_int_equal(recorder.connections.reopened, 22);
    assert_int_equal(recorder.connections.failed, 33);
    assert_int_equal(recorder.connections.closed_by_server, 44);
    assert_int_equal(recorder.failures.classes[0].count, 2);
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        assert_true(recorder.samples[i].present);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_recorder_latency_is_sent_to_done_of_good_requests_only, reset),
        cmocka_unit_test_setup(test_recorder_sums_hold_with_requests_that_never_were_sent, reset),
        cmocka_unit_test_setup(test_recorder_last_done_is_the_latest_whatever_the_order, reset),
        cmocka_unit_test_setup(test_recorder_keeps_samples_of_the_first_requests, reset),
        cmocka_unit_test_setup(test_recorder_cuts_samples_at_500_characters, reset),
        cmocka_unit_test_setup(test_recorder_recent_p95_begins_anew_each_time, reset),
        cmocka_unit_test_setup(test_recorder_counts_connections, reset),
        cmocka_unit_test_setup(test_recorder_merge_adds_everything_in_any_order, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
