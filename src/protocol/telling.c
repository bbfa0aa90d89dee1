#include "wsload/protocol/telling.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wsload/base/helpers.h"
#include "wsload/protocol/reply.h"
#include "wsload/protocol/transcript.h"
#include "wsload/protocol/vocabulary.h"

#define RULES_OF_MESSAGE_MAX 256
#define DEPTH_MAX            4
#define VALUE_MAX            60 /* a longer text is content */
#define TEXT_RULE_MAX        100
#define STEADY_MIN           3 /* less tells nothing */

/* --- The members of a message --- */

struct walk {
    void (*found)(void *user, const char *path, struct text name, const struct json_value *value);
    void *user;
    struct buffer path;
};

static void walk_value(struct walk *walk, struct text name, const struct json_value *value,
                       unsigned depth);

/* Appends NAME, still escaped, as a path has it: what would be read otherwise gets a backslash. */
static int append_step(struct buffer *path, struct text name)
{
    struct buffer plain;
    struct json_value value = {JSON_STRING, name};
    buffer_init(&plain, TELLING_RULE_SIZE);
    int status = json_value_decode(&value, &plain);
    if (path->length > 0)
        status |= buffer_append(path, ".", 1);
    for (size_t i = 0; i < plain.length; i++) {
        if (strchr(".=!\\[]", plain.data[i]))
            status |= buffer_append(path, "\\", 1);
        status |= buffer_append(path, &plain.data[i], 1);
    }
    buffer_free(&plain);
    return status;
}

static void walk_member(struct walk *walk, struct text name, const struct json_value *value,
                        unsigned depth)
{
    size_t length = walk->path.length;
    if (name.length > 0 && append_step(&walk->path, name) == 0)
        walk_value(walk, name, value, depth + 1);
    walk->path.length = length;
    if (walk->path.data)
        walk->path.data[length] = '\0';
}

static void walk_object(struct walk *walk, struct text document, unsigned depth)
{
    struct json_members members = {.document = document};
    struct json_value value;
    struct text name;
    while (json_members_next(&members, &name, &value))
        walk_member(walk, name, &value, depth);
}

/* The first element alone, as of choices.0.finish_reason. */
static void walk_array(struct walk *walk, struct text document, unsigned depth)
{
    struct json_paths paths = {0};
    struct json_value value;
    struct error error;
    unsigned index;
    if (json_paths_add(&paths, TEXT("0"), &index, &error) == 0) {
        json_scan(&paths, document, &value);
        if (value.kind != JSON_ABSENT)
            walk_member(walk, TEXT("0"), &value, depth);
    }
    json_paths_free(&paths);
}

static void walk_value(struct walk *walk, struct text name, const struct json_value *value,
                       unsigned depth)
{
    walk->found(walk->user, walk->path.data, name, value);
    if (depth >= DEPTH_MAX)
        return;
    if (value->kind == JSON_OBJECT)
        walk_object(walk, value->raw, depth);
    else if (value->kind == JSON_ARRAY)
        walk_array(walk, value->raw, depth);
}

void telling_walk(struct text message,
                  void (*found)(void *user, const char *path, struct text name,
                                const struct json_value *value),
                  void *user)
{
    struct walk walk = {.found = found, .user = user};
    struct text document = text_trim(message);
    buffer_init(&walk.path, TELLING_RULE_SIZE);
    if (document.length > 0 && document.data[0] == '[')
        walk_array(&walk, document, 0);
    else
        walk_object(&walk, document, 0);
    buffer_free(&walk.path);
}

/* --- The rules that may tell a message --- */

/* Members that tell kinds of messages apart. */
static bool names_kind(struct text name)
{
    return vocabulary_names_kind(name) || vocabulary_names_end(name);
}

struct making {
    struct telling_rules *rules;
    bool failed;
};

__attribute__((format(printf, 3, 4))) static void add(struct making *making, unsigned rank,
                                                      const char *format, ...)
{
    va_list arguments;
    struct telling_rules *rules = making->rules;
    if (rules->count == RULES_OF_MESSAGE_MAX)
        return;
    struct telling_rule *rule = &rules->items[rules->count];
    va_start(arguments, format);
    int length = vsnprintf(rule->text, sizeof(rule->text), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(rule->text))
        return; /* no person would type it */
    rule->rank = rank;
    rule->ends = vocabulary_speaks_of_end(rule->text);
    rule->varies = false;
    rules->count++;
}

