#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wsload/load/identity.h"

/* Bounds for what handshakes have: whose cells are longest counts, if a connection has them. */

static char path[] = "/tmp/wsload-test-XXXXXX";
static struct url url = {.secure = true, .port = 443, .host = "h", .path = "/p?a=1"};
static struct users users;
static struct error error;

static int write_users(void **state)
{
    static const char rows[] = "t\nab\nabcdefgh\nabcd\n";
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, rows, strlen(rows)) != (ssize_t)strlen(rows) || close(fd))
        return -1;
    return users_load(&users, path, &error);
}

static int remove_users(void **state)
{
    (void)state;
    users_free(&users);
    return unlink(path);
}

static size_t length_of_lines(const struct identity *identity, uint64_t connection)
{
    struct buffer lines;
    buffer_init(&lines, 1 << 16);
    assert_int_equal(identity_request(identity, connection, 1764000000, &lines), 0);
    assert_int_equal(identity_headers(identity, connection, 1764000000, &lines), 0);
    size_t length = lines.length;
    buffer_free(&lines);
    return length;
}

static void test_identity_lengths_are_those_of_the_longest_user(void **state)
{
    static const struct header headers[] = {{TEXT("Authorization"), TEXT("Bearer {{t}}")}};
    static const char *const query[] = {"token={{t}}"};
    const struct identity_config setup = {
        .url = &url,
        .host_header = "{{t}}.h",
        .origin = "https://{{t}}.h",
        .headers = headers,
        .header_count = 1,
        .query = query,
        .query_count = 1,
        .users = &users,
    };
    (void)state;
    struct identity *identity = identity_new(&setup, &error);
    assert_non_null(identity);
    assert_int_equal(identity_longest_request(identity, 1), length_of_lines(identity, 0));
    assert_int_equal(identity_longest_request(identity, 2), length_of_lines(identity, 1));
    assert_int_equal(identity_longest_request(identity, 3), length_of_lines(identity, 1));
    assert_int_equal(identity_longest_request(identity, 9), length_of_lines(identity, 1));
    assert_int_equal(length_of_lines(identity, 1) - length_of_lines(identity, 0), 4 * 6);
    identity_free(identity);
}

static void test_identity_lengths_have_room_for_the_numbers(void **state)
{
    static const struct header headers[] = {{TEXT("X"), TEXT("{{connection}}")}};
    const struct identity_config setup = {
        .url = &url, .host_header = "h", .origin = "", .headers = headers, .header_count = 1};
    (void)state;
    struct identity *identity = identity_new(&setup, &error);
    assert_non_null(identity);
    assert_int_equal(identity_longest_request(identity, 1000), length_of_lines(identity, 999));
    identity_free(identity);
}

TEST_GROUP(identity_lengths)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_lengths_are_those_of_the_longest_user),
        cmocka_unit_test(test_identity_lengths_have_room_for_the_numbers),
    };
    return cmocka_run_group_tests(tests, write_users, remove_users);
}
