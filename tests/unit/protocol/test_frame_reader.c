#include "testing.h"

#include <string.h>

#include "wsload/protocol/frame.h"

#define MESSAGE_MAX 100000
#define EVENTS_MAX  16

/* What a reader reported, copied. */
struct events {
    size_t count;
    struct {
        enum frame_event event;
        bool binary;
        struct buffer payload;
    } items[EVENTS_MAX];
};

/* A string literal as bytes, NULs and all. */
#define BYTES(literal) ((struct text){literal, sizeof(literal) - 1})

static void read_all(struct frame_reader *reader, struct text input, struct events *events)
{
    enum frame_event event = FRAME_MESSAGE;
    while (event != FRAME_FAULT) {
        struct text payload = {0};
        event = frame_reader_next(reader, &input, &payload);
        if (event == FRAME_NEEDS_MORE) {
            assert_int_equal(input.length, 0);
            return;
        }
        assert_true(events->count < EVENTS_MAX);
        struct buffer *copy = &events->items[events->count].payload;
        buffer_init(copy, MESSAGE_MAX);
        assert_int_equal(buffer_append(copy, payload.data, payload.length), 0);
        events->items[events->count].event = event;
        events->items[events->count++].binary = reader->binary;
    }
}

/* Reads INPUT cut at FIRST and SECOND. Each piece lies alone in memory and is gone afterwards. */
static void read_cut(struct text input, size_t first, size_t second, struct events *events)
{
    struct frame_reader reader;
    size_t cuts[] = {0, first, second, input.length};
    frame_reader_init(&reader, MESSAGE_MAX);
    for (size_t i = 0; i + 1 < ARRAY_LENGTH(cuts); i++) {
        struct buffer piece;
        buffer_init(&piece, MESSAGE_MAX);
        assert_int_equal(buffer_append(&piece, input.data + cuts[i], cuts[i + 1] - cuts[i]), 0);
        bool faulty = events->count > 0 && events->items[events->count - 1].event == FRAME_FAULT;
        if (!faulty)
            read_all(&reader, buffer_text(&piece), events);
        buffer_free(&piece);
    }
    frame_reader_free(&reader);
}

static void free_events(struct events *events)
{
    for (size_t i = 0; i < events->count; i++)
        buffer_free(&events->items[i].payload);
    events->count = 0;
}

static void assert_event(const struct events *events, size_t index, enum frame_event event,
                         const char *payload)
{
    assert_true(index < events->count);
    assert_int_equal(events->items[index].event, event);
    assert_true(text_equal(buffer_text(&events->items[index].payload), text_of(payload)));
}

static void test_frame_reader_reads_the_examples_of_the_rfc(void **state)
{
    (void)state;
    /* RFC 6455 section 5.7, those that a server may send. */
    struct events events = {0};
    struct text wire = BYTES("\x81\x05\x48\x65\x6c\x6c\x6f"         /* text, one frame */
                             "\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f" /* text, two fragments */
                             "\x89\x05\x48\x65\x6c\x6c\x6f");       /* ping */
    read_cut(wire, 0, 0, &events);
    assert_int_equal(events.count, 3);
    assert_event(&events, 0, FRAME_MESSAGE, "Hello");
    assert_event(&events, 1, FRAME_MESSAGE, "Hello");
    assert_event(&events, 2, FRAME_PING, "Hello");
    free_events(&events);
}

static void test_frame_reader_reads_the_same_wherever_it_is_cut(void **state)
{
    (void)state;
    struct text wire = BYTES("\x81\x03one"
                             "\x01\x02tw"       /* begins a message */
                             "\x89\x04ping"     /* a control frame in its middle */
                             "\x00\x00"         /* an empty fragment */
                             "\x8a\x00"         /* a pong without payload */
                             "\x80\x01o"        /* and its end */
                             "\x82\x7e\x00\x80" /* binary, with a longer length */
                             "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                             "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                             "\x81\x00" /* an empty message */
                             "\x88\x05\x03\xe8"
                             "bye");
    for (size_t first = 0; first <= wire.length; first++) {
        for (size_t second = first; second <= wire.length; second++) {
            struct events events = {0};
            read_cut(wire, first, second, &events);
            assert_int_equal(events.count, 7);
            assert_event(&events, 0, FRAME_MESSAGE, "one");
            assert_event(&events, 1, FRAME_PING, "ping");
            assert_event(&events, 2, FRAME_PONG, "");
            assert_event(&events, 3, FRAME_MESSAGE, "two");
            assert_false(events.items[3].binary);
            assert_int_equal(events.items[4].event, FRAME_MESSAGE);
            assert_true(events.items[4].binary);
            assert_int_equal(events.items[4].payload.length, 128);
            assert_event(&events, 5, FRAME_MESSAGE, "");
            assert_false(events.items[5].binary);
            assert_event(&events, 6, FRAME_CLOSED,
                         "\x03\xe8"
                         "bye");
            free_events(&events);
        }
    }
}

