#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "fake_run.h"
#include "wsload/base/clock.h"

/* What a worker writes into its journal. */

#define MS    NS_PER_MS
#define START FAKE_START_NS

static struct journal journal;
static char *text; /* of the entry that was taken last */

static int make_journal(void **state)
{
    struct error error;
    (void)state;
    text = malloc(REPLY_TEXT_MAX);
    return text ? journal_init(&journal, 4u << 20, &error) : -1;
}

static int free_journal(void **state)
{
    (void)state;
    free(text);
    journal_free(&journal);
    return 0;
}

static void set_up(uint32_t connections, uint64_t requests)
{
    run_set_up(connections, requests);
    run.journal = &journal;
}

static void assert_taken(const struct journal_entry *expected, const char *reply)
{
    struct journal_entry entry;
    assert_true(journal_take(&journal, &entry, text));
    assert_int_equal(entry.seq, expected->seq);
    assert_int_equal(entry.connection, expected->connection);
    assert_int_equal(entry.due_ns, expected->due_ns);
    assert_int_equal(entry.sent_ns, expected->sent_ns);
    assert_int_equal(entry.first_ns, expected->first_ns);
    assert_int_equal(entry.done_ns, expected->done_ns);
    assert_int_equal(entry.bytes, expected->bytes);
    assert_int_equal(entry.messages, expected->messages);
    assert_int_equal(entry.warmup, expected->warmup);
    assert_int_equal(entry.unanswered, expected->unanswered);
    assert_int_equal(entry.failed, expected->failed);
    if (expected->failed)
        assert_int_equal(entry.kind, expected->kind);
    assert_string_equal(entry.detail, expected->detail);
    assert_int_equal(entry.reply_length, reply ? strlen(reply) : JOURNAL_NO_REPLY);
    if (reply)
        assert_memory_equal(text, reply, strlen(reply));
}

static void assert_no_more(void)
{
    struct journal_entry entry;
    assert_false(journal_take(&journal, &entry, text));
    assert_int_equal(journal_lost(&journal), 0);
}

/* --- Every way in which a request may end --- */

static void stream_in_every_way(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "abc");
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "END"); /* good */
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "ERROR"); /* failed, and what follows could not be told apart */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_opened(fake, 0);
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "a");
    fake_advance(fake, 10 * MS);
    fake_closed(fake, 0, FAILURE_CLOSED, "1011"); /* truncated */
    fake_advance(fake, 150 * MS);
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED); /* never sent */
    fake_advance(fake, 200 * MS);
    fake_opened(fake, 0);
    fake_advance(fake, 600 * MS); /* at 1 s the warm-up is over */
    fake_reply(fake, 0, "END");   /* good, of the warm-up */
    fake_reply(fake, 0, "END");   /* at once */
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "b");
    run_control_stop(&run.control, STOP_NOW); /* unanswered */
    fake_advance(fake, 0);
}

static void test_worker_writes_down_every_request(void **state)
{
    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        struct error error;
        set_up(1, 0);
        run.plan.keep_replies = keep;
        run.plan.load.warmup_ns = NS_PER_S;
        run.plan.load.duration_ns = 60 * NS_PER_S;
        run_end_replies("text:END");
        assert_int_equal(reply_rules_add_error(&run.plan.reply_rules, "ERROR", &error), 0);
        const struct recorder *recorder = run_execute(stream_in_every_way);
        assert_conserved(recorder);

        struct journal_entry good = {.due_ns = START, .sent_ns = START, .warmup = true};
        good.first_ns = START + 10 * MS;
        good.done_ns = START + 20 * MS;
        good.bytes = 6;
        good.messages = 2;
        assert_taken(&good, keep ? "abc\nEND" : NULL);

        struct journal_entry failed = {.seq = 1, .warmup = true, .failed = true};
        failed.due_ns = failed.sent_ns = START + 20 * MS;
        failed.first_ns = failed.done_ns = START + 30 * MS;
        failed.kind = FAILURE_ERROR_REPLY;
        failed.bytes = 5;
        failed.messages = 1;
        assert_taken(&failed, keep ? "ERROR" : NULL);

        struct journal_entry cut = {.seq = 2, .warmup = true, .failed = true};
        cut.due_ns = cut.sent_ns = START + 30 * MS;
        cut.first_ns = START + 40 * MS;
        cut.done_ns = START + 50 * MS;
        cut.kind = FAILURE_TRUNCATED;
        memcpy(cut.detail, "closed 1011", sizeof("closed 1011"));
        cut.bytes = cut.messages = 1;
        assert_taken(&cut, keep ? "a" : NULL);

        struct journal_entry unsent;
        assert_true(journal_take(&journal, &unsent, text));
        assert_in_range(unsent.due_ns, START + 100 * MS, START + 150 * MS); /* it backed off */
        assert_int_equal(unsent.sent_ns + unsent.first_ns, 0);
        assert_int_equal(unsent.done_ns, START + 200 * MS);
        assert_true(unsent.failed);
        assert_int_equal(unsent.kind, FAILURE_CONNECT_REFUSED);
        assert_int_equal(unsent.reply_length, JOURNAL_NO_REPLY);

        struct journal_entry late;
        assert_true(journal_take(&journal, &late, text));
        assert_true(late.warmup); /* due in it, and answered behind it */
        assert_int_equal(late.done_ns, START + NS_PER_S);

        struct journal_entry measured = {.seq = 5, .bytes = 3, .messages = 1};
        measured.due_ns = measured.sent_ns = START + NS_PER_S;
        measured.first_ns = measured.done_ns = START + NS_PER_S;
        assert_taken(&measured, keep ? "END" : NULL);

        struct journal_entry unanswered = {.seq = 6, .unanswered = true, .bytes = 1, .messages = 1};
        unanswered.due_ns = unanswered.sent_ns = START + NS_PER_S;
        unanswered.first_ns = START + NS_PER_S + 10 * MS;
        assert_taken(&unanswered, NULL);
        assert_no_more();
        run_tear_down();
    }
}

