#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/protocol/reply.h"

#define TIMED_OUT                                                                                  \
    "{\"message\":\"Endpoint request timed out\",\"connectionId\":\"a\",\"requestId\":\"b\"}"
#define FORBIDDEN "{\"message\":\"Forbidden\",\"connectionId\":\"a\",\"requestId\":\"b\"}"

#define OPTIONS_MAX 4

/* What a user asks for; each list ends with NULL. */
struct asked {
    const char *ends[OPTIONS_MAX];
    const char *ignored[OPTIONS_MAX];
    const char *errors[OPTIONS_MAX];
    const char *expected[OPTIONS_MAX];
    const char *bytes;
    const char *id;
    const char *gateway_timeout; /* "final" or "continue" */
};

static void add_all(struct reply_rules *rules, const char *const *texts,
                    int (*add)(struct reply_rules *, const char *, struct error *))
{
    for (; *texts != NULL; texts++) {
        struct error error;

        assert_int_equal(add(rules, *texts, &error), 0);
    }
}

static void compile(struct reply_rules *rules, const struct asked *asked)
{
    struct error error;

    *rules = (struct reply_rules){0};
    add_all(rules, asked->ends, reply_rules_add_end);
    add_all(rules, asked->ignored, reply_rules_add_ignored);
    add_all(rules, asked->errors, reply_rules_add_error);
    add_all(rules, asked->expected, reply_rules_add_expected);
    if (asked->bytes != NULL)
        assert_int_equal(reply_rules_set_bytes(rules, asked->bytes, &error), 0);
    if (asked->id != NULL)
        assert_int_equal(reply_rules_set_id(rules, asked->id, &error), 0);
    if (asked->gateway_timeout != NULL) {
        rules->gateway_timeout_given = true;
        rules->gateway_timeout_final = strcmp(asked->gateway_timeout, "final") == 0;
    }
}

/* What users ask for. */
static const struct asked none = {0};
static const struct asked seed = {.errors = {"Une erreur", "trafic intense"}};
static const struct asked bedrock = {.ends = {"json:status=STREAMING_END"},
                                     .ignored = {"text:Message sent."},
                                     .errors = {"json:status=ERROR"}};
static const struct asked builder = {.ends = {"json:data=##END_CONVERSATION##"},
                                     .ignored = {"contains:##KEEP_ALIVE##"},
                                     .errors = {"json:errorMessage,continue"}};
static const struct asked final = {.ends = {"close"}, .gateway_timeout = "final"};
static const struct asked passing = {.gateway_timeout = "continue"};
static const struct asked said = {.ends = {"contains:timed out"}};
static const struct asked both = {.ends = {"close"}, .errors = {"a,continue", "b", "c,continue"}};
static const struct asked by_id = {.id = "requestId"};
static const struct asked ignoring = {.ignored = {"contains:KEEP"}, .errors = {"KEEP"}};