static void test_frame_reader_reports_a_whole_message_where_it_lies(void **state)
{
    (void)state;
    struct frame_reader reader;
    struct text input = BYTES("\x81\x03one\x82\x03two");
    const char *start = input.data;
    struct text payload;
    frame_reader_init(&reader, MESSAGE_MAX);
    assert_int_equal(frame_reader_next(&reader, &input, &payload), FRAME_MESSAGE);
    assert_ptr_equal(payload.data, start + 2);
    assert_false(reader.binary);
    assert_int_equal(frame_reader_next(&reader, &input, &payload), FRAME_MESSAGE);
    assert_ptr_equal(payload.data, start + 7);
    assert_true(reader.binary);
    assert_int_equal(frame_reader_next(&reader, &input, &payload), FRAME_NEEDS_MORE);
    assert_null(reader.pending.data); /* and nothing was allocated */
    assert_null(reader.message.data);
}

static void test_frame_reader_reads_lengths_of_eight_bytes(void **state)
{
    (void)state;
    static char wire[10 + 70000];
    struct events events = {0};
    memcpy(wire, "\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x70", 10); /* 70,000 */
    memset(wire + 10, 'x', 70000);
    read_cut((struct text){wire, sizeof(wire)}, 5, 30000, &events);
    assert_int_equal(events.count, 1);
    assert_int_equal(events.items[0].event, FRAME_MESSAGE);
    assert_int_equal(events.items[0].payload.length, 70000);
    assert_memory_equal(events.items[0].payload.data, wire + 10, 70000);
    free_events(&events);
}

static void test_frame_reader_gives_back_what_a_long_message_took(void **state)
{
    (void)state;
    static char wire[10 + 70000];
    struct frame_reader reader;
    struct events events = {0};
    frame_reader_init(&reader, MESSAGE_MAX);
    memcpy(wire, "\x01\x7f\x00\x00\x00\x00\x00\x01\x11\x70", 10);
    read_all(&reader, (struct text){wire, 40000}, &events);
    assert_true(reader.pending.capacity >= 40000);
    read_all(&reader, (struct text){wire + 40000, sizeof(wire) - 40000}, &events);
    assert_null(reader.pending.data);
    assert_true(reader.message.capacity >= 70000);
    read_all(&reader, BYTES("\x80\x00"), &events);
    assert_null(reader.message.data);
    assert_int_equal(events.count, 1);
    assert_int_equal(events.items[0].payload.length, 70000);
    free_events(&events);
}

