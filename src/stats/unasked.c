#include "wsload/stats/unasked.h"

#include <stdio.h>
#include <string.h>

#include "wsload/stats/failures.h"

static bool has_rule(const struct unasked_kind *kind)
{
    return kind->rule[0] != '\0';
}

static int order_of(const char *a, const char *b)
{
    int order = !a[0] - !b[0];
    if (!order)
        order = rule_for_is_control(b) - rule_for_is_control(a);
    return order ? order : strcmp(a, b);
}

/* Where RULE is, or belongs. */
static size_t place_of(const struct unasked *unasked, const char *rule)
{
    size_t place = 0;
    while (place < unasked->count && order_of(unasked->kinds[place].rule, rule) < 0)
        place++;
    return place;
}

static struct unasked_kind *find(struct unasked *unasked, const char *rule)
{
    for (size_t i = 0; i < unasked->count; i++)
        if (strcmp(unasked->kinds[i].rule, rule) == 0)
            return &unasked->kinds[i];
    return NULL;
}

static size_t count_of_rules(const struct unasked *unasked)
{
    size_t count = unasked->count;
    return count > 0 && !has_rule(&unasked->kinds[count - 1]) ? count - 1 : count;
}

static void insert(struct unasked *unasked, size_t place, const struct unasked_kind *kind)
{
    struct unasked_kind *kinds = unasked->kinds;
    memmove(&kinds[place + 1], &kinds[place], (unasked->count - place) * sizeof(kinds[0]));
    kinds[place] = *kind;
    unasked->count++;
}

/* Takes the last kind with a rule off, to make room before it. */
static struct unasked_kind take_last(struct unasked *unasked)
{
    size_t last = count_of_rules(unasked) - 1;
    struct unasked_kind *kinds = unasked->kinds;
    struct unasked_kind taken = kinds[last];
    memmove(&kinds[last], &kinds[last + 1], (unasked->count - last - 1) * sizeof(kinds[0]));
    unasked->count--;
    return taken;
}

static void add_to(struct unasked_kind *kind, const struct unasked_kind *other)
{
    kind->count += other->count;
    if (other->example[0] && (!kind->example[0] || strcmp(other->example, kind->example) < 0))
        memcpy(kind->example, other->example, sizeof(kind->example));
}

/* Adds KIND to those without a rule. */
static void fold(struct unasked *unasked, struct unasked_kind kind)
{
    struct unasked_kind *rest = find(unasked, "");
    kind.rule[0] = '\0';
    if (rest)
        add_to(rest, &kind);
    else
        insert(unasked, unasked->count, &kind);
}

void unasked_put(struct unasked *unasked, const struct unasked_kind *kind)
{
    struct unasked_kind *known = find(unasked, kind->rule);
    size_t place = place_of(unasked, kind->rule);
    if (known) {
        add_to(known, kind);
    } else if (!has_rule(kind) || place >= UNASKED_MAX) {
        fold(unasked, *kind);
    } else {
        bool full = count_of_rules(unasked) == UNASKED_MAX;
        struct unasked_kind out = full ? take_last(unasked) : (struct unasked_kind){.count = 0};
        insert(unasked, place, kind);
        if (full)
            fold(unasked, out);
    }
}

/* The kind that one of RULE is counted with; NULL: there is none yet. */
static struct unasked_kind *counted_with(struct unasked *unasked, const char *rule)
{
    struct unasked_kind *known = find(unasked, rule);
    bool kept = known || place_of(unasked, rule) < UNASKED_MAX;
    return kept ? known : find(unasked, "");
}

bool unasked_wants(struct unasked *unasked, const char *rule)
{
    const struct unasked_kind *known = counted_with(unasked, rule);
    return !known || !known->example[0];
}

void unasked_add(struct unasked *unasked, const char *rule, struct text example)
{
    struct unasked_kind kind = {.count = 1};
    struct unasked_kind *known = counted_with(unasked, rule);
    if (known && known->example[0]) {
        known->count++;
        return;
    }
    snprintf(kind.rule, sizeof(kind.rule), "%s", rule);
    excerpt_copy(example, UNASKED_EXAMPLE_CHARACTERS, kind.example, sizeof(kind.example));
    unasked_put(unasked, &kind);
}

void unasked_merge(struct unasked *unasked, const struct unasked *other)
{
    for (size_t i = 0; i < other->count; i++)
        unasked_put(unasked, &other->kinds[i]);
}

const struct unasked_kind *unasked_foremost(const struct unasked *unasked, bool control)
{
    const struct unasked_kind *kinds = unasked->kinds;
    const struct unasked_kind *foremost = unasked->count > 0 ? &kinds[0] : NULL;
    if (foremost && control && rule_for_is_control(foremost->rule))
        return foremost;
    for (size_t i = 1; i < count_of_rules(unasked); i++)
        if (kinds[i].count > foremost->count)
            foremost = &kinds[i];
    return foremost;
}
