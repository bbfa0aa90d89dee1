#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "judging.h"

static void test_validity_believes_a_good_run(void **state)
{
    (void)state;
    assert_valid();
}

static void test_validity_asks_whose_fault_a_missed_rate_is(void **state)
{
    (void)state;
    seen->counts[COUNT_SENT_LATE] = 100;
    assert_valid();
    seen->counts[COUNT_SENT_LATE] = 101;
    assert_reason("rate", VALIDITY_INVALID,
                  "94 % of the asked rate with connections free (95 % at least)");
    seen->counts[COUNT_WAITED] = 99; /* 4.95 % */
    assert_reason("rate", VALIDITY_INVALID,
                  "94 % of the asked rate with connections free (95 % at least)");
    seen->counts[COUNT_WAITED] = 100;
    assert_reason("target", VALIDITY_VALID,
                  "the target did not keep up: 5 % of the requests waited for a free connection");
    assert_string_equal(validity.reasons[0].advice, "use more connections (-c) or --in-flight");
    seen->counts[COUNT_WAITED] = 0;
    seen->counts[COUNT_SENT_LATE] = 0;
    set_measured(seen, (struct account){.planned = 2000, .skipped = 500, .sent = 1500, .ok = 1500});
    assert_reason("target", VALIDITY_VALID,
                  "the target did not keep up: 25 % of the requests waited for a free connection");
    seen->load.model = LOAD_CLOSED;
    assert_valid();
}

/* Both, and the target is not blamed. */
static void assert_rate_missed_and(const char *check, enum validity_grade grade)
{
    look();
    assert_int_equal(validity.count, 2);
    assert_int_equal(validity.grade, VALIDITY_INVALID);
    assert_string_equal(validity.reasons[0].check, "rate");
    assert_string_equal(validity.reasons[0].text, "75 % of the asked rate (95 % at least)");
    assert_string_equal(validity.reasons[1].check, check);
    assert_int_equal(validity.reasons[1].grade, grade);
}

static void test_validity_does_not_blame_the_target_for_a_busy_generator(void **state)
{
    (void)state;
    set_measured(seen, (struct account){.planned = 2000, .skipped = 500, .sent = 1500, .ok = 1500});
    seen->worker_use[0].cpu = 0.96;
    assert_rate_missed_and("cpu", VALIDITY_DOUBTFUL);
    seen->worker_use[0].cpu = 0.9;
    set_samples(DIST_REPLY_WAIT, 51 * NS_PER_MS);
    assert_rate_missed_and("reply_wait", VALIDITY_VALID);
    set_samples(DIST_REPLY_WAIT, 50 * NS_PER_MS); /* not enough to miss a rate by */
    look();
    assert_int_equal(validity.count, 2);
    assert_string_equal(validity.reasons[1].check, "target");
    read_without_stamps();
    set_samples(DIST_LOOP_LAG, 51 * NS_PER_MS);
    assert_rate_missed_and("loop_lag", VALIDITY_INVALID);
}

static void count_requests(uint64_t ended, uint64_t failed)
{
    seen->failures.count = 0;
    count_failures(seen, FAILURE_REPLY_TIMEOUT, failed, 1);
    set_measured(
        seen,
        (struct account){.planned = ended, .sent = ended, .ok = ended - failed, .failed = failed});
}