static const struct {
    const struct asked *asked;
    const char *message;
    bool binary;
    struct message_meaning expected; /* but for gateway.message, expected and id */
} meanings[] = {
    {&none, "hello", false, {.last = true}},
    {&none, "", false, {.last = true}},
    {&none, "caf\xC3\xA9", false, {.last = true}},
    {&none, "caf\xC3", false, {.invalid = true}},
    {&none, "caf\xC3", true, {.last = true}},
    {&none, FORBIDDEN, false, {.last = true, .error = MESSAGE_GATEWAY_ERROR}},
    {&none, FORBIDDEN, true, {.last = true}},
    {&none,
     TIMED_OUT,
     false,
     {.last = true,
      .error = MESSAGE_GATEWAY_ERROR,
      .gateway.timeout = true,
      .more_may_come = true}},
    {&seed, "{\"message\":\"Bonjour\"}", false, {.last = true}},
    {&seed, "{\"message\":\"Une erreur\"}", false, {.last = true, .error = MESSAGE_ERROR}},
    {&seed, "un trafic intense", false, {.last = true, .error = MESSAGE_ERROR}},
    {&seed, "\xFF Une erreur", true, {.last = true, .error = MESSAGE_ERROR}},
    {&seed, "\xFF Une erreur", false, {.invalid = true}},
    {&seed,
     "{\"message\":\"Une erreur\",\"requestId\":\"b\"}",
     false,
     {.last = true, .error = MESSAGE_GATEWAY_ERROR}},
    {&bedrock, "{\"status\":\"STREAMING\",\"completion\":\"tok\"}", false, {0}},
    {&bedrock, "{\"status\":\"STREAMING_END\"}", false, {.last = true}},
    {&bedrock, "{\"status\":\"ERROR\"}", false, {.error = MESSAGE_ERROR, .more_may_come = true}},
    {&bedrock, "Message sent.", false, {.ignored = true}},
    {&bedrock, "Message sent!", false, {0}},
    {&bedrock, FORBIDDEN, false, {.error = MESSAGE_GATEWAY_ERROR}},
    {&bedrock,
     TIMED_OUT,
     false,
     {.error = MESSAGE_GATEWAY_ERROR,
      .error_goes_on = true,
      .gateway.timeout = true,
      .more_may_come = true}},
    {&builder, "{\"data\":\"##KEEP_ALIVE##\"}", false, {.ignored = true}},
    {&builder, "{\"errorMessage\":\"x\"}", false, {.error = MESSAGE_ERROR, .error_goes_on = true}},
    {&builder,
     "{\"errorMessage\":\"x\",\"data\":\"##END_CONVERSATION##\"}",
     false,
     {.last = true, .error = MESSAGE_ERROR}},
    {&final,
     TIMED_OUT,
     false,
     {.error = MESSAGE_GATEWAY_ERROR, .gateway.timeout = true, .more_may_come = true}},
    {&passing,
     TIMED_OUT,
     false,
     {.error = MESSAGE_GATEWAY_ERROR,
      .error_goes_on = true,
      .gateway.timeout = true,
      .more_may_come = true}},
    {&passing, FORBIDDEN, false, {.last = true, .error = MESSAGE_GATEWAY_ERROR}},
    {&passing, "hello", false, {.last = true}},
    {&said,
     TIMED_OUT,
     false,
     {.last = true,
      .error = MESSAGE_GATEWAY_ERROR,
      .gateway.timeout = true,
      .more_may_come = true}},
    {&both, "a", false, {.error = MESSAGE_ERROR, .error_goes_on = true}},
    {&both, "b", false, {.error = MESSAGE_ERROR, .more_may_come = true}},
    {&both, "abc", false, {.error = MESSAGE_ERROR, .more_may_come = true}},
    {&both, "d", false, {0}},
    {&ignoring, "KEEP", false, {.ignored = true}},
    {&ignoring, "hello", false, {.last = true}},
    {&by_id,
     "{\"message\":\"hi\",\"requestId\":\"0badcafe-2a\"}",
     false,
     {.last = true}}, /* a backend that repeats our id */
    {&by_id, FORBIDDEN, false, {.last = true, .error = MESSAGE_GATEWAY_ERROR}},
    {&by_id,
     "{\"message\":\"Forbidden\",\"connectionId\":\"b\"}",
     false,
     {.last = true, .error = MESSAGE_GATEWAY_ERROR}},
};

static void test_message_read_tells_what_a_message_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(meanings); i++) {
        const struct message_meaning *expected = &meanings[i].expected;
        struct message_meaning meaning;
        struct reply_rules rules;

        compile(&rules, meanings[i].asked);
        message_read(&rules, NULL, text_of(meanings[i].message), meanings[i].binary, &meaning);
        assert_int_equal(meaning.invalid, expected->invalid);
        assert_int_equal(meaning.ignored, expected->ignored);
        assert_int_equal(meaning.last, expected->last);
        assert_int_equal(meaning.error, expected->error);
        assert_int_equal(meaning.error_goes_on, expected->error_goes_on);
        assert_int_equal(meaning.passing,
                         expected->error_goes_on && expected->error == MESSAGE_GATEWAY_ERROR);
        assert_int_equal(meaning.more_may_come, expected->more_may_come);
        assert_int_equal(meaning.gateway.timeout, expected->gateway.timeout);
        reply_rules_free(&rules);
    }
}

