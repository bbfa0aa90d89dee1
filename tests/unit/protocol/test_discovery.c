#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/protocol/discovery.h"

#define MS     UINT64_C(1000000)
#define RUN_ID 0xcafe

/* A transcript as lines: "MS KIND TEXT", where KIND is * opened, > prompt, < message, x closed. */
static int discover_lines(const char *const *lines, struct discovery *discovery)
{
    struct transcript transcript = {0};
    for (; *lines; lines++) {
        char *text;
        struct said said = {.at_ns = strtoull(*lines, &text, 10) * MS};
        said.kind = text[1] == '*'   ? SAID_OPENED
                    : text[1] == '>' ? SAID_PROMPT
                    : text[1] == '<' ? SAID_MESSAGE
                                     : SAID_CLOSED;
        said.length = text[2] ? strlen(text + 3) : 0;
        said.data = said.length ? strdup(text + 3) : NULL;
        transcript_add(&transcript, said);
    }
    int status = discover(&transcript, RUN_ID, discovery);
    transcript_free(&transcript);
    return status;
}

/* The options that are proposed, as "--ignore 'text:a' --reply-end 'close'". */
static void options_of(const struct discovery *discovery, char out[1024])
{
    out[0] = '\0';
    for (size_t i = 0; i < discovery->count; i++) {
        const struct finding *finding = &discovery->items[i];
        size_t length = strlen(out);
        if (finding->option)
            snprintf(out + length, 1024 - length, "%s%s%s%s", length ? " " : "", finding->option,
                     finding->value[0] ? " " : "", finding->value);
    }
}

struct discovery_case {
    const char *lines[40];
    const char *options;
};

#define TOKEN "{\"type\": \"token\", \"text\": \"a\"}"
#define PING  "{\"type\": \"ping\", \"at\": 1}"

