/* Finds the rule that tells some messages from others: what a person would give to --reply-end or
 * --ignore after a look at them.
 *
 * Candidates are made from one message and tried with the rules of reply.h themselves, so a rule
 * that is found does in a run just what it did here. Pure; it allocates while it looks. */
#ifndef WSLOAD_PROTOCOL_TELLING_H
#define WSLOAD_PROTOCOL_TELLING_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/text.h"
#include "wsload/protocol/json_text.h"

#define TELLING_RULE_SIZE 256

/* What a rule looks at, those first that a person would choose first. */
enum telling_rank {
    TELLING_REASON,   /* that a member is not null whose values differ by nature: a reason */
    TELLING_KIND,     /* what a member says that tells kinds of messages apart */
    TELLING_TEXT,     /* the whole of a text that is no JSON */
    TELLING_STEADY,   /* a part of it, between numbers and ids */
    TELLING_WORD,     /* what another member says */
    TELLING_NOT_NULL, /* that a member is not null */
    TELLING_THERE     /* that it is there */
};

/* A rule that may tell, as options give it. */
struct telling_rule {
    char text[TELLING_RULE_SIZE];
    enum telling_rank rank;
    bool ends;   /* it speaks of an end, as "status=completed" or "[DONE]" */
    bool varies; /* it is a text with numbers in it, which may differ the next time */
};

struct telling_rules {
    struct telling_rule *items; /* owned */
    size_t count;
};

/* All rules that hold for MESSAGE and might tell it: of each member, what it says, that it is there
 * or not null; of a text on one line, the longest part without numbers, times and ids, and the
 * whole if that is short. 0, or -1 when memory is out. */
int telling_rules_of(struct telling_rules *rules, struct text message);

/* Releases everything. A zeroed one is fine. */
void telling_rules_free(struct telling_rules *rules);

/* How many of COUNT MESSAGES the rule TEXT holds for; PLACE, which may be NULL, gets the number of
 * the last of them. */
size_t telling_count(const char *text, const struct text *messages, size_t count, size_t *place);

/* Puts the best rule that holds for each of CHOSEN, at least one, and for none of OTHERS into RULE.
 * False when there is none. */
bool telling_rule_find(const struct text *chosen, size_t chosen_count, const struct text *others,
                       size_t other_count, struct telling_rule *rule);

/* Calls FOUND for each string, number, true, false and null in MESSAGE, which is JSON, with its
 * path as rules write it. */
void telling_walk(struct text message,
                  void (*found)(void *user, const char *path, struct text name,
                                const struct json_value *value),
                  void *user);

#endif
