/* The discovery: any exchange, a line of the input for each thing that is said. A line's first byte
 * says what it is and how long after the one before; see kinds. */
#include "fuzz.h"

#include "wsload/protocol/discovery.h"
#include "wsload/protocol/reply.h"

#define RUN_ID    0xcafe
#define LINES_MAX 200 /* each is compared with each */

static const enum said_kind kinds[] = {SAID_OPENED,  SAID_STEP,    SAID_PROMPT,  SAID_MESSAGE,
                                       SAID_MESSAGE, SAID_MESSAGE, SAID_MESSAGE, SAID_CLOSED};

static void add_line(struct transcript *transcript, const uint8_t *line, size_t length)
{
    static uint64_t now_ns;
    uint8_t first = length ? line[0] : 0;
    struct said said = {.kind = kinds[first & 7u], .ignored = first >> 7};
    now_ns += (uint64_t)(first >> 3 & 15u) * 50000000;
    said.at_ns = now_ns;
    said.length = length > 1 ? length - 1 : 0;
    said.data = said.length ? malloc(said.length) : NULL;
    if (said.data)
        memcpy(said.data, line + 1, said.length);
    transcript_add(transcript, said);
}

/* What it proposes is what options take, and an end is found in the messages. */
static void check_finding(const struct transcript *transcript, const struct finding *finding)
{
    struct reply_rules rules = {0};
    struct error error;
    size_t held = 0;
    if (!finding->option)
        return;
    if (strcmp(finding->option, "--ignore") == 0) {
        REQUIRE(reply_rules_add_ignored(&rules, finding->value, &error) == 0);
        for (size_t i = 0; i < transcript->count; i++) {
            struct text text = said_text(&transcript->items[i]);
            held += telling_count(finding->value, &text, 1, NULL);
        }
        REQUIRE(held > 0);
    } else if (strcmp(finding->option, "--reply-end") == 0) {
        REQUIRE(reply_rules_add_end(&rules, finding->value, &error) == 0);
    } else if (strcmp(finding->option, "--fail-on") == 0) {
        REQUIRE(reply_rules_add_error(&rules, finding->value, &error) == 0);
    } else if (strcmp(finding->option, "--correlate") == 0) {
        REQUIRE(reply_rules_set_id(&rules, finding->value, &error) == 0);
    }
    reply_rules_free(&rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct discovery discovery;
    struct transcript transcript = {0};
    size_t lines = 0;
    while (size > 0 && lines++ < LINES_MAX) {
        const uint8_t *feed = memchr(data, '\n', size);
        size_t length = feed ? (size_t)(feed - data) : size;
        add_line(&transcript, data, length);
        data += length + (feed != NULL);
        size -= length + (feed != NULL);
    }
    REQUIRE(discover(&transcript, RUN_ID, &discovery) == 0);
    REQUIRE(discovery.count <= FINDINGS_MAX && discovery.good <= discovery.answered &&
            discovery.answered <= transcript.prompts);
    for (size_t i = 0; i < discovery.count; i++)
        check_finding(&transcript, &discovery.items[i]);
    transcript_free(&transcript);
    return 0;
}