static void test_discovery_proposes_options(void **state)
{
    static const struct discovery_case cases[] = {
        {{"0 *", "1 > a", "2 < yes", "3 > b", "4 < no", NULL}, ""},
        /* A stream, by what its last message says. */
        {{"0 *", "1 > a", "2 < " TOKEN, "3 < {\"type\": \"end\"}", "4 > b", "5 < " TOKEN,
          "6 < " TOKEN, "7 < {\"type\": \"end\"}", NULL},
         "--reply-end json:type=end"},
        /* By a text; by a member that is not null; by a member that is there. */
        {{"0 *", "1 > a", "2 < It", "3 < [DONE]", "4 > b", "5 < left", "6 < the", "7 < [DONE]",
          NULL},
         "--reply-end text:[DONE]"},
        {{"0 *", "1 > a", "2 < {\"t\": \"a\", \"stop_reason\": null}",
          "3 < {\"t\": \"b\", \"stop_reason\": \"end_turn\"}", NULL},
         "--reply-end json:stop_reason!=null"},
        {{"0 *", "1 > a", "2 < {\"t\": \"a\"}", "3 < {\"t\": \"b\", \"usage\": {\"n\": 1}}",
          "4 > b", "5 < {\"t\": \"c\"}", "6 < {\"t\": \"d\", \"usage\": {\"n\": 2}}", NULL},
         "--reply-end json:usage!=null"},
        /* No part of the content is an end, even if all replies end with it. */
        {{"0 *", "1 > a", "2 < {\"type\": \"text\", \"message\": \"x\"}",
          "600 < {\"type\": \"text\", \"message\": \"z\"}", "2000 > b",
          "2001 < {\"type\": \"text\", \"message\": \"y\"}",
          "2002 < {\"type\": \"text\", \"message\": \"z\"}", NULL},
         "--reply-end silence:2.5s"},
        {{"0 *", "1 > a", "2 < x", "3 < y", "4 x closed 1000", "5 *", "6 > b", "7 < z", "8 < u",
          "9 x closed 1000", NULL},
         "--reply-end close"},
        {{"0 *", "1 > a", "2 < x", "4 x closed 1000", "5 *", "6 > b", "7 < z", "9 x closed 1000",
          NULL},
         "--connection-per-request"},
        /* What comes after the end. */
        {{"0 *", "1 > a", "2 < " TOKEN, "3 < {\"status\": \"STREAMING_END\"}", "4 < Message sent.",
          "5 > b", "6 < " TOKEN, "7 < {\"status\": \"STREAMING_END\"}", "8 < Message sent.", NULL},
         "--reply-end json:status=STREAMING_END --ignore text:Message sent."},
        {{"0 *", "1 > a", "2 < " TOKEN, "3 < {\"type\": \"final\"}", "4 < " TOKEN, "5 > b",
          "6 < " TOKEN, "7 < {\"type\": \"final\"}", "8 < " TOKEN, NULL},
         "--reply-end json:type=final"},
        /* Greetings. */
        {{"0 *", "1 < {\"type\": \"welcome\"}", "2 > a", "3 < x", NULL},
         "--ignore json:type=welcome"},
        {{"0 *", "1 < hello", "2 > a", "3 < hello", NULL},
         "--setup {\"on_connect\": [{\"expect\": \"text:hello\"}]}"},
        {{"0 *", "1 < Hello, user 7fb260!", "2 > a", "3 < x", NULL},
         "--ignore contains:Hello, user"},
        {{"0 *", "1 > a", "2 < " TOKEN, "900 < {\"type\": \"welcome\"}", NULL},
         "--reply-end json:type=token --ignore json:type=welcome"}, /* it is late */
        /* Keep-alives: what recurs alone, also among others, and what says so. */
        {{"0 *", "1 > a", "2 < {\"type\": \"token\"}", "500 < " PING, "1000 < " PING, NULL},
         "--ignore json:type=ping"},
        {{"0 *", "1 > a", "2 < {\"answer\": 1}", "300 < {\"beat\": 1}", "400 < {\"wave\": 1}",
          "700 < {\"beat\": 2}", "800 < {\"wave\": 2}", "1200 < {\"beat\": 3}",
          "1300 < {\"wave\": 3}", NULL},
         "--ignore json:beat!=null --ignore json:wave!=null"},
        {{"0 *", "1 > a", "2 < {\"data\": \"##PROCESSING##\"}", "3 < {\"data\": \"x\"}",
          "4 < {\"data\": \"##KEEP_ALIVE##\"}", "5 < {\"data\": \"##END##\"}", NULL},
         "--ignore json:data=##PROCESSING## --ignore json:data=##KEEP_ALIVE## --reply-end "
         "json:data=##END##"},
        {{"0 *", "1 > ping", "2 < pong", "3 > ping", "4 < pong", NULL}, ""}, /* that is the reply */
        /* A word that comes again in a stream is none. */
        {{"0 *", "1 > a", "2 < the", "300 < cat", "600 < the", "601 < [DONE]", NULL},
         "--reply-end text:[DONE]"},
        {{"0 *", "1 > a", "2 < {\"t\": \"the\"}", "300 < {\"t\": \"the\"}",
          "600 < {\"t\": \"the\"}", "601 < {\"t\": \"\", \"last\": true}", NULL},
         "--reply-end json:last=true"},
        /* Ids. */
        {{"0 *", "1 > {\"id\": \"0000cafe-1\"}", "2 < {\"r\": {\"id\": \"0000cafe-1\"}}",
          "3 > {\"id\": \"0000cafe-2\"}", "4 < {\"r\": {\"id\": \"0000cafe-2\"}}", NULL},
         "--correlate r.id"},
        {{"0 *", "1 > {\"id\": \"0000cafe-1\"}", "2 < {\"id\": \"0000cafe-1\"}",
          "3 > {\"id\": \"0000cafe-2\"}", "4 < {\"id\": \"0000cafe-1\"}", NULL},
         ""}, /* not its own */
        /* Errors. */
        {{"0 *", "1 > a", "2 < {\"text\": \"x\"}", "3 > b", "4 < {\"error\": \"model busy\"}",
          NULL},
         "--fail-on json:error=model busy"},
        /* One that does not end the reply. */
        {{"0 *", "1 > a", "2 < " TOKEN, "3 < {\"type\": \"end\"}", "4 > b",
          "5 < {\"error\": \"busy\"}", "6 < {\"type\": \"end\"}", NULL},
         "--fail-on json:error=busy,continue --reply-end json:type=end"},
        {{"0 *", "1 > a", "2 < " TOKEN, "3 < {\"type\": \"end\"}", "4 > b",
          "5 < {\"error\": \"busy\"}", NULL},
         "--fail-on json:error=busy --reply-end json:type=end"},
        /* Each connection ends, however it does, also after a stream. */
        {{"0 *", "1 > a", "2 < x", "3 x eof", "4 *", "5 > b", "6 < y", "7 x eof", NULL},
         "--connection-per-request"},
        {{"0 *", "1 > a", "2 < " TOKEN, "3 < {\"type\": \"end\"}", "4 x closed 1000", NULL},
         "--reply-end json:type=end --connection-per-request"},
        {{"0 *", "1 > a",
          "2 < {\"message\": \"Forbidden\", \"connectionId\": \"a\", \"requestId\": \"b\"}", NULL},
         ""},
        {{"0 *", "1 > a", NULL}, ""},
    };
    static struct discovery discovery;
    char options[1024];
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(discover_lines(cases[i].lines, &discovery), 0);
        options_of(&discovery, options);
        if (strcmp(options, cases[i].options) != 0)
            fail_msg("case %zu: '%s', not '%s'", i, options, cases[i].options);
    }
}

