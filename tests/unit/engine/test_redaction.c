#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "fake_run.h"
#include "wsload/base/clock.h"
#include "wsload/load/identity.h"

/* What a server repeats of what it was sent, in all that a worker's recorder keeps. Connection 0
 * has the key secret-1, connection 1 the key secret-2. */

#define IDS ", \"connectionId\": \"a\", \"requestId\": \"b\"}"

static struct identity *identity;
static uint64_t redactions; /* calls of identity_redact() */

void __real_identity_redact(const struct identity *of, uint64_t connection, struct text text,
                            char *out);
void __wrap_identity_redact(const struct identity *of, uint64_t connection, struct text text,
                            char *out);

void __wrap_identity_redact(const struct identity *of, uint64_t connection, struct text text,
                            char *out)
{
    redactions++;
    __real_identity_redact(of, connection, text, out);
}

static void set_up(uint32_t connections, uint64_t requests)
{
    static const char *const query[] = {"key=secret-{{connection}}"};
    static const struct url url = {.path = "/"};
    const struct identity_config config = {
        .url = &url, .host_header = "h", .origin = "", .query = query, .query_count = 1};
    struct error error;
    identity = identity_new(&config, &error);
    assert_non_null(identity);
    run_set_up(connections, requests);
    run.plan.target.identity = identity;
    redactions = 0;
}

static void tear_down(void)
{
    run_tear_down();
    identity_free(identity);
}

static void close_all(struct fake_transport *fake)
{
    for (uint32_t id = 0; id < run.plan.load.connections; id++)
        fake_closed(fake, id, FAILURE_CLOSED, "1000");
}

static void assert_class(const struct recorder *recorder, size_t index, uint64_t count,
                         const char *detail, const char *example)
{
    assert_true(index < recorder->seen->failures.count);
    const struct failure_class *class = &recorder->seen->failures.classes[index];
    assert_int_equal(class->count, count);
    assert_string_equal(class->detail, detail);
    assert_string_equal(class->example, example);
}

/* --- Of the connection that got it --- */

static void repeat_everywhere(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_reply(fake, 0, "secret-1, secret-2");
    fake_reply(fake, 1, "secret-1, secret-2");
    fake_reply(fake, 1, "{\"message\": \"no secret-2\"" IDS);
    fake_reply(fake, 0, "{\"message\": \"no secret-1\"" IDS); /* the same class */
    close_all(fake);
}

static void test_redaction_is_of_the_connection(void **state)
{
    (void)state;
    set_up(2, 4);
    const struct recorder *recorder = run_execute(repeat_everywhere);
    assert_conserved(recorder);
    assert_string_equal(recorder->seen->samples[0].reply, "********, secret-2");
    assert_string_equal(recorder->seen->samples[1].reply, "secret-1, ********");
    assert_string_equal(recorder->seen->samples[2].reply, "{\"message\": \"no ********\"" IDS);
    assert_int_equal(recorder->seen->failures.count, 1);
    assert_class(recorder, 0, 2, "no ********", "{\"message\": \"no ********\"" IDS);
    tear_down();
}

static void repeat_on_an_idle_connection(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_reply(fake, 1, "{\"message\": \"no secret-2\"" IDS);
    fake_reply(fake, 0, "good");
    close_all(fake);
}

static void test_redaction_of_what_belongs_to_no_request(void **state)
{
    (void)state;
    set_up(2, 1);
    const struct recorder *recorder = run_execute(repeat_on_an_idle_connection);
    assert_class(recorder, 0, 1, "no ********", "{\"message\": \"no ********\"" IDS);
    assert_int_equal(recorder->seen->failures.classes[0].requests, 0);
    tear_down();
}

static void repeat_unasked(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_reply(fake, 0, "good");
    for (int i = 0; i < 3; i++) {
        fake_reply(fake, 0, "secret-1");
        fake_reply(fake, 0, "{\"type\": \"secret-1\"}");
    }
    close_all(fake);
}

static void test_redaction_of_what_came_unasked(void **state)
{
    (void)state;
    set_up(1, 1);
    const struct recorder *recorder = run_execute(repeat_unasked);
    const struct unasked_kind *kinds = recorder->seen->unasked.kinds;
    assert_int_equal(recorder->seen->unasked.count, 2);
    assert_string_equal(kinds[0].rule, "json:type=********");
    assert_string_equal(kinds[0].example, "{\"type\": \"********\"}");
    assert_int_equal(kinds[0].count, 3);
    assert_string_equal(kinds[1].rule, "text:********");
    assert_string_equal(kinds[1].example, "********");
    tear_down();
}

static void answer_each(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_reply(fake, 0, "good");
    fake_reply(fake, 0, "good");
    close_all(fake);
}

/* What went out had the secret, and what is kept of it has not. */
static void test_redaction_of_what_was_sent(void **state)
{
    (void)state;
    set_up(1, 2);
    run_send("{\"key\": \"secret-{{connection}}\", \"n\": {{seq}}, \"q\": \"{{prompt}}\"}");
    const struct recorder *recorder = run_execute(answer_each);
    assert_string_equal(run.fake->connections[0].last_message,
                        "{\"key\": \"secret-1\", \"n\": 2, \"q\": \"two\"}");
    assert_string_equal(recorder->seen->samples[0].sent,
                        "{\"key\": \"********\", \"n\": 1, \"q\": \"one\"}");
    assert_string_equal(recorder->seen->samples[1].sent,
                        "{\"key\": \"********\", \"n\": 2, \"q\": \"two\"}");
    tear_down();
}

