#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "console_reading.h"
#include "fixtures.h"
#include "screen.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/stats/recorder.h"

static void test_counts_of_streams_tell_what_replies_are_made_of(void **state)
{
    const struct fixture *run = fixture("stream");
    (void)state;
    assert_shows(run, "\ngoodput       14.3/s   within every latency threshold\n");
    assert_shows(run, "\nreplies       2,700 messages   15.0 per reply   4.1 KiB per reply\n");
    assert_shows(run, "\nmessages      12 late   3 unsolicited   1,040 ignored\n");
    assert_shows(run, "   2 lost   2 reopened   5 rotated\n");
    assert_shows(run, "\n  ttfm, ms        300     572     600     828     852*");
    assert_shows(run, "\n  gap, ms        38.0    40.0");
    assert_shows(run, "\n  tpom, ms       38.0    40.0");
}

static void test_counts_leave_out_what_there_was_none_of(void **state)
{
    static const char *const absent[] = {"goodput", "replies", "messages", "--one-way",
                                         "ttfm",    "gap",     "tpom",     "rotated",
                                         "cost",    "quota",   "note"};
    struct fixture *run = fixture("passed");
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(absent); i++)
        assert_hides(run, absent[i]);
    run->measurement->counts[COUNT_LATE] = 1;
    assert_shows(run, "\nmessages      1 late\n");
}

static void test_counts_of_one_way_runs_say_why_there_are_no_latencies(void **state)
{
    const struct fixture *run = fixture("one_way");
    (void)state;
    assert_shows(run, "\nlatency       none: --one-way\n");
    assert_hides(run, "latency, ");
    assert_hides(run, "response, ");
}

static void test_counts_estimate_the_cost_at_the_prices_used(void **state)
{
    struct fixture *run = fixture("stream");
    (void)state;
    assert_shows(run, "\ncost          $0.0029 estimated   $0.015 per 1,000 prompts\n"
                      "              at $1.00 per million messages, "
                      "$0.25 per million minutes\n"
                      "quota         265 messages/s of the account's 10,000\n");
    assert_shows(fixture("one_way"), "\n              at $0.80 per million messages, "
                                     "$0.2125 per million minutes\n");
    run = fixture("hold");
    run->measurement->load.gateway = true;
    assert_shows(run, "\ncost          $0.000025 estimated\n              at $1.00");
}

static void test_counts_of_a_silent_run_say_that_nothing_came_back(void **state)
{
    (void)state;
    assert_shows(fixture("silent"), "\nnote          nothing at all came back\n"
                                    "              the route may have no route response, ");
}

