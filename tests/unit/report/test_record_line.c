#include "testing.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record_line.h"
#include "wsload/base/clock.h"

/* When the monotonic clock began: 1764000000.000000999 s Unix time. */
#define BEGAN_NS (UINT64_C(1764000000) * NS_PER_S + 999)

static void assert_line(const struct journal_entry *entry, const char *reply, const char *expected)
{
    struct record_lines lines;
    struct buffer out;

    record_lines_init(&lines, 0x0badcafe, BEGAN_NS);
    buffer_init(&out, RECORD_LINE_MAX);
    assert_int_equal(record_line_append(&lines, entry, reply, &out), 0);
    assert_string_equal(out.data, expected);
    buffer_free(&out);
    record_lines_free(&lines);
}

static void test_record_line_tells_a_request(void **state)
{
    const struct journal_entry entry = {
        .seq = 41,
        .connection = 6,
        .due_ns = 1,
        .sent_ns = 1234001,
        .first_ns = 123456789012,
        .done_ns = 223456789012,
        .bytes = 310,
        .messages = 12,
        .detail = "of no failure",
        .reply_length = JOURNAL_NO_REPLY,
    };

    (void)state;
    assert_line(&entry, NULL,
                "{\"id\":\"0badcafe-2a\",\"seq\":42,\"connection\":7,\"due\":1764000000000.001,"
                "\"sent\":1764000000001.235,\"first\":1764000123456.790,"
                "\"done\":1764000223456.790,\"bytes\":310,\"messages\":12,\"outcome\":\"ok\"}\n");
}

static void test_record_line_says_null_for_what_never_came(void **state)
{
    const struct journal_entry entry = {
        .due_ns = 20 * NS_PER_MS,
        .unanswered = true,
        .warmup = true,
        .reply_length = JOURNAL_NO_REPLY,
    };

    (void)state;
    assert_line(&entry, NULL,
                "{\"id\":\"0badcafe-1\",\"seq\":1,\"connection\":1,\"due\":1764000000020.000,"
                "\"sent\":null,\"first\":null,\"done\":null,\"bytes\":0,\"messages\":0,"
                "\"outcome\":\"unanswered\",\"warmup\":true}\n");
}

/* What a line looks like behind "messages". */
static void test_record_line_ends_with_its_strings(void **state)
{
    static const struct {
        struct journal_entry entry;
        const char *reply;
        const char *expected;
    } cases[] = {
        {{.failed = true, .kind = FAILURE_RESET, .reply_length = JOURNAL_NO_REPLY},
         NULL,
         "\"outcome\":\"reset\"}\n"},
        {{.failed = true,
          .kind = FAILURE_TRUNCATED,
          .detail = "closed 1001",
          .reply_length = JOURNAL_NO_REPLY},
         NULL,
         "\"outcome\":\"truncated\",\"detail\":\"closed 1001\"}\n"},
        {{.failed = true,
          .kind = FAILURE_GATEWAY_ERROR,
          .detail = "a \"b\" caf\xC3",
          .reply_length = JOURNAL_NO_REPLY},
         NULL,
         "\"outcome\":\"gateway_error\",\"detail\":\"a \\\"b\\\" caf\xEF\xBF\xBD\"}\n"},
        {{.warmup = true, .reply_length = 0},
         "",
         "\"outcome\":\"ok\",\"warmup\":true,\"reply\":\"\"}\n"},
        {{.reply_length = 11},
         "caf\xC3\xA9\n\"C:\\\x01 and more",
         "\"outcome\":\"ok\",\"reply\":\"caf\xC3\xA9\\n\\\"C:\\\\\\u0001\"}\n"},
        {{.reply_length = 6},
         "\xFF"
         "a\0b\xC3 ",
         "\"outcome\":\"ok\",\"reply\":\"\xEF\xBF\xBD"
         "a\\u0000b\xEF\xBF\xBD \"}\n"},
        {{.failed = true, .kind = FAILURE_CLOSED, .detail = "a\xFF", .reply_length = 2},
         "b\xFF",
         "\"outcome\":\"closed\",\"detail\":\"a\xEF\xBF\xBD\",\"reply\":\"b\xEF\xBF\xBD\"}\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char expected[512];

        snprintf(expected, sizeof(expected),
                 "{\"id\":\"0badcafe-1\",\"seq\":1,\"connection\":1,\"due\":null,\"sent\":null,"
                 "\"first\":null,\"done\":null,\"bytes\":0,\"messages\":0,%s",
                 cases[i].expected);
        assert_line(&cases[i].entry, cases[i].reply, expected);
    }
}

/* With numbers, an id, a detail and a reply as long as they can be. */
static void longest_entry(struct journal_entry *entry, char *reply)
{
    *entry = (struct journal_entry){
        .seq = UINT64_MAX - 1,
        .connection = UINT64_MAX - 1,
        .due_ns = UINT64_MAX,
        .sent_ns = UINT64_MAX,
        .first_ns = UINT64_MAX,
        .done_ns = UINT64_MAX,
        .bytes = UINT64_MAX,
        .messages = UINT64_MAX,
        .warmup = true,
        .failed = true,
        .kind = FAILURE_UNEXPECTED_REPLY,
        .reply_length = REPLY_TEXT_MAX,
    };
    memset(entry->detail, 0x1F, sizeof(entry->detail) - 1);
    memset(reply, 0x1F, REPLY_TEXT_MAX);
}

static void test_record_line_is_never_longer_than_it_may_be(void **state)
{
    struct journal_entry entry;
    struct record_lines lines;
    struct buffer out;
    char *reply = malloc(REPLY_TEXT_MAX);
    cJSON *json;

    (void)state;
    assert_non_null(reply);
    longest_entry(&entry, reply);
    record_lines_init(&lines, UINT32_MAX, 0);
    buffer_init(&out, RECORD_LINE_MAX);
    assert_int_equal(record_line_append(&lines, &entry, reply, &out), 0);
    assert_true(out.length > 6 * REPLY_TEXT_MAX);
    json = cJSON_ParseWithLength(out.data, out.length);
    assert_int_equal(strlen(cJSON_GetObjectItem(json, "reply")->valuestring), REPLY_TEXT_MAX);
    assert_string_equal(cJSON_GetObjectItem(json, "id")->valuestring, "ffffffff-ffffffffffffffff");
    cJSON_Delete(json);
    buffer_free(&out);
    record_lines_free(&lines);
    free(reply);
}

static void test_record_line_passes_on_that_out_is_full(void **state)
{
    const struct journal_entry entry = {
        .failed = true, .kind = FAILURE_CLOSED, .detail = "1\x01\n", .reply_length = 2};
    struct record_lines lines;
    struct buffer out;
    size_t length;

    (void)state;
    record_lines_init(&lines, 0, 0);
    buffer_init(&out, RECORD_LINE_MAX);
    assert_int_equal(record_line_append(&lines, &entry, "\xFF\n", &out), 0);
    length = out.length;
    for (size_t maximum = 0; maximum < length; maximum++) {
        buffer_free(&out);
        buffer_init(&out, maximum);
        assert_int_equal(record_line_append(&lines, &entry, "\xFF\n", &out), -1);
    }
    buffer_free(&out);
    record_lines_free(&lines);
}

TEST_GROUP(record_line)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_line_tells_a_request),
        cmocka_unit_test(test_record_line_says_null_for_what_never_came),
        cmocka_unit_test(test_record_line_ends_with_its_strings),
        cmocka_unit_test(test_record_line_is_never_longer_than_it_may_be),
        cmocka_unit_test(test_record_line_passes_on_that_out_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
