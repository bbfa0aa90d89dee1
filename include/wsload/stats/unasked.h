/* Messages that no request asked for, counted by their kind, with an example of each.
 *
 * A kind is the rule that tells such messages from others (protocol/rule_for.h). Bounded: of more
 * than UNASKED_MAX kinds the first in order are kept, keep-alives and greetings before all others
 * and then by name; the rest is counted with those that have no rule. */
#ifndef WSLOAD_STATS_UNASKED_H
#define WSLOAD_STATS_UNASKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/protocol/rule_for.h"

#define UNASKED_MAX                8
#define UNASKED_EXAMPLE_CHARACTERS 250  /* an example is cut here */
#define UNASKED_EXAMPLE_SIZE       1024 /* 250 characters of at most 4 bytes, and a NUL */

struct unasked_kind {
    char rule[RULE_FOR_SIZE]; /* "": they have none; valid UTF-8, as the example */
    uint64_t count;
    char example[UNASKED_EXAMPLE_SIZE];
};

/* Zeroed, it is empty. */
struct unasked {
    struct unasked_kind kinds[UNASKED_MAX + 1]; /* in order; the one without a rule is the last */
    size_t count;
};

/* Counts one of the kind RULE; EXAMPLE is copied when it is the first. */
void unasked_add(struct unasked *unasked, const char *rule, struct text example);

/* Whether unasked_add() would keep the example of one of the kind RULE. */
bool unasked_wants(struct unasked *unasked, const char *rule);

/* Adds those of KIND. Any order of adding gives the same: of two examples the first in alphabetical
 * order is kept. */
void unasked_put(struct unasked *unasked, const struct unasked_kind *kind);

/* The same for all of OTHER. */
void unasked_merge(struct unasked *unasked, const struct unasked *other);

/* The kind to be shown, when there is but room for one: what keeps alive or greets, if CONTROL asks
 * for that and there is any, or else the most frequent that has a rule. NULL when there is none. */
const struct unasked_kind *unasked_foremost(const struct unasked *unasked, bool control);

#endif