static void test_counts_tell_round_trips_and_what_was_sent_again(void **state)
{
    static const struct {
        uint64_t rtt_us, min_us, again;
        const char *line;
    } cases[] = {
        {21300, 20100, 0, "\nnetwork       RTT p50 21.3 ms (min 20.1)\n"},
        {21300, 20100, 3, "\nnetwork       RTT p50 21.3 ms (min 20.1)   3 segments sent again\n"},
        {1200, 987, 1, "\nnetwork       RTT p50 1.20 ms (min 987 us)   1 segment sent again\n"},
        {1200000, 300, 0, "\nnetwork       RTT p50 1.20 s (min 300 us)\n"},
        {50, 0, 12345, "\nnetwork       RTT p50 50.0 us   12,345 segments sent again\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fixture *run = fixture("no_connection");
        struct network_seen network = {.rtt_ns = cases[i].rtt_us * NS_PER_US,
                                       .min_rtt_ns = cases[i].min_us * NS_PER_US,
                                       .retransmits = cases[i].again};
        assert_hides(run, "network");
        recorder_network(run->recorder, &network);
        assert_shows(run, cases[i].line);
    }
}

static void test_counts_tell_of_this_machines_network_only_what_went_wrong(void **state)
{
    struct fixture *run = fixture("passed");
    (void)state;
    assert_shows(run, "\nnetwork       RTT p50 ");
    run->measurement->same_machine = true;
    assert_hides(run, "network");
    run->measurement->counts[COUNT_RETRANSMITS] = 1;
    assert_shows(run, "   1 segment sent again\n");
}

static void test_counts_follow_the_verdict_on_a_record_that_failed(void **state)
{
    struct fixture *run = fixture("passed");
    (void)state;
    run->measurement->record_failed = true;
    fixture_judge(run);
    assert_shows(run, "\nFAILED   the record could not be written                         "
                      "         exit 2\n");
}

/* --- Errors --- */

static void assert_error_shows(enum failure_kind kind, const char *detail, const char *example,
                               const char *text)
{
    struct fixture *run = fixture("passed");
    struct failure failure = {kind, detail, text_of(example)};
    failures_add(&run->measurement->failures, &failure, 1);
    assert_shows(run, text);
}

static void test_errors_tell_the_detail_before_the_hint(void **state)
{
    static const struct {
        enum failure_kind kind;
        const char *detail;
        const char *start;
    } cases[] = {
        {FAILURE_TRUNCATED, "closed 1001", "1   truncated   closed 1001: "},
        {FAILURE_TRUNCATED, "eof", "1   truncated   eof: "},
        {FAILURE_UNEXPECTED_REPLY, "json:ok=true", "1   unexpected_reply   json:ok=true: "},
        {FAILURE_SETUP, "on_connect 2", "1   setup   on_connect 2: "},
        {FAILURE_EOF, "", "1   eof   "},
        {FAILURE_GATEWAY_ERROR, "Forbidden", "1   gateway_error   \"Forbidden\": "},
        {FAILURE_GATEWAY_ERROR, "", "1   gateway_error   "},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[128];
        snprintf(text, sizeof(text), "%s%.8s", cases[i].start,
                 failure_hint(cases[i].kind, cases[i].detail));
        assert_error_shows(cases[i].kind, cases[i].detail, "", text);
    }
}

static void test_errors_of_api_gateway_give_the_ids_of_one_frame(void **state)
{
    static const struct {
        const char *frame;
        const char *text;
    } cases[] = {
        {"{\"message\": \"Internal server error\", \"connectionId\":\"Qyi07=\", "
         "\"requestId\":\"Qyi3=\"}",
         "\n                  e.g. requestId Qyi3=   connectionId Qyi07=\n"},
        {"{\"message\":\"Bad request body\",\"messageId\":\"m-1\"}", "e.g. messageId m-1\n"},
        {"{\"connectionId\":null,\"requestId\":\"r\\u001b[31m\"}", "e.g. requestId r\\u001b[31m\n"},
        {"{\"requestId\":\"r-1\",\"cut\":\"her", "e.g. requestId r-1\n"},
        {"{\"message\":\"Forbidden\"}", "e.g. {\"message\":\"Forbidden\"}\n"},
        {"Forbidden", "e.g. Forbidden\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_error_shows(FAILURE_GATEWAY_ERROR, "x", cases[i].frame, cases[i].text);
    assert_error_shows(FAILURE_ERROR_REPLY, "", "{\"requestId\":\"r-1\"}",
                       "e.g. {\"requestId\":\"r-1\"}\n");
}

#define DIGITS_40 "0123456789012345678901234567890123456789"

static void test_errors_never_cut_the_ids_of_a_frame(void **state)
{
    (void)state;
    assert_error_shows(FAILURE_GATEWAY_ERROR, "x",
                       "{\"connectionId\":\"" DIGITS_40 "\",\"requestId\":\"r" DIGITS_40 "\"}",
                       "\n                  e.g. requestId r" DIGITS_40
                       "\n                       connectionId " DIGITS_40 "\n");
}

/* The ids of a refusal stand after its other headers, and a reply's error after its ids. */
static void test_errors_give_an_example_three_lines(void **state)
{
    static const char line[] =
        "x-amzn-errortype: ForbiddenException, x-amzn-requestid: "
        "6f0c9a3e-2b6d-4a1f-9f57-0d1c2b3a4e5f, x-amz-apigw-id: Ged6jEaM3cne6G=";
    static const enum failure_kind kinds[] = {FAILURE_HANDSHAKE_STATUS, FAILURE_ERROR_REPLY};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        assert_error_shows(
            kinds[i], "403", line,
            "\n                  e.g. x-amzn-errortype: ForbiddenException, x-amzn-requestid:\n"
            "                  6f0c9a3e-2b6d-4a1f-9f57-0d1c2b3a4e5f, x-amz-apigw-id:\n"
            "                  Ged6jEaM3cne6G=\n");
}

static void test_errors_tell_when_the_reply_went_on(void **state)
{
    static const char *const shown = "\"Endpoint request timed out\": the reply went\n";
    struct fixture *run = fixture("passed");
    struct failure failure = {FAILURE_GATEWAY_ERROR, "Endpoint request timed out", {NULL, 0}};
    (void)state;
    failures_add(&run->measurement->failures, &failure, 1);
    assert_hides(run, shown);
    failures_add(&run->measurement->failures, &failure, 0);
    assert_shows(run, shown);
    failure.detail = "Internal server error";
    failures_add(&run->measurement->failures, &failure, 0);
    assert_hides(run, "\"Internal server error\": the reply went");
}

TEST_GROUP(counts)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_of_streams_tell_what_replies_are_made_of),
        cmocka_unit_test(test_counts_leave_out_what_there_was_none_of),
        cmocka_unit_test(test_counts_of_one_way_runs_say_why_there_are_no_latencies),
        cmocka_unit_test(test_counts_estimate_the_cost_at_the_prices_used),
        cmocka_unit_test(test_counts_of_a_silent_run_say_that_nothing_came_back),
        cmocka_unit_test(test_counts_tell_round_trips_and_what_was_sent_again),
        cmocka_unit_test(test_counts_tell_of_this_machines_network_only_what_went_wrong),
        cmocka_unit_test(test_counts_follow_the_verdict_on_a_record_that_failed),
        cmocka_unit_test(test_errors_tell_the_detail_before_the_hint),
        cmocka_unit_test(test_errors_of_api_gateway_give_the_ids_of_one_frame),
        cmocka_unit_test(test_errors_never_cut_the_ids_of_a_frame),
        cmocka_unit_test(test_errors_give_an_example_three_lines),
        cmocka_unit_test(test_errors_tell_when_the_reply_went_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