static void test_message_read_tells_what_answers_a_step(void **state)
{
    static const struct asked asked = {.ends = {"json:end"}, .ignored = {"json:ignored"}};
    static const struct {
        const char *rule, *message;
        bool answers, last;
    } cases[] = {
        {"json:ok=true", "{\"ok\":true}", true, false},
        {"json:ok=true", "{\"ok\":true,\"end\":1}", true, true},
        {"json:ok=true", "{\"ok\":false,\"end\":1}", false, true},
        {"json:ok=true", "{\"ok\":true,\"ignored\":1}", false, false},
        {"json:end=1", "{\"end\":1}", true, true}, /* a path that a rule of replies has, too */
        {"contains:ok", "ok", true, false},
        {"text:ok", "no", false, false},
        {NULL, "ok", false, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct reply_rules rules;
        struct message_meaning meaning;
        struct rule step;
        struct error error;
        compile(&rules, &asked);
        if (cases[i].rule)
            assert_int_equal(rule_parse(cases[i].rule, &rules.paths, &step, &error), 0);
        message_read(&rules, cases[i].rule ? &step : NULL, text_of(cases[i].message), false,
                     &meaning);
        assert_int_equal(meaning.answers, cases[i].answers);
        assert_int_equal(meaning.last, cases[i].last);
        reply_rules_free(&rules);
    }
}

static void test_message_read_finds_the_id(void **state)
{
    static const struct {
        const char *message;
        enum json_kind kind;
        const char *raw;
    } cases[] = {
        {"{\"data\":{\"id\":\"ab-1\"}}", JSON_STRING, "ab-1"},
        {"{\"data\":{\"id\":7}}", JSON_NUMBER, "7"},
        {"{\"data\":{}}", JSON_ABSENT, ""},
        {"hello", JSON_ABSENT, ""},
    };
    static const struct asked asked = {.id = "data.id", .ends = {"json:data.end"}};
    struct reply_rules rules;

    (void)state;
    compile(&rules, &asked);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct message_meaning meaning;

        message_read(&rules, NULL, text_of(cases[i].message), false, &meaning);
        assert_int_equal(meaning.id.kind, cases[i].kind);
        assert_true(text_equal(meaning.id.raw, text_of(cases[i].raw)));
    }
    reply_rules_free(&rules);
}

/* Messages, one after the other until the reply is over, and what has come of them. A message of
 * "" stands for an end by silence. */
struct course {
    struct asked asked;
    const char *messages[6];
    uint32_t added; /* so many of them, the last included, until the reply was over */
    uint32_t counted;
    struct failure failure; /* its detail is NULL when the reply is good */
};

static void follow(const struct course *course)
{
    struct reply reply = {0};
    enum reply_verdict verdict = REPLY_GOES_ON;
    struct reply_rules rules;
    struct message_meaning meaning;
    struct failure failure; /* borrowed from the meaning */
    uint32_t added = 0;

    compile(&rules, &course->asked);
    reply.keeps_text = reply_rules_need_text(&rules);
    while (verdict == REPLY_GOES_ON && course->messages[added][0] != '\0') {
        message_read(&rules, NULL, text_of(course->messages[added++]), false, &meaning);
        assert_false(meaning.invalid || meaning.ignored);
        if (!meaning.passing)
            verdict = reply_add(&reply, &rules, &meaning, &failure);
    }
    if (verdict == REPLY_GOES_ON)
        verdict = reply_end(&reply, &rules, &failure);
    assert_int_equal(added, course->added);
    assert_int_equal(reply.messages, course->counted);
    assert_int_equal(verdict, course->failure.detail ? REPLY_FAILED : REPLY_GOOD);
    if (course->failure.detail != NULL) {
        assert_int_equal(failure.kind, course->failure.kind);
        assert_string_equal(failure.detail, course->failure.detail);
        assert_true(text_equal(failure.example, course->failure.example));
    }
    reply_clear(&reply);
    reply_rules_free(&rules);
}