/* 200 a second on 8 connections: 40 ms each, of which the target takes 30. */
static void test_validity_knows_who_kept_the_connections(void **state)
{
    static const struct {
        const char *what;
        uint64_t latency_ns, reply_wait_ns, late_ns;
        uint32_t opened;
        uint64_t failed;
        bool by_wsload;
    } cases[] = {
        {"they would do without its wait", 30 * NS_PER_MS, 15 * NS_PER_MS, 0, 8, 0, true},
        {"it waited before it sent", 30 * NS_PER_MS, 0, 15 * NS_PER_MS, 8, 0, true},
        {"they would not do", 50 * NS_PER_MS, 15 * NS_PER_MS, 0, 8, 0, false},
        {"there were not so many", 30 * NS_PER_MS, 15 * NS_PER_MS, 0, 5, 0, false},
        {"it hardly waited", 30 * NS_PER_MS, NS_PER_MS, 0, 8, 0, false},
        {"failures took them", 30 * NS_PER_MS, 15 * NS_PER_MS, 0, 8, 500, false},
    };
    (void)state;
    seen->load.in_flight = 1;
    seen->load.connections = 8;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        count_requests(2000, cases[i].failed);
        seen->counts[COUNT_OPENED] = cases[i].opened;
        seen->counts[COUNT_WAITED] = 1900;
        seen->counts[COUNT_SENT_LATE] = 200;
        set_samples(DIST_LATENCY, cases[i].latency_ns);
        set_samples(DIST_REPLY_WAIT, cases[i].reply_wait_ns);
        set_samples(DIST_UNDELAYED, NS_PER_S);
        set_samples(DIST_RESPONSE_TIME, NS_PER_S + cases[i].late_ns);
        look();
        bool by_wsload = validity.grade == VALIDITY_INVALID;
        if (by_wsload != cases[i].by_wsload)
            fail_msg("%s: %s", cases[i].what, validity.reasons[0].text);
    }
}

/* What is in no latency may have kept them, too. */
static void test_validity_does_not_know_who_kept_other_connections(void **state)
{
    static const struct {
        const char *what;
        enum load_reply reply;
        bool per_request;
        uint64_t reopened, rotated;
        bool by_wsload;
    } cases[] = {
        {"nothing else did", REPLY_MESSAGE, false, 0, 0, true},
        {"silence that ends a stream", REPLY_STREAM, false, 0, 0, false},
        {"a handshake for each request", REPLY_MESSAGE, true, 0, 0, false},
        {"a few that opened again", REPLY_MESSAGE, false, 50, 50, true},
        {"many that broke", REPLY_MESSAGE, false, 101, 0, false},
        {"many that were rotated", REPLY_MESSAGE, false, 0, 101, false},
    };
    (void)state;
    seen->load.in_flight = 1;
    seen->load.connections = 8;
    seen->counts[COUNT_OPENED] = 8;
    seen->counts[COUNT_WAITED] = 1900;
    seen->counts[COUNT_SENT_LATE] = 200;
    set_samples(DIST_REPLY_WAIT, 15 * NS_PER_MS);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        seen->load.reply = cases[i].reply;
        seen->load.connection_per_request = cases[i].per_request;
        seen->counts[COUNT_REOPENED] = cases[i].reopened;
        seen->counts[COUNT_ROTATED] = cases[i].rotated;
        look();
        bool by_wsload = validity.grade == VALIDITY_INVALID;
        if (by_wsload != cases[i].by_wsload)
            fail_msg("%s: %s", cases[i].what, validity.reasons[0].text);
    }
}

static void test_validity_doubts_a_load_on_fewer_connections(void **state)
{
    (void)state;
    seen->load.connections = 20;
    seen->counts[COUNT_OPENED] = 20;
    assert_valid();
    seen->counts[COUNT_OPENED] = 19;
    assert_reason("opened", VALIDITY_VALID, "1 of 20 connections never opened");
    seen->counts[COUNT_OPENED] = 14;
    assert_reason("opened", VALIDITY_DOUBTFUL, "6 of 20 connections never opened");
    seen->signal = 2; /* it did not come to that */
    assert_valid();
    seen->signal = 0;
    seen->load.connection_per_request = true;
    assert_valid();
    seen->load.connection_per_request = false;
    seen->load.model = LOAD_CLOSED;
    seen->load.stages.count = 1;
    assert_valid();
}

static void test_validity_does_not_blame_wsload_for_connections_that_do_not_open(void **state)
{
    struct failure refused = {FAILURE_CONNECT_REFUSED, "", {NULL, 0}};
    (void)state;
    set_measured(seen,
                 (struct account){
                     .planned = 2000, .sent = 1000, .unsent = 1000, .ok = 1000, .failed = 1000});
    for (int i = 0; i < 1000; i++)
        failures_add(&seen->failures, &refused, 1);
    assert_valid();
}

