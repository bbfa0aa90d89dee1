#include "refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wsload/base/utf8.h"
#include "wsload/engine/probe.h"

#define SHOWN_CHARACTERS 500

/* Prints TEXT on one line without anything that could steer a terminal. */
static void print_clean(const char *label, struct text text)
{
    struct buffer clean;
    buffer_init(&clean, PROBE_ANSWER_MAX * 3);
    if (utf8_append_clean(&clean, text_trim(text), SHOWN_CHARACTERS) == 0) {
        for (size_t i = 0; i < clean.length; i++)
            if ((unsigned char)clean.data[i] < 0x20 || clean.data[i] == 0x7f)
                clean.data[i] = ' ';
        fprintf(stderr, "  %s%s\n", label, clean.length ? clean.data : "");
    }
    buffer_free(&clean);
}

/* x-amzn-ErrorType, x-amzn-RequestId, x-amz-apigw-id, x-amz-cf-id: what AWS support asks for. */
static bool is_aws_header(struct text line)
{
    return line.length > 5 && strncasecmp(line.data, "x-amz", 5) == 0;
}

static void print_answer(const struct probe_answer *answer)
{
    struct text rest = answer->headers;
    for (bool first = true; rest.length > 0; first = false) {
        const char *end = memchr(rest.data, '\n', rest.length);
        size_t length = end ? (size_t)(end - rest.data) + 1 : rest.length;
        struct text line = {rest.data, length};
        if (first || is_aws_header(line))
            print_clean("", line);
        rest = (struct text){rest.data + length, rest.length - length};
    }
    if (text_trim(answer->body).length > 0)
        print_clean("", answer->body);
}

void refusals_show(const struct results *results, const struct plan *plan,
                   const struct addresses *addresses)
{
    const struct failures *failures = &results->recorded.failures;
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_class *class = &failures->classes[i];
        struct probe_answer answer;
        struct error error;
        if (class->kind != FAILURE_HANDSHAKE_STATUS)
            continue;
        fprintf(stderr, "handshake refused with %s, %llu times; one more, to see the answer:\n",
                class->detail, (unsigned long long)class->count);
        if (probe_handshake(plan, addresses, &answer, &error))
            fprintf(stderr, "  %s\n", error.text);
        else
            print_answer(&answer);
        if (answer.status != 0 && answer.status != (unsigned)strtoul(class->detail, NULL, 10))
            fprintf(stderr, "  (this time another status: the cause comes and goes)\n");
        probe_free(&answer);
    }
}