#define EXAMPLE(string)                                                                            \
    {                                                                                              \
        (string), sizeof(string) - 1                                                               \
    }

static void test_reply_is_over_by_its_rules(void **state)
{
    static const struct course courses[] = {
        {.messages = {"a", "b"}, .added = 1, .counted = 1},
        {{.ends = {"text:z"}}, {"a", "b", "z", "c"}, .added = 3, .counted = 3},
        {{.ends = {"text:z", "json:end"}}, {"a", "{\"end\":1}", "z"}, .added = 2, .counted = 2},
        {{.ends = {"count:3"}}, {"a", "b", "c", "d"}, .added = 3, .counted = 3},
        {{.ends = {"count:3", "text:b"}}, {"a", "b", "c"}, .added = 2, .counted = 2},
        {{.ends = {"count:1"}}, {"a", "b"}, .added = 1, .counted = 1},
        {{.ends = {"silence:1s"}}, {"a", "b", ""}, .added = 2, .counted = 2},
        {{.ends = {"close"}}, {""}, .added = 0, .counted = 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(courses); i++)
        follow(&courses[i]);
}

static void test_reply_fails_by_its_errors(void **state)
{
    static const struct course courses[] = {
        {{.errors = {"err"}},
         {"an err"},
         .added = 1,
         .counted = 1,
         .failure = {FAILURE_ERROR_REPLY, "", EXAMPLE("an err")}},
        {{.ends = {"text:z"}, .errors = {"err"}},
         {"a", "err", "z"},
         .added = 2,
         .counted = 2,
         .failure = {FAILURE_ERROR_REPLY, "", EXAMPLE("err")}},
        /* the first error that went on is the one that counts */
        {{.ends = {"text:z"}, .errors = {"err,continue"}},
         {"a", "err 1", "err 2", "z"},
         .added = 4,
         .counted = 4,
         .failure = {FAILURE_ERROR_REPLY, "", EXAMPLE("err 1")}},
        {{.ends = {"silence:1s"}, .errors = {"err,continue"}},
         {"err 1", "a", ""},
         .added = 2,
         .counted = 2,
         .failure = {FAILURE_ERROR_REPLY, "", EXAMPLE("err 1")}},
        /* an error at the end is the end */
        {{.ends = {"text:err"}, .errors = {"err,continue"}},
         {"a", "err"},
         .added = 2,
         .counted = 2,
         .failure = {FAILURE_ERROR_REPLY, "", EXAMPLE("err")}},
        {{.ends = {"count:2"}, .errors = {"err,continue"}},
         {"a", "err"},
         .added = 2,
         .counted = 2,
         .failure = {FAILURE_ERROR_REPLY, "", EXAMPLE("err")}},
        {{.ends = {NULL}},
         {FORBIDDEN},
         .added = 1,
         .counted = 1,
         .failure = {FAILURE_GATEWAY_ERROR, "Forbidden", EXAMPLE(FORBIDDEN)}},
        {{.ends = {"close"}, .gateway_timeout = "final"},
         {"a", TIMED_OUT},
         .added = 2,
         .counted = 2,
         .failure = {FAILURE_GATEWAY_ERROR, "Endpoint request timed out", EXAMPLE(TIMED_OUT)}},
        /* a timeout that goes on is no part of the reply */
        {{.ends = {"count:2"}}, {TIMED_OUT, "a", TIMED_OUT, "b"}, .added = 4, .counted = 2},
        {{.gateway_timeout = "continue"}, {TIMED_OUT, "a"}, .added = 2, .counted = 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(courses); i++)
        follow(&courses[i]);
}

static const struct course expectations[] = {
    {{.expected = {"contains:yes", "json:a=1"}},
     {"{\"a\":1,\"b\":\"yes\"}"},
     .added = 1,
     .counted = 1},
    {{.expected = {"contains:yes", "json:a=1"}},
     {"{\"a\":2,\"b\":\"yes\"}"},
     .added = 1,
     .counted = 1,
     .failure = {FAILURE_UNEXPECTED_REPLY, "json:a=1", EXAMPLE("{\"a\":2,\"b\":\"yes\"}")}},
    {{.expected = {"contains:yes", "json:a=1"}},
     {"no"},
     .added = 1,
     .counted = 1,
     .failure = {FAILURE_UNEXPECTED_REPLY, "contains:yes", EXAMPLE("no")}},
    /* of a stream some message for json:, the whole text for the others */
    {{.ends = {"text:."}, .expected = {"json:a=1"}},
     {"{\"a\":2}", "{\"a\":1}", "."},
     .added = 3,
     .counted = 3},
    {{.ends = {"text:."}, .expected = {"json:a=1"}},
     {"{\"a\":2}", "."},
     .added = 2,
     .counted = 2,
     .failure = {FAILURE_UNEXPECTED_REPLY, "json:a=1", EXAMPLE(".")}},
    {{.ends = {"text:."}, .expected = {"contains:hello"}},
     {"hel", "lo", "."},
     .added = 3,
     .counted = 3},
    {{.ends = {"text:."}, .expected = {"text:hello."}},
     {"hel", "lo", "."},
     .added = 3,
     .counted = 3},
    {{.ends = {"text:."}, .expected = {"text:hello"}},
     {"hello", "."},
     .added = 2,
     .counted = 2,
     .failure = {FAILURE_UNEXPECTED_REPLY, "text:hello", EXAMPLE("hello.")}},
    {{.ends = {"silence:1s"}, .expected = {"contains:hello"}},
     {"hel", "p", ""},
     .added = 2,
     .counted = 2,
     .failure = {FAILURE_UNEXPECTED_REPLY, "contains:hello", EXAMPLE("help")}},
    {{.ends = {"close"}, .expected = {"json:a"}},
     {""},
     .failure = {FAILURE_UNEXPECTED_REPLY, "json:a", EXAMPLE("")}},
    {{.bytes = "3-4"}, {"abc"}, .added = 1, .counted = 1},
    {{.bytes = "3-4"}, {"abcd"}, .added = 1, .counted = 1},
    {{.bytes = "3-4"},
     {"ab"},
     .added = 1,
     .counted = 1,
     .failure = {FAILURE_UNEXPECTED_REPLY, "--expect-bytes", EXAMPLE("ab")}},
    {{.bytes = "3-4", .ends = {"count:2"}},
     {"ab", "cde"},
     .added = 2,
     .counted = 2,
     .failure = {FAILURE_UNEXPECTED_REPLY, "--expect-bytes", EXAMPLE("cde")}},
    {{.bytes = "3-4", .ends = {"count:2"}}, {"ab", "cd"}, .added = 2, .counted = 2},
    /* an error says more */
    {{.errors = {"no"}, .expected = {"contains:yes"}},
     {"no"},
     .added = 1,
     .counted = 1,
     .failure = {FAILURE_ERROR_REPLY, "", EXAMPLE("no")}},
};

static void test_reply_fails_when_it_is_not_what_was_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(expectations); i++)
        follow(&expectations[i]);
}

