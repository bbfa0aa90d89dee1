#include "discovery_look.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/protocol/json_text.h"
#include "wsload/protocol/vocabulary.h"

/* A longer message is no keep-alive, whatever it says. Bytes. */
#define IDLE_MESSAGE_MAX 1024

const char *look_excerpt(struct text text, char out[EXCERPT_SIZE])
{
    size_t length = text.length;
    if (length > EXCERPT_MAX) /* not in the middle of a character */
        for (length = EXCERPT_MAX; length > 0 && (text.data[length] & 0xC0) == 0x80;)
            length--;
    snprintf(out, EXCERPT_SIZE, "%.*s%s", (int)length, text.data,
             length < text.length ? "..." : "");
    return out;
}

struct finding *look_add(struct look *look, enum finding_kind kind, const char *option,
                         const char *format, ...)
{
    static struct finding spare; /* for more than anybody reads */
    va_list arguments;
    struct discovery *discovery = look->discovery;
    struct finding *finding = discovery->count < FINDINGS_MAX
                                  ? &discovery->items[discovery->count++]
                                  : &spare;
    *finding = (struct finding){.kind = kind, .option = option};
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
    return finding;
}

void look_split(struct look *look, const struct said *alike, enum role role)
{
    look->chosen_count = look->other_count = 0;
    for (size_t i = 0; i < look->transcript->count; i++) {
        const struct said *said = look_entry(look, i);
        if (look->roles[i] == ROLE_NONE)
            continue;
        if (look->roles[i] == role && (!alike || said_alike(said_text(said), said_text(alike))))
            look->chosen[look->chosen_count++] = said_text(said);
        else
            look->others[look->other_count++] = said_text(said);
    }
}

bool look_tell(const struct look *look, struct finding *finding)
{
    struct telling_rule rule;
    bool found = telling_rule_find(look->chosen, look->chosen_count, look->others,
                                   look->other_count, &rule);
    if (found)
        memcpy(finding->value, rule.text, sizeof(finding->value));
    return found;
}

/* What has come since a connection opened and before a prompt is a greeting. */
static void tell_greetings_from_parts(struct look *look)
{
    bool greets = true;
    for (size_t i = 0; i < look->transcript->count; i++) {
        const struct said *said = look_entry(look, i);
        look->roles[i] = ROLE_NONE;
        if (said->kind == SAID_OPENED)
            greets = true;
        else if (said->kind == SAID_PROMPT)
            greets = false;
        else if (said->kind == SAID_MESSAGE && !said->ignored)
            look->roles[i] = greets ? ROLE_GREETING : ROLE_PART;
    }
}

/* --- Keep-alives --- */

static void look_for_idle(void *user, const char *path, struct text name,
                          const struct json_value *value)
{
    bool *found = user;
    (void)path;
    (void)name;
    *found = *found || (value->kind == JSON_STRING && vocabulary_is_idle(value->raw));
}

/* Whether MESSAGE says that it is no answer, or none yet. */
static bool says_idle(struct text message)
{
    bool found = vocabulary_is_idle(message);
    telling_walk(message, look_for_idle, &found);
    return found;
}

/* Whether entry I recurs with nothing before it, since it came last, but what recurs as well. */
static bool recurs_alone(const struct look *look, size_t i)
{
    if (!look_entry(look, i)->recurs)
        return false;
    for (size_t j = i; j > 0; j--) {
        const struct said *earlier = look_entry(look, j - 1);
        if (earlier->kind != SAID_MESSAGE)
            return false;
        if (said_alike(said_text(earlier), said_text(look_entry(look, i))))
            return true;
        if (!earlier->recurs && look->roles[j - 1] != ROLE_KEEP_ALIVE)
            return false;
    }
    return false;
}

/* Whether every part of some reply is alike to TEXT: then that is the reply. */
static bool is_whole_reply(const struct look *look, struct text text)
{
    for (uint32_t prompt = 1; prompt <= look->transcript->prompts; prompt++) {
        size_t parts = 0;
        size_t alike = 0;
        for (size_t i = 0; i < look->transcript->count; i++) {
            if (look_entry(look, i)->prompt != prompt || look->roles[i] != ROLE_PART)
                continue;
            parts++;
            alike += said_alike(said_text(look_entry(look, i)), text);
        }
        if (parts > 0 && parts == alike)
            return true;
    }
    return false;
}

static void give_alike(struct look *look, struct text text, enum role role)
{
    for (size_t i = 0; i < look->transcript->count; i++)
        if (look->roles[i] != ROLE_NONE && said_alike(said_text(look_entry(look, i)), text))
            look->roles[i] = role;
}

/* Whether what is alike to entry I differs from all else in what it says alone, as a word of a
 * stream that comes again does. */
static bool is_content(struct look *look, size_t i)
{
    struct telling_rule rule;
    look_split(look, look_entry(look, i), look->roles[i]);
    return telling_rule_find(look->chosen, look->chosen_count, look->others, look->other_count,
                             &rule) &&
           rule.rank == TELLING_WORD;
}