/* --- Who and when --- */

static void answer_by_turns(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 200 * MS); /* requests 1, 2 and 3 are due at 0, 100 and 200 ms */
    fake_reply(fake, 1, "ok");
    fake_reply(fake, 0, ""); /* then it takes request 3 */
    fake_advance(fake, 30 * MS);
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_writes_down_when_and_where(void **state)
{
    (void)state;
    run_set_up_open(2, 10, 60 * NS_PER_S);
    run.journal = &journal;
    run.plan.keep_replies = true;
    const struct recorder *recorder = run_execute(answer_by_turns);
    assert_conserved(recorder);

    struct journal_entry second = {.seq = 1, .connection = 1, .bytes = 2, .messages = 1};
    second.due_ns = second.sent_ns = START + 100 * MS;
    second.first_ns = second.done_ns = START + 200 * MS;
    assert_taken(&second, "ok");
    struct journal_entry first = {.seq = 0, .messages = 1, .due_ns = START, .sent_ns = START};
    first.first_ns = first.done_ns = START + 200 * MS;
    assert_taken(&first, ""); /* an empty reply is a reply */
    struct journal_entry third = {.seq = 2, .connection = 1, .unanswered = true};
    third.due_ns = third.sent_ns = START + 200 * MS;
    assert_taken(&third, NULL);
    assert_no_more();
    run_tear_down();
}

static void send_one_way(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_writes_down_what_no_reply_is_expected_to(void **state)
{
    (void)state;
    set_up(1, 1);
    run.plan.reply_rules.one_way = true;
    run.plan.load.connection_per_request = true;
    run.plan.keep_replies = true;
    const struct recorder *recorder = run_execute(send_one_way);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_taken(&(struct journal_entry){.due_ns = START, .sent_ns = START, .done_ns = START},
                 NULL);
    assert_no_more();
    run_tear_down();
}

/* --- Much text --- */

static struct text huge;

static void answer_at_length(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_message(fake, 0, huge, false);
    fake_reply(fake, 0, "END"); /* stray without a stream */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_cuts_what_it_keeps_of_a_huge_reply(void **state)
{
    (void)state;
    size_t length = REPLY_TEXT_MAX + 1000;
    char *bytes = malloc(length);
    memset(bytes, 'x', length);
    huge = (struct text){bytes, length};
    for (int stream = 0; stream < 2; stream++) {
        set_up(1, 1);
        run.plan.keep_replies = true;
        if (stream)
            run_end_replies("text:END");
        const struct recorder *recorder = run_execute(answer_at_length);
        assert_conserved(recorder);
        struct journal_entry entry;
        assert_true(journal_take(&journal, &entry, text));
        assert_int_equal(entry.bytes, length + (stream ? 3 : 0));
        assert_int_equal(entry.reply_length, REPLY_TEXT_MAX);
        assert_no_more();
        run_tear_down();
    }
    free(bytes);
}

TEST_GROUP(worker_journal)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_writes_down_every_request),
        cmocka_unit_test(test_worker_writes_down_when_and_where),
        cmocka_unit_test(test_worker_writes_down_what_no_reply_is_expected_to),
        cmocka_unit_test(test_worker_cuts_what_it_keeps_of_a_huge_reply),
    };
    return cmocka_run_group_tests(tests, make_journal, free_journal);
}
