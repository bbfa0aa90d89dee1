#include "wsload/protocol/rule_for.h"

#include <stdio.h>

#include "wsload/base/helpers.h"
#include "wsload/protocol/json_scan.h"
#include "wsload/protocol/vocabulary.h"

#define VALUE_MAX 40 /* bytes that somebody may want to type */

/* --- Rules --- */

/* Whether TEXT is something, and can be typed. */
static bool can_be_typed(struct text text)
{
    if (text.length == 0 || text.length > VALUE_MAX || !utf8_valid(text))
        return false;
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F)
            return false;
    return true;
}

/* Where NAME stands in vocabulary_kinds; VOCABULARY_KINDS: nowhere. */
static size_t place_of(struct text name)
{
    size_t place = 0;
    while (place < VOCABULARY_KINDS && !json_string_is(name, text_of(vocabulary_kinds[place])))
        place++;
    return place;
}

/* Finds the surest member of MESSAGE that names its kind: its place in vocabulary_kinds. */
static size_t find_kind(struct text message, struct json_value *kind)
{
    struct json_members members = {.document = message};
    struct json_value value;
    struct text name;
    size_t best = VOCABULARY_KINDS;
    unsigned seen = 0; /* of duplicate keys the first counts */
    while (json_members_next(&members, &name, &value)) {
        size_t place = place_of(name);
        bool says = value.kind == JSON_STRING || value.kind == JSON_NUMBER;
        if (says && place < best && !(seen >> place & 1)) {
            best = place;
            *kind = value;
        }
        seen |= 1u << place;
    }
    return best;
}

static bool put_kind(char rule[RULE_FOR_SIZE], struct text message)
{
    struct json_value kind;
    struct buffer value;
    size_t place = find_kind(message, &kind);
    if (place == VOCABULARY_KINDS)
        return false;
    buffer_init(&value, VALUE_MAX);
    bool fits = json_value_decode(&kind, &value) == 0 && can_be_typed(buffer_text(&value)) &&
                json_value_is(&kind, buffer_text(&value)); /* the string "null" is not said so */
    if (fits)
        snprintf(rule, RULE_FOR_SIZE, "json:%s=%s", vocabulary_kinds[place], value.data);
    buffer_free(&value);
    return fits;
}

static bool put_text(char rule[RULE_FOR_SIZE], struct text message)
{
    if (!can_be_typed(message))
        return false;
    snprintf(rule, RULE_FOR_SIZE, "text:%.*s", TEXT_ARGS(message));
    return true;
}

bool rule_for(struct text message, char rule[RULE_FOR_SIZE])
{
    rule[0] = '\0';
    if (message.length > RULE_FOR_LOOKS_AT)
        message.length = RULE_FOR_LOOKS_AT;
    return put_kind(rule, message) || put_text(rule, message);
}

/* --- What is no reply --- */

/* The next word of TEXT, letters and digits alone; empty at the end. */
static struct text take_word(struct text *text)
{
    while (text->length > 0 && !text_made_of((struct text){text->data, 1}, ""))
        *text = text_after(*text, 1);
    size_t length = 0;
    while (length < text->length && text_made_of((struct text){text->data + length, 1}, ""))
        length++;
    struct text word = {text->data, length};
    *text = text_after(*text, length);
    return word;
}

bool rule_for_is_control(const char *rule)
{
    struct text rest = text_of(rule);
    for (struct text word = take_word(&rest); word.length > 0; word = take_word(&rest))
        if (vocabulary_is_control(word))
            return true;
    return false;
}
