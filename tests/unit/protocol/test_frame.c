#include "testing.h"

#include <string.h>

#include "wsload/protocol/frame.h"

/* The mask with these bytes in memory, as the wire has them. */
static uint32_t mask_of(const char bytes[4])
{
    uint32_t mask;
    memcpy(&mask, bytes, sizeof(mask));
    return mask;
}

static void test_frame_is_that_of_the_rfc(void **state)
{
    (void)state;
    /* RFC 6455 section 5.7: a single-frame masked text message, "Hello". */
    char bytes[FRAME_HEADER_MAX + 5] = {0};
    memcpy(bytes + FRAME_HEADER_MAX, "Hello", 5);
    size_t header = frame_wrap(bytes + FRAME_HEADER_MAX, 5, OPCODE_TEXT, true,
                               mask_of("\x37\xfa\x21\x3d"));
    assert_int_equal(header, 6);
    assert_memory_equal(bytes + FRAME_HEADER_MAX - 6,
                        "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
}

static void test_frame_length_takes_the_fewest_bytes(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        size_t header;
        const char *start; /* the header's bytes in front of the mask */
    } cases[] = {
        {0, 6, "\x81\x80"},
        {125, 6, "\x81\xfd"},
        {126, 8, "\x81\xfe\x00\x7e"},
        {65535, 8, "\x81\xfe\xff\xff"},
        {65536, 14, "\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00"},
    };
    static char bytes[FRAME_HEADER_MAX + 65536];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *payload = bytes + FRAME_HEADER_MAX;
        size_t header = frame_wrap(payload, cases[i].length, OPCODE_TEXT, true, mask_of("abcd"));
        assert_int_equal(header, cases[i].header);
        assert_memory_equal(payload - header, cases[i].start, header - 4);
        assert_memory_equal(payload - 4, "abcd", 4);
    }
}

static void test_frame_masks_every_byte(void **state)
{
    (void)state;
    static const char mask[] = {0x11, 0x22, 0x44, (char)0x88};
    for (size_t length = 0; length < 40; length++) {
        char bytes[FRAME_HEADER_MAX + 41] = {0};
        char *payload = bytes + FRAME_HEADER_MAX;
        for (size_t i = 0; i <= length; i++)
            payload[i] = (char)i;
        frame_wrap(payload, length, OPCODE_TEXT, true, mask_of(mask));
        for (size_t i = 0; i < length; i++)
            assert_int_equal(payload[i], (char)((char)i ^ mask[i % 4]));
        assert_int_equal(payload[length], (char)length); /* and none beyond */
    }
}

static void test_frame_says_whether_it_is_the_last(void **state)
{
    (void)state;
    char bytes[FRAME_HEADER_MAX + 1];
    char *payload = bytes + FRAME_HEADER_MAX;
    size_t header = frame_wrap(payload, 1, OPCODE_TEXT, false, 0);
    assert_int_equal((unsigned char)payload[-(ptrdiff_t)header], 0x01);
    header = frame_wrap(payload, 1, OPCODE_CONTINUATION, true, 0);
    assert_int_equal((unsigned char)payload[-(ptrdiff_t)header], 0x80);
}

/* Reads back what frame_append_message() wrote, as a server does. Returns the number of frames. */
static size_t unwrap(const struct buffer *wire, struct buffer *text, size_t frame_max)
{
    size_t frames = 0;
    const unsigned char *bytes = (const unsigned char *)wire->data;
    for (size_t at = 0; at < wire->length; frames++) {
        size_t length = bytes[at + 1] & 0x7f;
        size_t body = at + 2;
        assert_int_equal(bytes[at] & 0x7f, frames == 0 ? OPCODE_TEXT : OPCODE_CONTINUATION);
        assert_true(bytes[at + 1] & 0x80);
        if (length == 126) {
            length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
            body += 2;
        }
        assert_true(length <= frame_max);
        for (size_t i = 0; i < length; i++) {
            char plain = (char)(bytes[body + 4 + i] ^ bytes[body + i % 4]);
            buffer_append(text, &plain, 1);
        }
        bool final = body + 4 + length == wire->length;
        assert_int_equal(bytes[at] & 0x80, final ? 0x80 : 0);
        at = body + 4 + length;
    }
    return frames;
}

static void test_frame_long_messages_travel_in_several(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        size_t frames;
    } cases[] = {{0, 1}, {1, 1}, {1000, 1}, {1001, 2}, {2000, 2}, {2001, 3}, {9999, 10}};
    static char message[10000];
    struct random random;
    random_init(&random, 1);
    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = (char)('a' + i % 26);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer wire;
        struct buffer text;
        struct text sent = {message, cases[i].length};
        buffer_init(&wire, 1 << 20);
        buffer_init(&text, 1 << 20);
        assert_int_equal(frame_append_message(&wire, OPCODE_TEXT, sent, 1000, &random), 0);
        assert_int_equal(unwrap(&wire, &text, 1000), cases[i].frames);
        assert_true(text_equal(buffer_text(&text), sent));
        buffer_free(&wire);
        buffer_free(&text);
    }
}

static void test_frame_only_the_first_says_that_a_message_is_compressed(void **state)
{
    (void)state;
    struct buffer wire;
    struct random random;
    random_init(&random, 7);
    buffer_init(&wire, 1000);
    assert_int_equal(frame_append_message(&wire, OPCODE_TEXT_COMPRESSED, text_of("ab"), 1, &random),
                     0);
    assert_int_equal(wire.length, 14);
    assert_int_equal((unsigned char)wire.data[0], 0x41); /* RFC 7692 section 7.2.3.1 */
    assert_int_equal((unsigned char)wire.data[7], 0x80);
    buffer_free(&wire);
}

static void test_frame_each_has_a_mask_of_its_own(void **state)
{
    (void)state;
    struct buffer wire;
    struct random random;
    random_init(&random, 7);
    buffer_init(&wire, 1000);
    assert_int_equal(frame_append_message(&wire, OPCODE_TEXT, text_of("ab"), 1, &random), 0);
    assert_int_equal(wire.length, 14);
    assert_memory_not_equal(wire.data + 2, wire.data + 9, 4);
    buffer_free(&wire);
}

static void test_frame_that_does_not_fit_is_left_out(void **state)
{
    (void)state;
    struct buffer wire;
    struct random random;
    random_init(&random, 7);
    buffer_init(&wire, FRAME_HEADER_MAX + 4);
    assert_int_equal(frame_append_message(&wire, OPCODE_TEXT, text_of("12345"), 100, &random), -1);
    assert_int_equal(wire.length, 0);
    assert_int_equal(frame_append_message(&wire, OPCODE_TEXT, text_of("1234"), 100, &random), 0);
    assert_int_equal(wire.length, 10);
    buffer_free(&wire);
}

TEST_GROUP(frame)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_is_that_of_the_rfc),
        cmocka_unit_test(test_frame_length_takes_the_fewest_bytes),
        cmocka_unit_test(test_frame_masks_every_byte),
        cmocka_unit_test(test_frame_says_whether_it_is_the_last),
        cmocka_unit_test(test_frame_long_messages_travel_in_several),
        cmocka_unit_test(test_frame_only_the_first_says_that_a_message_is_compressed),
        cmocka_unit_test(test_frame_each_has_a_mask_of_its_own),
        cmocka_unit_test(test_frame_that_does_not_fit_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