static bool is_keep_alive(struct look *look, size_t i)
{
    struct text text = said_text(look_entry(look, i));
    return (recurs_alone(look, i) && !is_content(look, i)) ||
           (text.length < IDLE_MESSAGE_MAX && says_idle(text) && !is_whole_reply(look, text));
}

static void find_keep_alives(struct look *look)
{
    for (int round = 0; round < 2; round++) /* one may stand between two of another */
        for (size_t i = 0; i < look->transcript->count; i++)
            if ((look->roles[i] == ROLE_PART || look->roles[i] == ROLE_GREETING) &&
                is_keep_alive(look, i))
                give_alike(look, said_text(look_entry(look, i)), ROLE_KEEP_ALIVE);
}

/* --- What is left out of replies --- */

bool look_is_first(const struct look *look, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (look->roles[j] == look->roles[i] &&
            said_alike(said_text(look_entry(look, j)), said_text(look_entry(look, i))))
            return false;
    return true;
}

/* After how long what is alike to entry I recurs; 0: it does not. */
static uint64_t period_ns(const struct look *look, size_t i)
{
    const struct said *last = NULL;
    for (size_t j = i; j < look->transcript->count; j++) {
        const struct said *said = look_entry(look, j);
        if (look->roles[j] != look->roles[i] ||
            !said_alike(said_text(said), said_text(look_entry(look, i))))
            continue;
        if (last && said->recurs)
            return said->at_ns - last->at_ns;
        last = said;
    }
    return 0;
}

static void report_ignored(struct look *look, size_t i, enum finding_kind kind)
{
    const struct said *said = look_entry(look, i);
    uint64_t every_ns = period_ns(look, i);
    look_split(look, said, look->roles[i]);
    char shown[EXCERPT_SIZE];
    struct finding *finding = look_add(look, kind, "--ignore", "%s, %zu time%s",
                                       look_excerpt(said_text(said), shown), look->chosen_count,
                                       look->chosen_count == 1 ? "" : "s");
    size_t length = strlen(finding->text);
    if (kind == FINDING_KEEP_ALIVE && every_ns)
        snprintf(finding->text + length, sizeof(finding->text) - length, ", every %.3g s",
                 clock_seconds(every_ns));
    if (!look_tell(look, finding)) {
        length = strlen(finding->text);
        snprintf(finding->text + length, sizeof(finding->text) - length,
                 "; no rule tells it from the replies");
        finding->option = NULL;
        look->discovery->told = look->discovery->told && kind != FINDING_KEEP_ALIVE;
    }
}

void look_report_ignored(struct look *look, enum role role, enum finding_kind kind)
{
    for (size_t i = 0; i < look->transcript->count; i++)
        if (look->roles[i] == role && look_is_first(look, i))
            report_ignored(look, i, kind);
}

/* --- Greetings --- */

/* The steps that wait for the greetings of the first connection. False when they do not fit. */
static bool wait_for_greetings(const struct look *look, struct finding *finding)
{
    struct telling_rule rule;
    struct buffer steps;
    bool fits = true;
    buffer_init(&steps, sizeof(finding->value) - 1);
    for (size_t i = 0; fits && i < look->transcript->count; i++) {
        struct text text = said_text(look_entry(look, i));
        if (look_entry(look, i)->kind == SAID_PROMPT)
            break;
        if (look->roles[i] != ROLE_GREETING)
            continue;
        fits = telling_rule_find(&text, 1, NULL, 0, &rule) &&
               buffer_printf(&steps, "%s{\"expect\": \"", steps.length ? ", " : "") == 0 &&
               json_escape(&steps, text_of(rule.text)) == 0 && buffer_append(&steps, "\"}", 2) == 0;
    }
    int length = snprintf(finding->value, sizeof(finding->value), "{\"on_connect\": [%s]}",
                          steps.length ? steps.data : "");
    buffer_free(&steps);
    return fits && (size_t)length < sizeof(finding->value);
}

/* A greeting that can be told from all else is left out; one that cannot is waited for. */
void look_report_greeting(struct look *look)
{
    look_split(look, NULL, ROLE_GREETING);
    if (look->chosen_count == 0)
        return;
    char shown[EXCERPT_SIZE];
    struct finding *finding = look_add(look, FINDING_GREETING, "--ignore",
                                       "%zu message%s before a prompt, as %s", look->chosen_count,
                                       look->chosen_count == 1 ? "" : "s",
                                       look_excerpt(look->chosen[0], shown));
    if (look_tell(look, finding))
        return;
    finding->option = "--setup";
    if (!wait_for_greetings(look, finding)) {
        finding->option = NULL;
        look->discovery->told = false;
    }
}

void look_give_roles(struct look *look)
{
    tell_greetings_from_parts(look);
    find_keep_alives(look);
}