/* Whether a rule can be made of the decoded VALUE: short, and on one line. */
static bool fits_rule(struct text value)
{
    if (value.length == 0 || value.length > VALUE_MAX)
        return false;
    for (size_t i = 0; i < value.length; i++)
        if ((unsigned char)value.data[i] < 0x20)
            return false;
    return true;
}

static void add_string(struct making *making, const char *path, struct text name,
                       const struct json_value *value)
{
    struct buffer plain;
    buffer_init(&plain, VALUE_MAX + 1);
    bool short_enough = json_value_decode(value, &plain) == 0 && fits_rule(buffer_text(&plain));
    if (short_enough)
        add(making, names_kind(name) ? TELLING_KIND : TELLING_WORD, "json:%s=%s", path, plain.data);
    buffer_free(&plain);
}

static void add_member(void *user, const char *path, struct text name,
                       const struct json_value *value)
{
    struct making *making = user;
    bool reason = text_ends(name, "reason");
    switch (value->kind) {
    case JSON_STRING:
        if (!reason)
            add_string(making, path, name, value);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        add(making, names_kind(name) ? TELLING_KIND : TELLING_WORD, "json:%s=%.*s", path,
            TEXT_ARGS(value->raw));
        break;
    case JSON_NUMBER: /* elsewhere a number is content */
        if (names_kind(name))
            add(making, TELLING_KIND, "json:%s=%.*s", path, TEXT_ARGS(value->raw));
        break;
    default:
        break;
    }
    if (value->kind != JSON_NULL)
        add(making, reason ? TELLING_REASON : TELLING_NOT_NULL, "json:%s!=null", path);
    add(making, TELLING_THERE, "json:%s", path);
}

static void add_texts(struct making *making, struct text message)
{
    struct text line = text_trim(message);
    struct text steady = text_trim(said_steady(line));
    if (line.length == 0 || memchr(line.data, '\n', line.length))
        return;
    bool varies = steady.length < line.length;
    if (varies && steady.length >= STEADY_MIN)
        add(making, TELLING_STEADY, "contains:%.*s", TEXT_ARGS(steady));
    if (line.length > TEXT_RULE_MAX)
        return;
    add(making, TELLING_TEXT, line.length == message.length ? "text:%.*s" : "contains:%.*s",
        TEXT_ARGS(line));
    if (making->rules->count > 0)
        making->rules->items[making->rules->count - 1].varies = varies;
}

int telling_rules_of(struct telling_rules *rules, struct text message)
{
    struct making making = {.rules = rules};
    *rules = (struct telling_rules){calloc(RULES_OF_MESSAGE_MAX, sizeof(*rules->items)), 0};
    if (!rules->items)
        return -1;
    telling_walk(message, add_member, &making);
    if (rules->count == 0)
        add_texts(&making, message);
    return 0;
}

void telling_rules_free(struct telling_rules *rules)
{
    free(rules->items);
    *rules = (struct telling_rules){0};
}

/* --- Trying them --- */

size_t telling_count(const char *text, const struct text *messages, size_t count, size_t *place)
{
    struct json_paths paths = {0};
    struct json_value value = {0};
    struct error error;
    struct rule rule;
    size_t held = 0;
    if (rule_parse(text, &paths, &rule, &error) == 0)
        for (size_t i = 0; i < count; i++) {
            json_scan(&paths, messages[i], &value);
            if (!rule_holds(&rule, messages[i], &value))
                continue;
            held++;
            if (place)
                *place = i;
        }
    json_paths_free(&paths);
    return held;
}

/* Which rule comes first, when COUNT messages are to be told. */
static unsigned order_of(const struct telling_rule *rule, size_t count)
{
    return rule->varies && count == 1 ? TELLING_THERE + 1 : rule->rank;
}

bool telling_rule_find(const struct text *chosen, size_t chosen_count, const struct text *others,
                       size_t other_count, struct telling_rule *rule)
{
    struct telling_rules rules;
    const struct telling_rule *best = NULL;
    if (telling_rules_of(&rules, chosen[0]))
        return false;
    for (size_t i = 0; i < rules.count; i++) {
        const struct telling_rule *next = &rules.items[i];
        if ((!best || order_of(next, chosen_count) < order_of(best, chosen_count)) &&
            telling_count(next->text, chosen, chosen_count, NULL) == chosen_count &&
            telling_count(next->text, others, other_count, NULL) == 0)
            best = next;
    }
    if (best)
        *rule = *best;
    telling_rules_free(&rules);
    return best;
}