static void test_frame_reader_finds_what_breaks_the_protocol(void **state)
{
    (void)state;
    static const struct {
        struct text wire;
        const char *fault; /* part of it */
    } cases[] = {
        {{"\x81\x81\x00\x00\x00\x00x", 7}, "masked"},
        {{"\xc1\x00", 2}, "reserved"},
        {{"\xa1\x00", 2}, "reserved"},
        {{"\x91\x00", 2}, "reserved"},
        {{"\x83\x00", 2}, "opcode"},
        {{"\x87\x00", 2}, "opcode"},
        {{"\x8b\x00", 2}, "opcode"},
        {{"\x8f\x00", 2}, "opcode"},
        {{"\x09\x00", 2}, "fragments"},
        {{"\x08\x00", 2}, "fragments"},
        {{"\x89\x7e\x00\x7e", 4}, "125 bytes"},
        {{"\x88\x01\x03", 3}, "half a code"},
        {{"\x80\x00", 2}, "continuation"},
        {{"\x00\x00", 2}, "continuation"},
        {{"\x01\x00\x81\x00", 4}, "middle of another"},
        {{"\x02\x00\x02\x00", 4}, "middle of another"},
        {{"\x81\x7e\x00\x7d", 4}, "more bytes than it needs"},
        {{"\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff", 10}, "more bytes than it needs"},
        {{"\x8a\x7e\x00\x05", 4}, "more bytes than it needs"},
        {{"\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00", 10}, "2^63"},
        {{"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10}, "longer than"},
        {{"\x81\x7f\x00\x00\x00\x00\x00\x01\x86\xa1", 10}, "longer than"}, /* 100,001 */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (size_t cut = 0; cut < 3; cut++) {
            struct frame_reader reader;
            struct events events = {0};
            frame_reader_init(&reader, MESSAGE_MAX);
            read_all(&reader, (struct text){cases[i].wire.data, cut}, &events);
            if (events.count == 0)
                read_all(&reader,
                         (struct text){cases[i].wire.data + cut, cases[i].wire.length - cut},
                         &events);
            assert_int_equal(events.count, 1);
            assert_int_equal(events.items[0].event, FRAME_FAULT);
            assert_non_null(strstr(reader.fault, cases[i].fault));
            frame_reader_free(&reader);
            free_events(&events);
        }
    }
}

static void test_frame_reader_tells_what_is_compressed(void **state)
{
    (void)state;
    struct text wire = BYTES("\xc1\x01z"                  /* a whole message */
                             "\x81\x01p"                  /* plain all the same */
                             "\x42\x01z\x89\x00\x80\x01z" /* binary, in fragments */
                             "\x01\x01p\x80\x01p");
    static const struct {
        enum frame_event event;
        bool compressed;
    } expected[] = {{FRAME_MESSAGE, true},
                    {FRAME_MESSAGE, false},
                    {FRAME_PING, true},
                    {FRAME_MESSAGE, true},
                    {FRAME_MESSAGE, false}};
    for (size_t step = 1; step <= wire.length; step++) {
        struct frame_reader reader;
        size_t count = 0;
        frame_reader_init(&reader, MESSAGE_MAX);
        reader.deflate = true;
        for (size_t at = 0; at < wire.length; at += step) {
            size_t left = wire.length - at;
            struct text input = {wire.data + at, left < step ? left : step};
            struct text payload;
            enum frame_event event;
            while ((event = frame_reader_next(&reader, &input, &payload)) != FRAME_NEEDS_MORE) {
                assert_true(count < ARRAY_LENGTH(expected));
                assert_int_equal(event, expected[count].event);
                if (event == FRAME_MESSAGE)
                    assert_int_equal(reader.compressed, expected[count].compressed);
                count++;
            }
        }
        assert_int_equal(count, ARRAY_LENGTH(expected));
        frame_reader_free(&reader);
    }
}

static void
test_frame_reader_takes_only_the_bit_of_compression_and_only_at_a_beginning(void **state)
{
    (void)state;
    static const struct text faulty[] = {
        {"\xa1\x00", 2},         /* another bit */
        {"\xd1\x00", 2},         /* and another */
        {"\xe1\x00", 2},         /* or one with it */
        {"\x01\x00\xc0\x00", 4}, /* on a continuation */
        {"\xc8\x00", 2},         /* on control frames */
        {"\xc9\x00", 2},         {"\xca\x00", 2},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(faulty); i++) {
        struct frame_reader reader;
        struct events events = {0};
        frame_reader_init(&reader, MESSAGE_MAX);
        reader.deflate = true;
        read_all(&reader, faulty[i], &events);
        assert_int_equal(events.count, 1);
        assert_int_equal(events.items[0].event, FRAME_FAULT);
        assert_non_null(strstr(reader.fault, "reserved bits"));
        frame_reader_free(&reader);
        free_events(&events);
    }
}

static void test_frame_reader_reports_what_came_before_a_fault(void **state)
{
    (void)state;
    struct events events = {0};
    read_cut(BYTES("\x81\x02ok\x83\x00"), 0, 0, &events);
    assert_int_equal(events.count, 2);
    assert_event(&events, 0, FRAME_MESSAGE, "ok");
    assert_int_equal(events.items[1].event, FRAME_FAULT);
    free_events(&events);
}

/* The first event of WIRE, read STEP bytes at a time. */
static enum frame_event first_event(struct frame_reader *reader, struct text wire, size_t step)
{
    enum frame_event event = FRAME_NEEDS_MORE;
    for (size_t at = 0; event == FRAME_NEEDS_MORE && at < wire.length; at += step) {
        size_t left = wire.length - at;
        struct text input = {wire.data + at, left < step ? left : step};
        struct text payload;
        event = frame_reader_next(reader, &input, &payload);
    }
    return event;
}

static void test_frame_reader_takes_messages_up_to_the_longest_and_no_more(void **state)
{
    (void)state;
    static const char ping[2 + 125] = "\x89\x7d";
    static const struct {
        struct text wire;
        enum frame_event expected;
    } cases[] = {
        {{"\x81\x04"
          "1234",
          6},
         FRAME_MESSAGE},
        {{"\x81\x05"
          "12345",
          7},
         FRAME_FAULT},
        {{"\x01\x02"
          "12"
          "\x80\x02"
          "34",
          8},
         FRAME_MESSAGE},
        {{"\x01\x02"
          "12"
          "\x80\x03"
          "345",
          9},
         FRAME_FAULT},
        {{ping, sizeof(ping)}, FRAME_PING}, /* which is no message */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (size_t step = 1; step <= cases[i].wire.length; step++) {
            struct frame_reader reader;
            frame_reader_init(&reader, 4);
            assert_int_equal(first_event(&reader, cases[i].wire, step), cases[i].expected);
            if (cases[i].expected == FRAME_FAULT)
                assert_string_equal(reader.fault, "a message longer than is taken");
            frame_reader_free(&reader);
        }
    }
}

static void test_frame_reader_keeps_a_small_buffer(void **state)
{
    (void)state;
    struct frame_reader reader;
    struct events events = {0};
    frame_reader_init(&reader, MESSAGE_MAX);
    read_all(&reader, BYTES("\x81\x05he"), &events);
    const char *kept = reader.pending.data;
    assert_non_null(kept);
    read_all(&reader, BYTES("llo"), &events);
    assert_ptr_equal(reader.pending.data, kept);
    assert_int_equal(events.count, 1);
    frame_reader_free(&reader);
    free_events(&events);
}

static void test_frame_reader_reads_on_with_the_next_message_after_a_long_one(void **state)
{
    (void)state;
    struct frame_reader reader;
    struct events events = {0};
    frame_reader_init(&reader, 4); /* what was reported does not count for the next one */
    for (int i = 0; i < 3; i++)
        read_all(&reader,
                 BYTES("\x01\x03"
                       "123"
                       "\x80\x01"
                       "4"),
                 &events);
    assert_int_equal(events.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_event(&events, i, FRAME_MESSAGE, "1234");
    frame_reader_free(&reader);
    free_events(&events);
}

TEST_GROUP(frame_reader)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_reader_reads_the_examples_of_the_rfc),
        cmocka_unit_test(test_frame_reader_reads_the_same_wherever_it_is_cut),
        cmocka_unit_test(test_frame_reader_reports_a_whole_message_where_it_lies),
        cmocka_unit_test(test_frame_reader_reads_lengths_of_eight_bytes),
        cmocka_unit_test(test_frame_reader_gives_back_what_a_long_message_took),
        cmocka_unit_test(test_frame_reader_finds_what_breaks_the_protocol),
        cmocka_unit_test(test_frame_reader_tells_what_is_compressed),
        cmocka_unit_test(
            test_frame_reader_takes_only_the_bit_of_compression_and_only_at_a_beginning),
        cmocka_unit_test(test_frame_reader_reports_what_came_before_a_fault),
        cmocka_unit_test(test_frame_reader_takes_messages_up_to_the_longest_and_no_more),
        cmocka_unit_test(test_frame_reader_keeps_a_small_buffer),
        cmocka_unit_test(test_frame_reader_reads_on_with_the_next_message_after_a_long_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