/* How many come due is chance, or a matter of where the end is; only what was not sent counts. */
static void test_validity_forgives_chance_and_nothing_else(void **state)
{
    static const struct {
        double asked_per_s;
        enum arrival_law law;
        uint64_t planned;
        uint64_t late_trusted; /* one more is too many */
        const char *text;
    } cases[] = {
        {10, ARRIVAL_POISSON, 70, 3,
         "94 % of the asked rate with connections free (95 % at least)"},
        {10, ARRIVAL_POISSON, 30, 1,
         "93 % of the asked rate with connections free (95 % at least)"},
        {1, ARRIVAL_CONSTANT, 9, 0, "88 % of the asked rate with connections free (95 % at least)"},
        {1, ARRIVAL_CONSTANT, 20, 1,
         "90 % of the asked rate with connections free (95 % at least)"},
        {0.01, ARRIVAL_CONSTANT, 1, 0,
         "0 % of the asked rate with connections free (95 % at least)"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t planned = cases[i].planned;
        seen->load.stages.start = cases[i].asked_per_s;
        seen->load.arrival = cases[i].law;
        set_measured(seen, (struct account){.planned = planned, .sent = planned, .ok = planned});
        seen->counts[COUNT_SENT_LATE] = cases[i].late_trusted;
        assert_valid();
        seen->counts[COUNT_SENT_LATE]++;
        assert_reason("rate", VALIDITY_INVALID, cases[i].text);
    }
    seen->counts[COUNT_SENT_LATE] = 0;
    set_measured(seen, (struct account){0});
    assert_valid();
}

static void test_validity_rejects_a_run_that_ran_out_of_something(void **state)
{
    struct failure ports = {FAILURE_EXHAUSTED, "ports", {NULL, 0}};
    struct failure unknown = {FAILURE_EXHAUSTED, "", {NULL, 0}};
    struct failure reset = {FAILURE_RESET, "", {NULL, 0}};
    (void)state;
    failures_add(&seen->failures, &reset, 0);
    assert_valid();
    failures_add(&seen->failures, &ports, 0);
    assert_reason("exhausted", VALIDITY_INVALID, "this machine ran out of ports, 1 time");
    failures_add(&seen->failures, &ports, 0);
    assert_reason("exhausted", VALIDITY_INVALID, "this machine ran out of ports, 2 times");
    seen->failures.count = 0;
    failures_add(&seen->failures, &unknown, 0);
    assert_reason("exhausted", VALIDITY_INVALID,
                  "this machine ran out of what a connection needs, 1 time");
}

static void test_validity_names_one_machine_without_blame(void **state)
{
    (void)state;
    seen->same_machine = true;
    assert_reason("same_machine", VALIDITY_VALID, "client and server share one machine");
    assert_string_equal(validity.reasons[0].advice, "");
}

static void test_validity_says_why_a_rate_without_an_end_ended(void **state)
{
    (void)state;
    seen->load.requests = seen->load.prompts = 2000;
    assert_reason("prompts", VALIDITY_VALID,
                  "it ended when each of 2,000 prompts had been sent once");
    assert_string_equal(validity.reasons[0].advice,
                        "to go on, from the first prompt again, add -d or -n");
    seen->load.prompts = 1000; /* it went round */
    assert_valid();
    seen->load.prompts = 2000;
    seen->load.duration_ns = NS_PER_S;
    assert_valid();
    seen->load.duration_ns = 0;
    seen->load.requests = seen->load.prompts = 3000; /* it was interrupted */
    assert_valid();
    seen->load.requests = seen->load.prompts = 2000;
    seen->load.model = LOAD_CLOSED;
    assert_valid();
}

/* The only reason: 2,000 requests were sent, none of them was answered, and IN_VAIN waited for it.
 */
static void fill_unanswered(uint64_t in_vain)
{
    struct failure timeout = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    struct failure reset = {FAILURE_RESET, "", {NULL, 0}};
    set_measured(seen, (struct account){.planned = 2000, .sent = 2000, .failed = 2000});
    seen->failures.count = 0;
    for (uint64_t i = 0; i < 2000; i++)
        failures_add(&seen->failures, i < in_vain ? &timeout : &reset, 1);
}

static void test_validity_says_when_nothing_came_back(void **state)
{
    (void)state;
    fill_unanswered(1);
    assert_reason("no_replies", VALIDITY_VALID, "nothing at all came back");
    assert_string_equal(validity.reasons[0].advice,
                        "the route may have no route response, or the backend never posts to the "
                        "connection; use --one-way if no reply is meant");
    seen->load.reply = REPLY_NONE;
    assert_valid();
    seen->load.reply = REPLY_MESSAGE;
    seen->counts[COUNT_RECEIVED_MESSAGES] = 1;
    assert_valid();
    seen->counts[COUNT_RECEIVED_MESSAGES] = 0;
    fill_unanswered(0); /* connections that broke answer for themselves */
    assert_valid();
    set_account(seen, COUNT_WARMUP_PLANNED,
                (struct account){.planned = 1, .sent = 1, .unanswered = 1});
    assert_reason("no_replies", VALIDITY_VALID, "nothing at all came back");
    set_account(seen, COUNT_WARMUP_PLANNED,
                (struct account){.planned = 2, .sent = 2, .ok = 1, .unanswered = 1});
    assert_valid();
    set_account(seen, COUNT_WARMUP_PLANNED, (struct account){0});
    seen->failures.count = 0;
    set_measured(seen, (struct account){.planned = 2000, .sent = 2000, .unanswered = 2000});
    assert_reason("no_replies", VALIDITY_VALID, "nothing at all came back");
}

static void test_validity_doubts_a_record_with_holes(void **state)
{
    (void)state;
    seen->counts[COUNT_RECORD_LOST] = 1;
    assert_reason("record_lost", VALIDITY_DOUBTFUL, "--record had to leave out 1 request");
    seen->counts[COUNT_RECORD_LOST] = 12345;
    assert_reason("record_lost", VALIDITY_DOUBTFUL, "--record had to leave out 12,345 requests");
}

/* --- Messages that no request asked for --- */

static void count_unasked(uint64_t late, uint64_t unsolicited, uint64_t connections)
{
    seen->counts[COUNT_LATE] = late;
    seen->counts[COUNT_UNSOLICITED] = unsolicited;
    seen->counts[COUNT_UNASKED_CONNECTIONS] = connections;
}

static void test_validity_trusts_no_order_that_unasked_messages_shift(void **state)
{
    static const struct {
        uint64_t ended, failed, late, unsolicited, connections;
        const char *text; /* NULL: valid */
    } cases[] = {
        {2000, 0, 99, 0, 9, NULL},
        {2000, 0, 50, 49, 9, NULL},
        {2000, 0, 50, 50, 9, "100 messages came that no request asked for, on 9 of 20 connections"},
        {2000, 0, 38000, 0, 9,
         "38,000 messages came that no request asked for, on 9 of 20 connections"},
        {2000, 0, 10, 0, 10, /* one left over on half of them */
         "10 messages came that no request asked for, on 10 of 20 connections"},
        {20, 0, 1, 0, 1, "1 message came that no request asked for, on 1 of 20 connections"},
        {2000, 400, 400, 0, 20, NULL}, /* the replies to those that failed, and all of them */
        {2000, 400, 499, 0, 9, NULL},
        {2000, 400, 500, 0, 9,
         "100 messages came that no request asked for, on 9 of 20 connections"},
        {2000, 400, 0, 100, 9, /* these are no replies */
         "100 messages came that no request asked for, on 9 of 20 connections"},
    };
    (void)state;
    seen->counts[COUNT_OPENED] = 17;
    seen->counts[COUNT_REOPENED] = 2;
    seen->counts[COUNT_ROTATED] = 1;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        count_requests(cases[i].ended, cases[i].failed);
        count_unasked(cases[i].late, cases[i].unsolicited, cases[i].connections);
        if (!cases[i].text)
            assert_valid();
        else
            assert_reason("unasked", VALIDITY_INVALID, cases[i].text);
    }
}

