#include "upgrade.h"

#include <stdio.h>
#include <string.h>

#include "testing.h"

static void assert_text(struct text text, const char *expected)
{
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.data, expected, text.length);
}

static void test_upgrade_keeps_everything_as_it_was_sent(void **state)
{
    static const char request[] = "GET /a%2Fb//..?x=%7e+&y HTTP/1.1\r\nHost:  example.com \r\n"
                                  "X-Empty:\r\nx-two: a: b\r\n\r\nbehind it";
    struct upgrade upgrade;

    (void)state;
    assert_int_equal(upgrade_length(text_of(request)), strlen(request) - strlen("behind it"));
    assert_int_equal(upgrade_read(&upgrade, text_of(request)), 0);
    assert_text(upgrade.method, "GET");
    assert_text(upgrade.path, "/a%2Fb//..");
    assert_text(upgrade.query, "x=%7e+&y");
    assert_int_equal(upgrade.header_count, 3);
    assert_text(upgrade_header(&upgrade, text_of("HOST"))->value, "example.com");
    assert_text(upgrade_header(&upgrade, text_of("x-empty"))->value, "");
    assert_text(upgrade_header(&upgrade, text_of("X-Two"))->value, "a: b");
    assert_null(upgrade_header(&upgrade, text_of("x-tw")));
}

static void test_upgrade_has_no_query_without_a_question_mark(void **state)
{
    struct upgrade upgrade;

    (void)state;
    assert_int_equal(upgrade_read(&upgrade, text_of("GET /stage HTTP/1.1\r\n\r\n")), 0);
    assert_text(upgrade.path, "/stage");
    assert_int_equal(upgrade.query.length, 0);
    assert_int_equal(upgrade.header_count, 0);
}

static void test_upgrade_turns_down_what_is_no_request(void **state)
{
    static const char *const cases[] = {
        "",
        "\r\n\r\n",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "GET stage HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n: no name\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    };
    struct upgrade upgrade;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(upgrade_read(&upgrade, text_of(cases[i])), -1);
}

static void test_upgrade_reads_so_many_headers_and_no_more(void **state)
{
    for (int more = 0; more <= 1; more++) {
        char request[2048] = "GET / HTTP/1.1\r\n";
        struct upgrade upgrade;

        for (int i = 0; i < UPGRADE_HEADERS_MAX + more; i++)
            snprintf(request + strlen(request), sizeof(request) - strlen(request), "h: %d\r\n", i);
        snprintf(request + strlen(request), sizeof(request) - strlen(request), "\r\n");
        assert_int_equal(upgrade_read(&upgrade, text_of(request)), -more);
    }
    (void)state;
}

static void test_upgrade_length_waits_for_the_empty_line(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    (void)state;
    for (size_t length = 0; length < strlen(request); length++)
        assert_int_equal(upgrade_length((struct text){request, length}), 0);
    assert_int_equal(upgrade_length(text_of(request)), strlen(request));
    assert_int_equal(upgrade_length((struct text){NULL, 0}), 0);
}

TEST_GROUP(upgrade)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upgrade_keeps_everything_as_it_was_sent),
        cmocka_unit_test(test_upgrade_has_no_query_without_a_question_mark),
        cmocka_unit_test(test_upgrade_turns_down_what_is_no_request),
        cmocka_unit_test(test_upgrade_reads_so_many_headers_and_no_more),
        cmocka_unit_test(test_upgrade_length_waits_for_the_empty_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