static void test_reply_keeps_its_text_up_to_a_maximum(void **state)
{
    static const struct asked asked = {.ends = {"close"}};
    struct reply reply = {.keeps_text = true};
    struct message_meaning meaning;
    struct reply_rules rules;
    struct failure failure;
    struct text half;

    (void)state;
    half = (struct text){calloc(1, REPLY_TEXT_MAX / 2 + 1), REPLY_TEXT_MAX / 2 + 1};
    assert_non_null(half.data);
    compile(&rules, &asked);
    message_read(&rules, NULL, half, false, &meaning);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reply_add(&reply, &rules, &meaning, &failure), REPLY_GOES_ON);
    assert_int_equal(reply.text.length, REPLY_TEXT_MAX);
    assert_int_equal(reply.bytes, 3 * half.length);
    assert_int_equal(reply.messages, 3);
    reply_clear(&reply);
    assert_int_equal(reply.bytes + reply.messages + reply.expected + reply.text.length, 0);
    assert_null(reply.text.data);
    reply_rules_free(&rules);
    free((void *)(uintptr_t)half.data);
}

static void test_reply_of_one_message_allocates_nothing(void **state)
{
    static const struct asked asked = {.errors = {"err,continue"}, .expected = {"contains:a"}};
    struct reply reply = {0};
    struct message_meaning meaning;
    struct reply_rules rules;
    struct failure failure;

    (void)state;
    compile(&rules, &asked);
    message_read(&rules, NULL, text_of("a and err"), false, &meaning);
    assert_int_equal(reply_add(&reply, &rules, &meaning, &failure), REPLY_FAILED);
    assert_null(reply.text.data);
    assert_null(reply.error);
    reply_rules_free(&rules);
}

