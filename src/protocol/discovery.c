#include "wsload/protocol/discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery_look.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/protocol/gateway.h"
#include "wsload/protocol/rule_for.h"
#include "wsload/protocol/template.h"
#include "wsload/protocol/vocabulary.h"

/* An end may have a stray message or two after it. */
#define AFTER_END_MAX 2

const char *finding_name(enum finding_kind kind)
{
    static const char *const names[] = {
        [FINDING_GREETING] = "greeting",
        [FINDING_KEEP_ALIVE] = "keep-alive",
        [FINDING_REPLY] = "reply",
        [FINDING_AFTER] = "after it",
        [FINDING_ID] = "id",
        [FINDING_ERROR] = "error",
        [FINDING_NOT_UNDERSTOOD] = "refused",
        [FINDING_CLOSED] = "close",
        [FINDING_SILENT] = "silence",
    };
    return names[kind];
}

/* --- Errors --- */

/* Members that may say of a message that it is an error. */
static bool names_outcome(struct text name)
{
    return vocabulary_names_kind(name) || text_is_word(name, "level") ||
           text_is_word(name, "result");
}

static void look_for_error(void *user, const char *path, struct text name,
                           const struct json_value *value)
{
    bool *found = user;
    bool there = value->kind != JSON_NULL && value->kind != JSON_FALSE && value->raw.length > 0;
    (void)path;
    if (vocabulary_names_error(name))
        *found = *found || there;
    else if (names_outcome(name) && value->kind == JSON_STRING)
        *found = *found || vocabulary_is_error(value->raw);
}

/* Whether MESSAGE says of itself that it is an error. */
static bool is_error(struct text message, bool *gateway)
{
    struct gateway_error frame;
    bool found = false;
    *gateway = gateway_error_read(message, &frame);
    if (*gateway)
        return true;
    telling_walk(message, look_for_error, &found);
    struct text start = text_trim(message);
    return found || text_begins(start, "Error") || text_begins(start, "An error occurred");
}

static void report_error(struct look *look, size_t i)
{
    bool gateway;
    char shown[EXCERPT_SIZE];
    const struct said *said = look_entry(look, i);
    (void)is_error(said_text(said), &gateway);
    look_split(look, said, look->roles[i]);
    struct finding *finding = look_add(look, FINDING_ERROR, gateway ? NULL : "--fail-on", "%s%s",
                                       look_excerpt(said_text(said), shown),
                                       gateway ? ": API Gateway's, always a failure" : "");
    if (!gateway && !look_tell(look, finding))
        finding->option = NULL;
}

static void report_errors(struct look *look)
{
    bool gateway;
    for (size_t i = 0; i < look->transcript->count; i++)
        if (look->roles[i] == ROLE_PART && is_error(said_text(look_entry(look, i)), &gateway) &&
            look_is_first(look, i))
            report_error(look, i);
}

/* --- Replies --- */

/* Whether the connection ended after ANSWER as it should. */
static bool ends_well(const struct answer *answer)
{
    static const char *const codes[] = {"closed 1000", "closed 1001", "closed 1005"};
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
        if (answer->end && text_begins(said_text(answer->end), codes[i]))
            return true;
    return false;
}

/* Gathers the parts of the reply to prompt NUMBER in ANSWER. */
static void gather(struct look *look, uint32_t number, struct answer *answer)
{
    uint64_t last_ns = 0;
    bool gateway;
    for (size_t i = 0; i < look->transcript->count; i++) {
        const struct said *said = look_entry(look, i);
        if (said->prompt != number)
            continue;
        if (said->kind == SAID_CLOSED && answer->count > 0)
            answer->end = said;
        if (look->roles[i] != ROLE_PART)
            continue;
        if (answer->count > 0)
            answer->longest_ns = u64_max(answer->longest_ns, said->at_ns - last_ns);
        last_ns = said->at_ns;
        answer->failed = answer->failed || is_error(said_text(said), &gateway);
        answer->parts[answer->count++] = said_text(said);
    }
}