static void break_a_stream_off(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_reply(fake, 0, "begun");
    fake_reply(fake, 0, "with secret-1");
    fake_closed(fake, 0, FAILURE_EOF, "");
}

static void test_redaction_of_the_last_message_of_a_stream(void **state)
{
    (void)state;
    set_up(1, 1);
    run_end_replies("text:END");
    const struct recorder *recorder = run_execute(break_a_stream_off);
    assert_class(recorder, 0, 1, "eof",
                 "2 messages came, none was text:END; the last: with ********");
    tear_down();
}

static void refuse_all(struct fake_transport *fake)
{
    assert_true(fake->stopped);
}

static void test_redaction_of_attempts_that_failed(void **state)
{
    static const struct failure refused = {
        FAILURE_HANDSHAKE_STATUS, "403", {"secret-1?", sizeof("secret-1?") - 1}};
    (void)state;
    set_up(1, 1);
    run.refuse_with = &refused;
    const struct recorder *recorder = run_execute(refuse_all);
    assert_class(recorder, 0, 1, "403", "********?");
    tear_down();
}

/* --- Before it is cut --- */

#define EURO "\xE2\x82\xAC"

static size_t before; /* characters before the secret, three bytes each */

static void repeat_where_it_is_cut(struct fake_transport *fake)
{
    static char said[3 * SAMPLE_SIZE];
    for (size_t i = 0; i < before; i++)
        memcpy(said + 3 * i, EURO, 3);
    snprintf(said + 3 * before, sizeof(said) - 3 * before, "secret-1%01000d", 0);
    run_open_all(fake);
    fake_reply(fake, 0, said);
    close_all(fake);
}

/* A secret of which only two characters are kept. */
static void test_redaction_comes_before_cutting(void **state)
{
    struct error error;
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        set_up(1, 1);
        before = (fails ? FAILURE_EXAMPLE_CHARACTERS : SAMPLE_CHARACTERS) - 2;
        if (fails)
            assert_int_equal(reply_rules_add_error(&run.plan.reply_rules, "secret", &error), 0);
        const struct recorder *recorder = run_execute(repeat_where_it_is_cut);
        const char *kept = fails ? recorder->seen->failures.classes[0].example
                                 : recorder->seen->samples[0].reply;
        assert_int_equal(strlen(kept), 3 * before + 2);
        assert_string_equal(kept + 3 * (before - 1), EURO "**");
        tear_down();
    }
}

/* --- Only what is kept --- */

#define OFTEN 10000

static const char *error_frame;
static uint64_t redactions_of_the_first;

static void fail_often(struct fake_transport *fake)
{
    run_open_all(fake);
    for (int i = 0; i < OFTEN; i++) {
        fake_reply(fake, 0, error_frame);
        if (i + 1 == SAMPLE_COUNT)
            redactions_of_the_first = redactions;
    }
    close_all(fake);
}

static void test_redaction_costs_once_for_each_class(void **state)
{
    (void)state;
    set_up(1, OFTEN);
    error_frame = "{\"message\": \"Internal server error\"" IDS;
    const struct recorder *recorder = run_execute(fail_often);
    assert_class(recorder, 0, OFTEN, "Internal server error", error_frame);
    /* detail, example, messages, replies */
    assert_int_equal(redactions_of_the_first, 2 + 2 * SAMPLE_COUNT);
    assert_int_equal(redactions, redactions_of_the_first);
    tear_down();
}

/* It is another text than that of its class: its detail is redacted each time, and nothing else. */
static void test_redaction_finds_a_detail_with_a_secret_again(void **state)
{
    (void)state;
    set_up(1, OFTEN);
    error_frame = "{\"message\": \"no secret-1\"" IDS;
    const struct recorder *recorder = run_execute(fail_often);
    assert_class(recorder, 0, OFTEN, "no ********", "{\"message\": \"no ********\"" IDS);
    assert_int_equal(redactions, OFTEN + 1 + 2 * SAMPLE_COUNT);
    tear_down();
}

static void fail_in_the_warmup(struct fake_transport *fake)
{
    run_open_all(fake);
    for (int i = 0; i < 100; i++)
        fake_reply(fake, 0, error_frame);
    assert_int_equal(redactions, 0);
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
    close_all(fake);
}

static void test_redaction_has_nothing_to_do_in_the_warmup(void **state)
{
    (void)state;
    set_up(1, 0);
    run.plan.load.warmup_ns = NS_PER_S;
    run.plan.load.duration_ns = NS_PER_S;
    error_frame = "{\"message\": \"no secret-1\"" IDS;
    const struct recorder *recorder = run_execute(fail_in_the_warmup);
    assert_int_equal(recorder->seen->counts[COUNT_WARMUP_FAILED], 100);
    assert_int_equal(recorder->seen->failures.count, 0);
    tear_down();
}

TEST_GROUP(redaction)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_redaction_is_of_the_connection),
        cmocka_unit_test(test_redaction_of_what_belongs_to_no_request),
        cmocka_unit_test(test_redaction_of_the_last_message_of_a_stream),
        cmocka_unit_test(test_redaction_of_what_came_unasked),
        cmocka_unit_test(test_redaction_of_what_was_sent),
        cmocka_unit_test(test_redaction_of_attempts_that_failed),
        cmocka_unit_test(test_redaction_comes_before_cutting),
        cmocka_unit_test(test_redaction_costs_once_for_each_class),
        cmocka_unit_test(test_redaction_finds_a_detail_with_a_secret_again),
        cmocka_unit_test(test_redaction_has_nothing_to_do_in_the_warmup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