static void test_validity_of_connections_for_one_request_looks_at_the_last(void **state)
{
    (void)state;
    seen->load.connection_per_request = true;
    seen->counts[COUNT_OPENED] = 2000;
    seen->counts[COUNT_LISTENED] = 20;
    count_unasked(9, 0, 9);
    assert_valid();
    count_unasked(10, 0, 10);
    assert_reason("unasked", VALIDITY_INVALID,
                  "10 messages came that no request asked for, on 10 of 20 connections");
}

static void test_validity_asks_replies_of_the_warm_up_too(void **state)
{
    (void)state;
    seen->counts[COUNT_OPENED] = 20;
    seen->counts[COUNT_WARMUP_PLANNED] = seen->counts[COUNT_WARMUP_SENT] = 2000;
    seen->counts[COUNT_WARMUP_OK] = 2000;
    count_unasked(0, 199, 9);
    assert_valid();
    count_unasked(0, 200, 9);
    look();
    assert_int_equal(validity.grade, VALIDITY_INVALID);
}

static void test_validity_only_doubts_what_rules_have_told_apart(void **state)
{
    (void)state;
    seen->counts[COUNT_OPENED] = 20;
    count_unasked(0, 200, 20);
    seen->load.told_by = TOLD_BY_ID;
    look();
    assert_int_equal(validity.grade, VALIDITY_DOUBTFUL);
    seen->load.told_by = TOLD_BY_END;
    look();
    assert_int_equal(validity.grade, VALIDITY_DOUBTFUL);
    seen->load.reply = REPLY_STREAM;
    look();
    assert_int_equal(validity.grade, VALIDITY_DOUBTFUL);
    seen->load.reply = REPLY_NONE;
    assert_valid();
}

