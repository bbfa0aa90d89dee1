#include "wsload/stats/failures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/stats/excerpt.h"

#define OTHER_DETAIL "other"

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

static struct failure_class *append(struct failures *failures, enum failure_kind kind,
                                    const char *detail)
{
    struct failure_class *added = &failures->classes[failures->count++];
    *added = (struct failure_class){.kind = kind};
    snprintf(added->detail, sizeof(added->detail), "%s", detail);
    return added;
}

/* Past FAILURES_MAX only "other" is appended, once for each kind: the array has room for that. */
static struct failure_class *find_or_append(struct failures *failures, enum failure_kind kind,
                                            const char *detail)
{
    struct failure_class *known = find(failures, kind, detail);
    if (known == NULL && failures->count >= FAILURES_MAX) {
        detail = OTHER_DETAIL;
        known = find(failures, kind, detail);
    }
    return known != NULL ? known : append(failures, kind, detail);
}

void failures_add(struct failures *failures, const struct failure *failure, unsigned requests)
{
    char detail[FAILURE_DETAIL_SIZE]; /* cut before it is looked up, so that it is found again */
    excerpt_copy(text_of(failure->detail), SIZE_MAX, detail, sizeof(detail));
    struct failure_class *class = find_or_append(failures, failure->kind, detail);
    class->count++;
    class->requests += requests;
    if (class->example[0] == '\0')
        excerpt_copy(failure->example, FAILURE_EXAMPLE_CHARACTERS, class->example,
                     sizeof(class->example));
}

void failures_merge(struct failures *failures, const struct failures *other)
{
    for (size_t i = 0; i < other->count; i++) {
        const struct failure_class *theirs = &other->classes[i];
        struct failure_class *ours = find_or_append(failures, theirs->kind, theirs->detail);
        ours->count += theirs->count;
        ours->requests += theirs->requests;
        if (ours->example[0] == '\0')
            memcpy(ours->example, theirs->example, sizeof(ours->example));
    }
}

static int compare_classes(const void *left, const void *right)
{
    const struct failure_class *a = left;
    const struct failure_class *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return strcmp(a->detail, b->detail);
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