static void gather_answers(struct look *look)
{
    struct discovery *discovery = look->discovery;
    struct text *parts = look->parts;
    look->answer_count = 0;
    for (uint32_t number = 1; number <= look->transcript->prompts; number++) {
        struct answer *answer = &look->answers[look->answer_count];
        *answer = (struct answer){.parts = parts, .id = number};
        gather(look, number, answer);
        if (answer->count == 0)
            continue;
        parts += answer->count;
        look->answer_count++;
        if (discovery->answered++ == 0 || answer->count < discovery->least_parts)
            discovery->least_parts = answer->count;
        discovery->most_parts = u64_max(discovery->most_parts, answer->count);
    }
    discovery->stream = discovery->most_parts > 1;
}

static size_t good_answers(const struct look *look)
{
    size_t good = 0;
    for (size_t i = 0; i < look->answer_count; i++)
        good += !look->answers[i].failed;
    return good;
}

/* The first one without an error; there is one. */
static const struct answer *first_good(const struct look *look)
{
    size_t i = 0;
    while (look->answers[i].failed)
        i++;
    return &look->answers[i];
}

/* --- Where they end --- */

/* A rule that may tell the end. */
struct end {
    struct telling_rule rule;
    size_t after; /* how many messages come after it at most */
};

/* Whether RULE holds once in each good answer, and near its end; AFTER gets how near. */
static bool ends_each(const struct look *look, const struct telling_rule *rule, size_t *after)
{
    *after = 0;
    for (size_t i = 0; i < look->answer_count; i++) {
        const struct answer *answer = &look->answers[i];
        size_t place;
        if (answer->failed)
            continue;
        if (telling_count(rule->text, answer->parts, answer->count, &place) != 1 ||
            answer->count - 1 - place > AFTER_END_MAX)
            return false;
        if (answer->count - 1 - place > *after)
            *after = answer->count - 1 - place;
    }
    return true;
}

/* Whether a person would believe it: a part of the content is no mark of the end, and what came
 * once and greets is rather late. */
static bool is_plausible(const struct telling_rule *rule, size_t good)
{
    if (good == 1 && rule_for_is_control(rule->text))
        return false;
    return rule->ends || rule->rank <= TELLING_KIND || (good > 1 && rule->rank != TELLING_WORD);
}

static bool is_better(const struct end *a, const struct end *b)
{
    if (a->rule.ends != b->rule.ends)
        return a->rule.ends;
    if (a->after != b->after)
        return a->after < b->after;
    return a->rule.rank < b->rule.rank;
}

/* Takes a better end than BEST from the rules that hold for MESSAGE. */
static int try_message(const struct look *look, struct text message, struct end *best, bool *any)
{
    struct telling_rules rules;
    size_t good = good_answers(look);
    if (telling_rules_of(&rules, message))
        return -1;
    for (size_t i = 0; i < rules.count; i++) {
        struct end end = {.rule = rules.items[i]};
        if (!is_plausible(&end.rule, good) || !ends_each(look, &end.rule, &end.after) ||
            (*any && !is_better(&end, best)))
            continue;
        *best = end;
        *any = true;
    }
    telling_rules_free(&rules);
    return 0;
}

/* Whether there is a rule for the end of each good answer. */
static bool find_end(const struct look *look, struct end *best)
{
    const struct answer *answer = first_good(look);
    bool any = false;
    for (size_t back = 0; back <= AFTER_END_MAX && back < answer->count; back++)
        if (try_message(look, answer->parts[answer->count - 1 - back], best, &any))
            return false;
    return any;
}

/* What comes after the end in each good answer is no part of it. */
static void mark_after(struct look *look, const char *end)
{
    for (size_t i = 0; i < look->transcript->count; i++) {
        bool over = false;
        uint32_t prompt = look_entry(look, i)->prompt;
        for (; i < look->transcript->count && look_entry(look, i)->prompt == prompt; i++) {
            struct text text = said_text(look_entry(look, i));
            if (look->roles[i] != ROLE_PART)
                continue;
            if (over)
                look->roles[i] = ROLE_AFTER;
            over = over || telling_count(end, &text, 1, NULL) == 1;
        }
        i--;
    }
}

