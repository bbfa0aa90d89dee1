#include "testing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/stats/journal.h"

/* A journal, and room for what is taken. */
struct queue {
    struct journal journal;
    struct journal_entry entry;
    char *reply;
};

static void open_queue(struct queue *queue, size_t size)
{
    struct error error;

    assert_int_equal(journal_init(&queue->journal, size, &error), 0);
    queue->reply = malloc(REPLY_TEXT_MAX);
    assert_non_null(queue->reply);
}

static void close_queue(struct queue *queue)
{
    journal_free(&queue->journal);
    free(queue->reply);
}

static bool take(struct queue *queue)
{
    return journal_take(&queue->journal, &queue->entry, queue->reply);
}

/* A reply that says which request it belongs to, of up to 300 bytes. */
static struct text reply_of(uint64_t seq, char out[512])
{
    size_t length = seq * 7 % 300;

    for (size_t i = 0; i < length; i++)
        out[i] = (char)('a' + (seq + i) % 26);
    return (struct text){out, length};
}

static void put_request(struct journal *journal, uint64_t seq)
{
    char text[512];
    struct text reply = reply_of(seq, text);
    struct journal_entry entry = {.seq = seq, .connection = ~seq, .reply_length = reply.length};

    snprintf(entry.detail, sizeof(entry.detail), "detail %llu", (unsigned long long)seq);
    journal_put(journal, &entry, reply);
}

static bool is_request(const struct queue *queue, uint64_t seq)
{
    char text[512];
    char detail[JOURNAL_DETAIL_SIZE];

    snprintf(detail, sizeof(detail), "detail %llu", (unsigned long long)seq);
    return queue->entry.seq == seq && queue->entry.connection == ~seq &&
           strcmp(queue->entry.detail, detail) == 0 &&
           text_equal((struct text){queue->reply, queue->entry.reply_length}, reply_of(seq, text));
}

static void test_journal_gives_back_what_was_put(void **state)
{
    const struct journal_entry entry = {
        .seq = 1,
        .connection = 2,
        .due_ns = 3,
        .sent_ns = 4,
        .first_ns = 5,
        .done_ns = UINT64_MAX,
        .bytes = 7,
        .messages = 8,
        .warmup = true,
        .failed = true,
        .kind = FAILURE_TRUNCATED,
        .detail = "closed 1001",
        .reply_length = JOURNAL_NO_REPLY,
    };
    struct queue queue;

    (void)state;
    open_queue(&queue, 4096);
    assert_false(take(&queue));
    journal_put(&queue.journal, &entry, text_of("not looked at"));
    assert_true(take(&queue));
    assert_memory_equal(&queue.entry, &entry, sizeof(entry));
    assert_false(take(&queue));
    close_queue(&queue);
}

static void test_journal_keeps_the_order(void **state)
{
    struct queue queue;

    (void)state;
    open_queue(&queue, 4096);
    for (uint64_t seq = 0; seq < 10; seq++)
        put_request(&queue.journal, seq);
    for (uint64_t seq = 0; seq < 10; seq++) {
        assert_true(take(&queue));
        assert_true(is_request(&queue, seq));
    }
    assert_false(take(&queue));
    assert_int_equal(journal_lost(&queue.journal), 0);
    close_queue(&queue);
}

/* The ring is hardly larger than an entry, so that each of its bytes is once the last. */
static void test_journal_goes_round_the_end_anywhere(void **state)
{
    struct queue queue;

    (void)state;
    open_queue(&queue, 512);
    for (uint64_t seq = 0; seq < 20000; seq++) {
        put_request(&queue.journal, seq);
        assert_true(take(&queue));
        assert_true(is_request(&queue, seq));
    }
    assert_int_equal(journal_lost(&queue.journal), 0);
    close_queue(&queue);
}

static void put_bytes(struct journal *journal, const char *bytes, size_t length)
{
    struct journal_entry entry = {.reply_length = length};

    journal_put(journal, &entry, (struct text){bytes, length});
}

static void test_journal_counts_what_does_not_fit(void **state)
{
    static const char bytes[4096];
    size_t fits = 4096 - sizeof(struct journal_entry);
    struct queue queue;

    (void)state;
    open_queue(&queue, 4096);
    put_bytes(&queue.journal, bytes, fits + 1);
    assert_int_equal(journal_lost(&queue.journal), 1);
    assert_false(take(&queue));
    put_bytes(&queue.journal, bytes, fits);
    put_bytes(&queue.journal, bytes, 0);
    assert_int_equal(journal_lost(&queue.journal), 2);
    assert_true(take(&queue));
    assert_int_equal(queue.entry.reply_length, fits);
    assert_false(take(&queue));
    put_bytes(&queue.journal, bytes, 0); /* there is room again */
    assert_true(take(&queue));
    assert_int_equal(journal_lost(&queue.journal), 2);
    close_queue(&queue);
}

static void test_journal_loses_a_text_that_no_reader_has_room_for(void **state)
{
    struct queue queue;
    char *bytes = calloc(1, REPLY_TEXT_MAX + 1);

    (void)state;
    assert_non_null(bytes);
    open_queue(&queue, 4 * (size_t)REPLY_TEXT_MAX);
    put_bytes(&queue.journal, bytes, REPLY_TEXT_MAX + 1);
    assert_int_equal(journal_lost(&queue.journal), 1);
    put_bytes(&queue.journal, bytes, REPLY_TEXT_MAX);
    assert_int_equal(journal_lost(&queue.journal), 1);
    assert_true(take(&queue));
    assert_int_equal(queue.entry.reply_length, REPLY_TEXT_MAX);
    free(bytes);
    close_queue(&queue);
}

/* ---- two threads ---- */

#define HAMMERED 200000

struct hammer {
    struct journal *journal;
    atomic_bool ended;
};

static void *put_many(void *argument)
{
    struct hammer *hammer = argument;

    for (uint64_t seq = 0; seq < HAMMERED; seq++)
        put_request(hammer->journal, seq);
    atomic_store(&hammer->ended, true);
    return NULL;
}

/* Takes until there is nothing more. Counts what came, and what was not as it had been put. */
static void take_many(struct queue *queue, struct hammer *hammer, uint64_t *taken, uint64_t *wrong)
{
    uint64_t next = 0;
    bool ended;

    do {
        ended = atomic_load(&hammer->ended);
        while (take(queue)) {
            *wrong += queue->entry.seq < next || !is_request(queue, queue->entry.seq);
            next = queue->entry.seq + 1;
            ++*taken;
        }
    } while (!ended);
}

static void test_journal_joins_two_threads(void **state)
{
    struct queue queue;
    struct hammer hammer = {.journal = &queue.journal};
    pthread_t thread;
    uint64_t taken = 0;
    uint64_t wrong = 0;

    (void)state;
    open_queue(&queue, 1 << 13);
    assert_int_equal(pthread_create(&thread, NULL, put_many, &hammer), 0);
    take_many(&queue, &hammer, &taken, &wrong);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(wrong, 0);
    assert_true(taken > 0);
    assert_int_equal(taken + journal_lost(&queue.journal), HAMMERED);
    close_queue(&queue);
}

TEST_GROUP(journal)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_gives_back_what_was_put),
        cmocka_unit_test(test_journal_keeps_the_order),
        cmocka_unit_test(test_journal_goes_round_the_end_anywhere),
        cmocka_unit_test(test_journal_counts_what_does_not_fit),
        cmocka_unit_test(test_journal_loses_a_text_that_no_reader_has_room_for),
        cmocka_unit_test(test_journal_joins_two_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
