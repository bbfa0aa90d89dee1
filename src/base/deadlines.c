#include "wsload/base/deadlines.h"

#include <stdlib.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

#define SMALLEST_CAPACITY 64

/* The invariant: a parent's heap_ns is at most its children's, and heap_ns <= due_ns for each. So
 * the root's heap_ns is never later than any deadline, and a root with heap_ns == due_ns is the
 * earliest of all. */

static void put(struct deadlines *deadlines, size_t index, struct deadline *deadline)
{
    deadlines->heap[index] = deadline;
    deadline->heap_place = index + 1;
}

/* Moves the deadline at INDEX towards the root, to where it belongs. */
static void sift_up(struct deadlines *deadlines, size_t index)
{
    struct deadline *moving = deadlines->heap[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (deadlines->heap[parent]->heap_ns <= moving->heap_ns)
            break;
        put(deadlines, index, deadlines->heap[parent]);
        index = parent;
    }
    put(deadlines, index, moving);
}

/* Moves the deadline at INDEX towards the leaves, to where it belongs. */
static void sift_down(struct deadlines *deadlines, size_t index)
{
    struct deadline *moving = deadlines->heap[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= deadlines->count)
            break;
        if (child + 1 < deadlines->count &&
            deadlines->heap[child + 1]->heap_ns < deadlines->heap[child]->heap_ns)
            child++;
        if (moving->heap_ns <= deadlines->heap[child]->heap_ns)
            break;
        put(deadlines, index, deadlines->heap[child]);
        index = child;
    }
    put(deadlines, index, moving);
}

void deadlines_init(struct deadlines *deadlines)
{
    *deadlines = (struct deadlines){0};
}

void deadlines_free(struct deadlines *deadlines)
{
    free(deadlines->heap);
    deadlines_init(deadlines);
}

int deadlines_reserve(struct deadlines *deadlines, size_t capacity)
{
    if (capacity <= deadlines->capacity)
        return 0;
    struct deadline **heap = reallocarray(deadlines->heap, capacity, sizeof(struct deadline *));
    if (!heap)
        return -1;
    deadlines->heap = heap;
    deadlines->capacity = capacity;
    return 0;
}

int deadlines_arm(struct deadlines *deadlines, struct deadline *deadline, uint64_t due_ns)
{
    if (deadline->heap_place == 0) {
        size_t doubled = u64_max(deadlines->capacity * 2, SMALLEST_CAPACITY);
        if (deadlines->count == deadlines->capacity && deadlines_reserve(deadlines, doubled))
            return -1;
        put(deadlines, deadlines->count++, deadline);
    } else if (due_ns >= deadline->heap_ns) {
        deadline->due_ns = due_ns;
        return 0;
    }
    deadline->due_ns = due_ns;
    deadline->heap_ns = due_ns;
    sift_up(deadlines, deadline->heap_place - 1);
    return 0;
}

void deadlines_disarm(struct deadlines *deadlines, struct deadline *deadline)
{
    size_t index = deadline->heap_place - 1;
    if (deadline->heap_place == 0)
        return;
    deadline->heap_place = 0;
    struct deadline *last = deadlines->heap[--deadlines->count];
    if (last == deadline)
        return;
    put(deadlines, index, last);
    sift_up(deadlines, index);
    sift_down(deadlines, last->heap_place - 1);
}

struct deadline *deadlines_pop(struct deadlines *deadlines, uint64_t now_ns)
{
    while (deadlines->count > 0 && deadlines->heap[0]->heap_ns <= now_ns) {
        struct deadline *first = deadlines->heap[0];
        if (first->due_ns == first->heap_ns) {
            deadlines_disarm(deadlines, first);
            return first;
        }
        first->heap_ns = first->due_ns;
        sift_down(deadlines, 0);
    }
    return NULL;
}

uint64_t deadlines_next_ns(const struct deadlines *deadlines)
{
    return deadlines->count == 0 ? CLOCK_NEVER : deadlines->heap[0]->heap_ns;
}