static void test_reply_cuts_the_example_of_an_error_that_goes_on(void **state)
{
    static const struct asked asked = {.ends = {"close"}, .errors = {"err,continue"}};
    struct reply reply = {0};
    struct message_meaning meaning;
    struct reply_rules rules;
    struct failure failure;
    char message[2000] = "err";
    struct text text = {message, sizeof(message)};

    (void)state;
    memset(message + 3, 'x', sizeof(message) - 3);
    compile(&rules, &asked);
    message_read(&rules, NULL, text, false, &meaning);
    assert_int_equal(reply_add(&reply, &rules, &meaning, &failure), REPLY_GOES_ON);
    message[0] = 'E'; /* what is kept is a copy */
    assert_int_equal(reply_end(&reply, &rules, &failure), REPLY_FAILED);
    assert_int_equal(failure.example.length, 1000);
    assert_memory_equal(failure.example.data, "errx", 4);
    reply_clear(&reply);
    assert_null(reply.error);
    reply_rules_free(&rules);
}

static void test_reply_unended_says_what_did_not_come(void **state)
{
    static const struct {
        const char *ends[3];
        uint32_t messages;
        const char *last;
        const char *expected;
    } cases[] = {
        {{"json:type=done"},
         41,
         "{\"type\":\"end\"}",
         "41 messages came, none was json:type=done; the last: {\"type\":\"end\"}"},
        {{"json:type=done", "text:END"},
         1,
         "a",
         "1 message came, none was json:type=done or "
         "text:END; the last: a"},
        {{"count:50"}, 3, "a", "3 messages came, not 50; the last: a"},
        {{"silence:2s", "close"}, 3, "", "3 messages came, no silence of 2 s, no normal close"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct reply_rules rules = {0};
        struct reply reply = {.messages = cases[i].messages};
        struct error error;
        struct buffer out;
        buffer_init(&out, 1000);
        for (size_t j = 0; j < 3 && cases[i].ends[j]; j++)
            assert_int_equal(reply_rules_add_end(&rules, cases[i].ends[j], &error), 0);
        assert_int_equal(reply_unended(&reply, &rules, text_of(cases[i].last), &out), 0);
        assert_string_equal(out.data, cases[i].expected);
        buffer_free(&out);
        reply_rules_free(&rules);
    }
}

TEST_GROUP(reply)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_read_tells_what_a_message_means),
        cmocka_unit_test(test_message_read_tells_what_answers_a_step),
        cmocka_unit_test(test_message_read_finds_the_id),
        cmocka_unit_test(test_reply_is_over_by_its_rules),
        cmocka_unit_test(test_reply_fails_by_its_errors),
        cmocka_unit_test(test_reply_fails_when_it_is_not_what_was_expected),
        cmocka_unit_test(test_reply_keeps_its_text_up_to_a_maximum),
        cmocka_unit_test(test_reply_of_one_message_allocates_nothing),
        cmocka_unit_test(test_reply_cuts_the_example_of_an_error_that_goes_on),
        cmocka_unit_test(test_reply_unended_says_what_did_not_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
