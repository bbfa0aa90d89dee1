#include "wsload/stats/failures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/text.h"

void excerpt_copy(struct text text, size_t max_characters, char *out, size_t size)
{
    static const struct text replacement = {"\xEF\xBF\xBD", 3}; /* U+FFFD */
    size_t used = 0;
    for (; max_characters > 0 && text.length > 0; max_characters--) {
        size_t length = utf8_character_length(text);
        bool good = length > 0 && text.data[0] != '\0';
        struct text character = good ? (struct text){text.data, length} : replacement;
        if (used + character.length >= size)
            break;
        memcpy(out + used, character.data, character.length);
        used += character.length;
        text.data += good ? length : 1;
        text.length -= good ? length : 1;
    }
    out[used] = '\0';
}

/* The class of KIND and DETAIL; NULL when there is none. */
static struct failure_class *find(struct failures *failures, enum failure_kind kind,
                                  const char *detail)
{
    for (size_t i = 0; i < failures->count; i++) {
        struct failure_class *known = &failures->classes[i];
        if (known->kind == kind && strcmp(known->detail, detail) == 0)
            return known;
    }
    return NULL;
}

/* It, or a new one: the array has room for "other" of each kind past FAILURES_MAX. */
static struct failure_class *find_or_append(struct failures *failures, enum failure_kind kind,
                                            const char *detail)
{
    struct failure_class *class = find(failures, kind, detail);
    if (class)
        return class;
    class = &failures->classes[failures->count++];
    *class = (struct failure_class){.kind = kind};
    snprintf(class->detail, sizeof(class->detail), "%s", detail);
    return class;
}

/* Cut before it is looked up, so that it is found again. */
static void cut_detail(const struct failure *failure, char detail[FAILURE_DETAIL_SIZE])
{
    excerpt_copy(text_of(failure->detail), SIZE_MAX, detail, FAILURE_DETAIL_SIZE);
}

bool failures_want(struct failures *failures, const struct failure *failure)
{
    char detail[FAILURE_DETAIL_SIZE];
    cut_detail(failure, detail);
    const struct failure_class *known = find(failures, failure->kind, detail);
    return !known || (failure->example.length > 0 && !known->example[0]);
}

void failures_add(struct failures *failures, const struct failure *failure, unsigned requests)
{
    char detail[FAILURE_DETAIL_SIZE];
    cut_detail(failure, detail);
    struct failure_class *class = find(failures, failure->kind, detail);
    if (!class)
        class = find_or_append(failures, failure->kind,
                               failures->count < FAILURES_MAX ? detail : FAILURE_DETAIL_OTHER);
    class->count++;
    class->requests += requests;
    if (class->example[0] == '\0')
        excerpt_copy(failure->example, FAILURE_EXAMPLE_CHARACTERS, class->example,
                     sizeof(class->example));
}

/* --- Adding up --- */

static bool is_other(const struct failure_class *class)
{
    return strcmp(class->detail, FAILURE_DETAIL_OTHER) == 0;
}

static int order_of_names(const struct failure_class *a, const struct failure_class *b)
{
    return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->detail, b->detail);
}

/* Of two examples the first in order is kept, whatever the order of adding. */
static void add_class(struct failure_class *class, const struct failure_class *other)
{
    class->count += other->count;
    class->requests += other->requests;
    if (other->example[0] && (!class->example[0] || strcmp(other->example, class->example) < 0))
        memcpy(class->example, other->example, sizeof(class->example));
}

static void fold_into_other(struct failures *failures, const struct failure_class *class)
{
    add_class(find_or_append(failures, class->kind, FAILURE_DETAIL_OTHER), class);
}

/* The last by name of those that are not "other", and how many of those there are. */
static struct failure_class *last_by_name(struct failures *failures, size_t *count)
{
    struct failure_class *last = NULL;
    *count = 0;
    for (size_t i = 0; i < failures->count; i++) {
        struct failure_class *class = &failures->classes[i];
        if (is_other(class))
            continue;
        ++*count;
        if (!last || order_of_names(last, class) < 0)
            last = class;
    }
    return last;
}

/* Of more than FAILURES_MAX the first by name are kept, so that the order of adding does not
 * matter. */
static void add_new(struct failures *failures, const struct failure_class *class)
{
    size_t count;
    struct failure_class *last = last_by_name(failures, &count);
    if (count < FAILURES_MAX) {
        failures->classes[failures->count++] = *class;
        return;
    }
    struct failure_class out = *class;
    if (order_of_names(class, last) < 0) {
        out = *last;
        *last = *class;
    }
    fold_into_other(failures, &out);
}

void failures_merge(struct failures *failures, const struct failures *other)
{
    for (size_t i = 0; i < other->count; i++) {
        const struct failure_class *theirs = &other->classes[i];
        struct failure_class *ours = find(failures, theirs->kind, theirs->detail);
        if (ours)
            add_class(ours, theirs);
        else if (is_other(theirs))
            fold_into_other(failures, theirs);
        else
            add_new(failures, theirs);
    }
}

static int compare_classes(const void *left, const void *right)
{
    const struct failure_class *a = left;
    const struct failure_class *b = right;
    return a->count != b->count ? (a->count > b->count ? -1 : 1) : order_of_names(a, b);
}

void failures_sort(struct failures *failures)
{
    qsort(failures->classes, failures->count, sizeof(failures->classes[0]), compare_classes);
}

uint64_t failures_requests(const struct failures *failures)
{
    uint64_t requests = 0;
    for (size_t i = 0; i < failures->count; i++)
        requests += failures->classes[i].requests;
    return requests;
}