static void test_validity_lets_each_stream_say_one_thing_more_with_its_id(void **state)
{
    (void)state;
    seen->counts[COUNT_OPENED] = 20;
    seen->load.told_by = TOLD_BY_ID;
    seen->load.reply = REPLY_STREAM;
    count_unasked(2000, 0, 20);
    assert_valid();
    count_unasked(2001, 0, 20); /* they end too early */
    assert_reason("unasked", VALIDITY_DOUBTFUL,
                  "1 message came that no request asked for, on 20 of 20 connections");
    count_unasked(0, 100, 9); /* these have no id of ours */
    look();
    assert_int_equal(validity.grade, VALIDITY_DOUBTFUL);
    seen->load.told_by = TOLD_BY_END; /* without ids it is taken for the next reply */
    count_unasked(2000, 0, 20);
    look();
    assert_int_equal(validity.grade, VALIDITY_DOUBTFUL);
}

static void test_validity_quotes_an_unasked_message_and_names_its_flag(void **state)
{
    static const struct {
        const char *message, *text;
    } cases[] = {
        {"{\"type\":\"keepalive\"}",
         ", as {\"type\":\"keepalive\"}; if that is no reply: --ignore 'json:type=keepalive'"},
        {"it's alive", ", as it's alive; if that is no reply: --ignore 'text:it'\\''s alive'"},
        {"{\"message\":\"a long text of its own that is said but once, and goes on\"}",
         ", as {\"message\":\"a long text of its own that is said but once..."},
    };
    (void)state;
    seen->counts[COUNT_OPENED] = 20;
    count_unasked(0, 200, 20);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char rule[RULE_FOR_SIZE];
        seen->unasked.count = 0;
        rule_for(text_of(cases[i].message), rule);
        unasked_add(&seen->unasked, rule, text_of(cases[i].message));
        look();
        assert_non_null(strstr(validity.reasons[0].text, cases[i].text));
        assert_null(strstr(validity.reasons[0].advice, "workers"));
        assert_non_null(strstr(validity.reasons[0].advice, "wsload try"));
    }
}