/* When END comes after an error as well, the reply goes on to it. */
static void go_on_after_errors(struct look *look, const char *end)
{
    bool goes_on = false;
    for (size_t i = 0; i < look->answer_count; i++) {
        const struct answer *answer = &look->answers[i];
        if (answer->failed && telling_count(end, answer->parts, answer->count, NULL) > 0)
            goes_on = true;
    }
    for (size_t i = 0; goes_on && i < look->discovery->count; i++) {
        struct finding *finding = &look->discovery->items[i];
        size_t length = strlen(finding->value);
        if (finding->kind == FINDING_ERROR && finding->option)
            snprintf(finding->value + length, sizeof(finding->value) - length, ",continue");
    }
}

static void describe_parts(const struct discovery *discovery, char out[64])
{
    if (discovery->least_parts == discovery->most_parts)
        snprintf(out, 64, "a stream of %llu messages", (unsigned long long)discovery->most_parts);
    else
        snprintf(out, 64, "a stream of %llu to %llu messages",
                 (unsigned long long)discovery->least_parts,
                 (unsigned long long)discovery->most_parts);
}

/* Four times the longest gap, in halves of a second, and at least one. */
static double silence_s(const struct look *look)
{
    uint64_t longest_ns = 0;
    for (size_t i = 0; i < look->answer_count; i++)
        longest_ns = u64_max(longest_ns, look->answers[i].longest_ns);
    uint64_t halves = (4 * longest_ns + NS_PER_S / 2 - 1) / (NS_PER_S / 2);
    return (double)u64_max(halves, 2) / 2;
}

/* Without a message that tells the end, only a close or a silence can. */
static void report_end_without_mark(struct look *look, const char *parts)
{
    bool closed = true;
    for (size_t i = 0; i < look->answer_count; i++)
        closed = closed && (ends_well(&look->answers[i]) || look->answers[i].failed);
    struct finding *finding = look_add(
        look, FINDING_REPLY, "--reply-end",
        closed ? "%s, ends with the server's close" : "%s, only silence tells its end", parts);
    if (closed)
        snprintf(finding->value, sizeof(finding->value), "close");
    else
        snprintf(finding->value, sizeof(finding->value), "silence:%gs", silence_s(look));
}

/* However each connection ends after its reply: the reply is there. */
static void report_close(struct look *look)
{
    char how[EXCERPT_SIZE];
    for (size_t i = 0; i < look->answer_count; i++)
        if (!look->answers[i].end)
            return;
    look_add(look, FINDING_CLOSED, "--connection-per-request",
             "the server ends the connection after each reply: %s",
             look_excerpt(said_text(look->answers[0].end), how));
}

static void report_end(struct look *look)
{
    struct end end;
    char parts[64];
    describe_parts(look->discovery, parts);
    if (!find_end(look, &end)) {
        report_end_without_mark(look, parts);
        return;
    }
    struct finding *finding = look_add(look, FINDING_REPLY, "--reply-end", "%s, ends with %s",
                                       parts, strchr(end.rule.text, ':') + 1);
    memcpy(finding->value, end.rule.text, sizeof(finding->value));
    go_on_after_errors(look, end.rule.text);
    if (end.after > 0) {
        mark_after(look, end.rule.text);
        look_report_ignored(look, ROLE_AFTER, FINDING_AFTER);
    }
    report_close(look);
}

static void report_replies(struct look *look)
{
    if (look->discovery->stream)
        report_end(look);
    else
        look_add(look, FINDING_REPLY, NULL, "one message");
    if (!look->discovery->stream)
        report_close(look);
}

/* --- Ids --- */

/* A member that may hold the id of the first good answer. */
struct id_search {
    struct text id;
    char path[TELLING_RULE_SIZE];
};

static void look_for_id(void *user, const char *path, struct text name,
                        const struct json_value *value)
{
    struct id_search *search = user;
    (void)name;
    if (!search->path[0] && value->kind == JSON_STRING && text_equal(value->raw, search->id))
        snprintf(search->path, sizeof(search->path), "%s", path);
}

