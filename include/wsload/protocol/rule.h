/* Rules on messages, as options give them: "text:EXACT", "contains:TEXT", "icontains:TEXT",
 * "json:PATH=VALUE", "json:PATH!=VALUE" (is there, and says something else), "json:PATH" (is
 * there); any other text is taken as contains:.
 *
 * Compiled once. A message is scanned once for the paths of all rules together; a rule then looks
 * at what was found. Nothing is allocated while judging. What a rule means for a reply is said in
 * reply.h. */
#ifndef WSLOAD_PROTOCOL_RULE_H
#define WSLOAD_PROTOCOL_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/json_scan.h"

#define RULES_MAX 64

/* For messages: the rules that there are. */
#define RULE_FORMS                                                                                 \
    "text:EXACT, contains:TEXT, icontains:TEXT, json:PATH, json:PATH=VALUE, json:PATH!=VALUE"

enum rule_kind {
    RULE_TEXT,         /* the message is EXACT, byte for byte */
    RULE_CONTAINS,     /* it contains TEXT: see match_contains() */
    RULE_ICONTAINS,    /* likewise, in any case of letters */
    RULE_JSON_PRESENT, /* it has the member, null too */
    RULE_JSON_IS,      /* the member is VALUE: see json_value_is() */
    RULE_JSON_IS_NOT   /* it has the member, and that is not VALUE */
};

struct rule {
    enum rule_kind kind;
    const char *given; /* all that was parsed, borrowed */
    struct text text;  /* EXACT, TEXT or VALUE, a part of it */
    unsigned path;     /* of the json: rules, in the paths they were compiled with */
    bool goes_on;      /* of --fail-on: ",continue" was given, the reply is not over */
};

struct rule_list {
    struct rule items[RULES_MAX];
    size_t count;
};

/* Whether TEXT begins like a rule ("text:", "contains:", "icontains:", "json:"). */
bool rule_has_prefix(const char *text);

/* Parses TEXT, which must outlive RULE; its json: path is added to PATHS. Refused is what has no
 * text, what is a word of --reply-end ("close", "count:3"), and what was most likely meant
 * otherwise: a prefix that is misspelt, "==", a value in quotes. The error does not name the
 * option. 0 or -1. */
int rule_parse(const char *text, struct json_paths *paths, struct rule *rule, struct error *error);

/* The same for TEXT of --fail-on: ",continue" at its end sets goes_on. */
int rule_parse_error(const char *text, struct json_paths *paths, struct rule *rule,
                     struct error *error);

/* The paths that RULE needs, a bit for each; 0: it looks at the text alone. */
uint64_t rule_paths(const struct rule *rule);

/* Whether RULE holds for MESSAGE, of which VALUES were found by json_scan() with the same paths;
 * they may be NULL when RULE is no json: rule. */
bool rule_holds(const struct rule *rule, struct text message, const struct json_value *values);

#endif