static void test_validity_knows_a_stream_by_how_much_came_unasked(void **state)
{
    (void)state;
    seen->counts[COUNT_OPENED] = 20;
    unasked_add(&seen->unasked, "json:type=ping", TEXT("{\"type\":\"ping\"}"));
    for (int i = 0; i < 2; i++)
        unasked_add(&seen->unasked, "json:type=token", TEXT("{\"type\":\"token\"}"));
    count_unasked(REQUESTS, 0, 20);
    look();
    assert_non_null(strstr(validity.reasons[0].text, "as {\"type\":\"ping\"}; if that is"));
    count_unasked(REQUESTS + 1, 0, 20);
    look();
    assert_non_null(strstr(validity.reasons[0].text,
                           "as {\"type\":\"token\"}; replies seem to come in several messages: "
                           "--reply-end"));
    seen->load.told_by = TOLD_BY_ID;
    look();
    assert_non_null(strstr(validity.reasons[0].text, "as {\"type\":\"ping\"}; if that is"));
    seen->load.told_by = TOLD_BY_ORDER;
    seen->unasked.kinds[0].count = 3; /* most are keep-alives, in long pauses */
    look();
    assert_non_null(strstr(validity.reasons[0].text, "as {\"type\":\"ping\"}; if that is"));
}

static void test_validity_puts_unasked_messages_before_lateness(void **state)
{
    (void)state;
    count_unasked(2000, 0, 0);
    seen->load.told_by = TOLD_BY_END;
    send_late(5 * NS_PER_MS);
    look();
    assert_string_equal(validity.reasons[0].check, "unasked");
    assert_string_equal(validity.reasons[1].check, "send_lag");
}

static void test_validity_asks_no_latency_of_one_way_requests(void **state)
{
    (void)state;
    seen->load.reply = REPLY_NONE;
    histogram_reset(&seen->distributions[DIST_LATENCY]);
    histogram_reset(&seen->distributions[DIST_RESPONSE_TIME]);
    assert_int_equal(thresholds_add(&thresholds, "name", "response_time:p(95)", THRESHOLD_BELOW, 1),
                     0);
    assert_valid();
}