/* Whether all parts of ANSWER have its own id at PATH. */
static bool carries_id(const struct look *look, const struct answer *answer, const char *path)
{
    char id[TEMPLATE_ID_SIZE];
    char rule[TELLING_RULE_SIZE + TEMPLATE_ID_SIZE + 8];
    size_t length = template_id(look->run_id, answer->id, id);
    snprintf(rule, sizeof(rule), "json:%s=%.*s", path, (int)length, id);
    return telling_count(rule, answer->parts, answer->count, NULL) == answer->count;
}

static void report_id(struct look *look)
{
    char id[TEMPLATE_ID_SIZE];
    const struct answer *answer = first_good(look);
    struct id_search search = {.id = {id, template_id(look->run_id, answer->id, id)}};
    telling_walk(answer->parts[0], look_for_id, &search);
    if (!search.path[0])
        return;
    for (size_t i = 0; i < look->answer_count; i++)
        if (!look->answers[i].failed && !carries_id(look, &look->answers[i], search.path))
            return;
    struct finding *finding = look_add(look, FINDING_ID, "--correlate", "%s comes back",
                                       search.path);
    memcpy(finding->value, search.path, sizeof(finding->value));
}

/* --- A template that nobody understands --- */

static void report_refusal(struct look *look)
{
    char shown[EXCERPT_SIZE];
    look_add(look, FINDING_NOT_UNDERSTOOD, NULL,
             "each prompt: %s; the template is not understood, look at its action or route",
             look_excerpt(look->answers[0].parts[0], shown));
}

/* Whether all that came for each prompt is one message that refuses it. */
static bool refuses_all(const struct look *look)
{
    for (size_t i = 0; i < look->answer_count; i++)
        if (look->answers[i].count != 1 || !vocabulary_refuses(look->answers[i].parts[0]))
            return false;
    return true;
}

/* --- No answer --- */

static void report_silence(struct look *look)
{
    char how[EXCERPT_SIZE];
    const struct said *end = NULL;
    for (size_t i = 0; i < look->transcript->count; i++)
        if (look_entry(look, i)->kind == SAID_CLOSED)
            end = look_entry(look, i);
    look_add(look, FINDING_SILENT, NULL, "nothing answered; %s%s",
             end ? "the connection ended: "
                 : "a route of API Gateway without a route response never does",
             end ? look_excerpt(said_text(end), how) : "");
}

/* --- All --- */

static void look_at(struct look *look)
{
    struct discovery *discovery = look->discovery;
    look_give_roles(look);
    gather_answers(look);
    look_report_greeting(look);
    look_report_ignored(look, ROLE_KEEP_ALIVE, FINDING_KEEP_ALIVE);
    if (discovery->answered == 0) {
        report_silence(look);
    } else if (refuses_all(look)) {
        report_refusal(look);
    } else {
        report_errors(look);
        discovery->good = (uint32_t)good_answers(look);
        if (discovery->good > 0) {
            report_replies(look);
            report_id(look);
        }
    }
}

int discover(const struct transcript *transcript, uint32_t run_id, struct discovery *discovery)
{
    size_t count = transcript->count + 1;
    struct look look = {
        .transcript = transcript,
        .discovery = discovery,
        .run_id = run_id,
        .roles = calloc(count, sizeof(*look.roles)),
        .chosen = calloc(count, sizeof(*look.chosen)),
        .others = calloc(count, sizeof(*look.others)),
        .parts = calloc(count, sizeof(*look.parts)),
        .answers = calloc(transcript->prompts + 1u, sizeof(*look.answers)),
    };
    bool failed = !look.roles || !look.chosen || !look.others || !look.parts || !look.answers;
    *discovery = (struct discovery){.told = true};
    if (!failed)
        look_at(&look);
    free(look.roles);
    free(look.chosen);
    free(look.others);
    free(look.parts);
    free(look.answers);
    return failed ? -1 : 0;
}