static const struct finding *finding_of(const struct discovery *discovery, enum finding_kind kind)
{
    for (size_t i = 0; i < discovery->count; i++)
        if (discovery->items[i].kind == kind)
            return &discovery->items[i];
    fail_msg("no %s is found", finding_name(kind));
    return NULL;
}

static void test_discovery_says_what_it_saw(void **state)
{
    static const struct {
        const char *lines[20];
        enum finding_kind kind;
        const char *text;
    } cases[] = {
        {{"0 *", "1 > a", "2 < yes", NULL}, FINDING_REPLY, "one message"},
        {{"0 *", "1 > a", "2 < {}", "3 < {\"end\": true}", "4 > b", "5 < {}", "6 < {}",
          "7 < {\"end\": true}", NULL},
         FINDING_REPLY,
         "a stream of 2 to 3 messages, ends with end=true"},
        {{"0 *", "1 > a", "2 < x", "500 < " PING, "1000 < " PING, NULL},
         FINDING_KEEP_ALIVE,
         PING ", 2 times, every 0.5 s"},
        {{"0 *", "1 > a", NULL},
         FINDING_SILENT,
         "nothing answered; a route of API Gateway without a route response never does"},
        {{"0 *", "1 > a", "2 x closed 1011", NULL},
         FINDING_SILENT,
         "nothing answered; the connection ended: closed 1011"},
        {{"0 *", "1 > a", "2 < x", "3 x eof", "4 *", "5 > b", "6 < y", "7 x eof", NULL},
         FINDING_CLOSED,
         "the server ends the connection after each reply: eof"},
        {{"0 *", "1 > a", "300 < 12:30", "600 < 12:31", "601 < x", NULL},
         FINDING_KEEP_ALIVE,
         "12:30, 2 times, every 0.3 s; no rule tells it from the replies"},
        {{"0 *", "1 > a", "2 < {\"error\": \"no such action\"}", "3 > b",
          "4 < {\"error\": \"no such action\"}", NULL},
         FINDING_NOT_UNDERSTOOD,
         "each prompt: {\"error\": \"no such action\"}; the template is not understood, look at "
         "its action or route"},
        {{"0 *", "1 > a", "2 < x", "3 < y", NULL},
         FINDING_REPLY,
         "a stream of 2 messages, only silence tells its end"},
    };
    static struct discovery discovery;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(discover_lines(cases[i].lines, &discovery), 0);
        assert_string_equal(finding_of(&discovery, cases[i].kind)->text, cases[i].text);
    }
}

TEST_GROUP(discovery)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_discovery_proposes_options),
        cmocka_unit_test(test_discovery_says_what_it_saw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