static void test_validity_doubts_percentiles_that_rest_on_little(void **state)
{
    static const struct {
        const char *selector;
        int samples;
        const char *text; /* NULL: valid */
    } cases[] = {
        {"latency:p(95)", 200, NULL},
        {"latency:p(95)", 199, "9 samples beyond latency:p(95) of a threshold (10 at least)"},
        {"latency:p(95)", 39, "1 sample beyond latency:p(95) of a threshold (10 at least)"},
        {"latency:med", 20, NULL},
        {"latency:med", 19, "9 samples beyond latency:med of a threshold (10 at least)"},
        {"latency:p(100)", 5, NULL},
        {"latency:avg", 5, NULL},
        {"latency:p(95)", 0, NULL},
        {"success_rate", 5, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        thresholds.count = 0;
        thresholds_add(&thresholds, "name", cases[i].selector, THRESHOLD_BELOW, 1);
        histogram_reset(&seen->distributions[DIST_LATENCY]);
        for (int j = 0; j < cases[i].samples; j++)
            histogram_record(&seen->distributions[DIST_LATENCY], 20 * NS_PER_MS);
        if (!cases[i].text)
            assert_valid();
        else
            assert_reason("samples", VALIDITY_DOUBTFUL, cases[i].text);
    }
}

static void test_validity_rejects_sums_that_do_not_hold(void **state)
{
    (void)state;
    seen->counts[COUNT_PLANNED]++;
    assert_reason("sums", VALIDITY_INVALID,
                  "measured part: 2001 requests planned, but 2000 sent, 0 unsent and 0 skipped");
}

static void test_validity_puts_the_worst_reason_first(void **state)
{
    static const char *const expected[] = {"sums", "exhausted", "send_lag", "cpu", "same_machine"};
    struct failure ports = {FAILURE_EXHAUSTED, "ports", {NULL, 0}};
    (void)state;
    seen->same_machine = true;
    seen->worker_use[0].cpu = 1;
    send_late(5 * NS_PER_MS);
    failures_add(&seen->failures, &ports, 0);
    seen->counts[COUNT_PLANNED]++;
    look();
    assert_int_equal(validity.grade, VALIDITY_INVALID);
    assert_int_equal(validity.count, ARRAY_LENGTH(expected));
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
        assert_string_equal(validity.reasons[i].check, expected[i]);
}

static void test_validity_fits_the_longest_text(void **state)
{
    (void)state;
    set_measured(seen, (struct account){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0, 0});
    look();
    assert_string_equal(validity.reasons[0].check, "sums");
    assert_non_null(memchr(validity.reasons[0].text, '\0', sizeof(validity.reasons[0].text)));
}

static void test_validity_grades_have_names(void **state)
{
    (void)state;
    assert_string_equal(validity_grade_name(VALIDITY_VALID), "valid");
    assert_string_equal(validity_grade_name(VALIDITY_DOUBTFUL), "doubtful");
    assert_string_equal(validity_grade_name(VALIDITY_INVALID), "invalid");
    for (int i = VALIDITY_VALID; i <= VALIDITY_INVALID; i++) {
        enum validity_grade grade;
        assert_true(validity_grade_of(validity_grade_name((enum validity_grade)i), &grade));
        assert_int_equal(grade, i);
        assert_false(validity_grade_of("", &grade));
        assert_false(validity_grade_of("invali", &grade));
    }
}

/* --- Remarks about the parts of a sum --- */

static void remark(unsigned grade, const char *source, const char *check, const char *text)
{
    struct remark remark = {.grade = grade};
    snprintf(remark.source, sizeof(remark.source), "%s", source);
    snprintf(remark.check, sizeof(remark.check), "%s", check);
    snprintf(remark.text, sizeof(remark.text), "%s", text);
    measurement_add_remark(seen, &remark);
}

static void test_validity_keeps_what_was_remarked_about_a_part(void **state)
{
    (void)state;
    remark(VALIDITY_DOUBTFUL, "a.json", "cpu", "a worker at 99 % CPU (90 % at most)");
    look();
    assert_int_equal(validity.count, 1);
    assert_int_equal(validity.grade, VALIDITY_DOUBTFUL);
    assert_string_equal(validity.reasons[0].source, "a.json");
    assert_string_equal(validity.reasons[0].check, "cpu");
    assert_string_equal(validity.reasons[0].text, "a worker at 99 % CPU (90 % at most)");
    assert_string_equal(validity.reasons[0].advice,
                        "use more workers (-t), less load, or a bigger or quieter machine");
}

static void test_validity_has_no_advice_on_a_check_that_it_does_not_know(void **state)
{
    (void)state;
    remark(VALIDITY_VALID, "a.json", "weather", "it rained");
    look();
    assert_int_equal(validity.grade, VALIDITY_VALID);
    assert_string_equal(validity.reasons[0].text, "it rained");
    assert_string_equal(validity.reasons[0].advice, "");
}

/* The whole has send lag of each grade, and two of its parts were remarked. */
static void test_validity_does_not_say_twice_what_a_part_is_blamed_for(void **state)
{
    static const struct {
        uint64_t lag_ns; /* of the whole */
        unsigned remarked;
        size_t count;
        const char *first_source;
        enum validity_grade grade;
    } cases[] = {
        {NS_PER_MS, VALIDITY_DOUBTFUL, 2, "a.json", VALIDITY_DOUBTFUL},
        {5 * NS_PER_MS, VALIDITY_DOUBTFUL, 2, "a.json", VALIDITY_DOUBTFUL},
        {5 * NS_PER_MS, VALIDITY_INVALID, 2, "a.json", VALIDITY_INVALID},
        {NS_PER_S, VALIDITY_INVALID, 2, "a.json", VALIDITY_INVALID},
        {NS_PER_S, VALIDITY_DOUBTFUL, 3, "", VALIDITY_INVALID}, /* the whole is worse */
        {5 * NS_PER_MS, VALIDITY_VALID, 3, "", VALIDITY_DOUBTFUL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        seen->remark_count = 0;
        remark(cases[i].remarked, "b.json", "send_lag", "late");
        remark(cases[i].remarked, "a.json", "send_lag", "later");
        send_late(cases[i].lag_ns);
        look();
        assert_int_equal(validity.count, cases[i].count);
        assert_int_equal(validity.grade, cases[i].grade);
        assert_string_equal(validity.reasons[0].source, cases[i].first_source);
        assert_string_equal(validity.reasons[validity.count - 1].source, "b.json");
    }
}

static void test_validity_says_of_the_whole_what_no_part_was_blamed_for(void **state)
{
    (void)state;
    remark(VALIDITY_DOUBTFUL, "a.json", "cpu", "busy");
    send_late(5 * NS_PER_MS);
    look();
    assert_int_equal(validity.count, 2);
    assert_string_equal(validity.reasons[0].check, "send_lag");
    assert_string_equal(validity.reasons[0].source, "");
    assert_string_equal(validity.reasons[1].check, "cpu");
}

static void test_validity_has_room_for_every_reason_there_can_be(void **state)
{
    char source[24];
    (void)state;
    for (int i = 0; i < REMARKS_MAX + 5; i++) {
        snprintf(source, sizeof(source), "%d.json", i);
        remark(VALIDITY_VALID, source, "target", "slow");
    }
    seen->same_machine = true;
    seen->counts[COUNT_PLANNED]++;
    seen->counts[COUNT_RECORD_LOST] = 1;
    seen->counts[COUNT_SENT_LATE] = REQUESTS;
    seen->counts[COUNT_LATE] = REQUESTS;
    seen->worker_use[0].cpu = 1;
    count_failures(seen, FAILURE_EXHAUSTED, 1, 0);
    send_late(NS_PER_S);
    read_without_stamps();
    set_samples(DIST_LOOP_LAG, NS_PER_S);
    look();
    assert_int_equal(validity.count, REMARKS_MAX + 9);
    for (size_t i = 1; i < validity.count; i++)
        assert_true(validity.reasons[i - 1].grade >= validity.reasons[i].grade);
}

TEST_GROUP(validity)
{
    const struct CMUnitTest tests[] = {
        JUDGE_TEST(test_validity_believes_a_good_run),
        JUDGE_TEST(test_validity_asks_whose_fault_a_missed_rate_is),
        JUDGE_TEST(test_validity_does_not_blame_the_target_for_a_busy_generator),
        JUDGE_TEST(test_validity_knows_who_kept_the_connections),
        JUDGE_TEST(test_validity_does_not_know_who_kept_other_connections),
        JUDGE_TEST(test_validity_doubts_a_load_on_fewer_connections),
        JUDGE_TEST(test_validity_does_not_blame_wsload_for_connections_that_do_not_open),
        JUDGE_TEST(test_validity_forgives_chance_and_nothing_else),
        JUDGE_TEST(test_validity_rejects_a_run_that_ran_out_of_something),
        JUDGE_TEST(test_validity_names_one_machine_without_blame),
        JUDGE_TEST(test_validity_says_why_a_rate_without_an_end_ended),
        JUDGE_TEST(test_validity_says_when_nothing_came_back),
        JUDGE_TEST(test_validity_doubts_a_record_with_holes),
        JUDGE_TEST(test_validity_trusts_no_order_that_unasked_messages_shift),
        JUDGE_TEST(test_validity_of_connections_for_one_request_looks_at_the_last),
        JUDGE_TEST(test_validity_asks_replies_of_the_warm_up_too),
        JUDGE_TEST(test_validity_only_doubts_what_rules_have_told_apart),
        JUDGE_TEST(test_validity_lets_each_stream_say_one_thing_more_with_its_id),
        JUDGE_TEST(test_validity_quotes_an_unasked_message_and_names_its_flag),
        JUDGE_TEST(test_validity_knows_a_stream_by_how_much_came_unasked),
        JUDGE_TEST(test_validity_puts_unasked_messages_before_lateness),
        JUDGE_TEST(test_validity_asks_no_latency_of_one_way_requests),
        JUDGE_TEST(test_validity_doubts_percentiles_that_rest_on_little),
        JUDGE_TEST(test_validity_rejects_sums_that_do_not_hold),
        JUDGE_TEST(test_validity_puts_the_worst_reason_first),
        JUDGE_TEST(test_validity_fits_the_longest_text),
        JUDGE_TEST(test_validity_grades_have_names),
        JUDGE_TEST(test_validity_keeps_what_was_remarked_about_a_part),
        JUDGE_TEST(test_validity_has_no_advice_on_a_check_that_it_does_not_know),
        JUDGE_TEST(test_validity_does_not_say_twice_what_a_part_is_blamed_for),
        JUDGE_TEST(test_validity_says_of_the_whole_what_no_part_was_blamed_for),
        JUDGE_TEST(test_validity_has_room_for_every_reason_there_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
