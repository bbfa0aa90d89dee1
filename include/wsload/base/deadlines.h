/* Many deadlines, the earliest first: a binary heap of deadlines that live in their owners.
 *
 * Made for deadlines that are moved later far more often than they expire (a reply timeout is set
 * anew by every message): moving a deadline later is one store, and the heap is put right only
 * when the old time comes up. It knows no clock: time is an argument. */
#ifndef WSLOAD_BASE_DEADLINES_H
#define WSLOAD_BASE_DEADLINES_H

#include <stddef.h>
#include <stdint.h>

struct deadline {
    uint64_t due_ns;   /* when it expires; set by deadlines_arm() */
    uint64_t heap_ns;  /* private: the time the heap is sorted by, never later than due_ns */
    size_t heap_place; /* private: place in the heap plus one; 0 when not in it */
};

struct deadlines {
    struct deadline **heap; /* owned array of borrowed deadlines */
    size_t count;
    size_t capacity;
};

/* An empty set. A zeroed struct deadline is a disarmed one. */
void deadlines_init(struct deadlines *deadlines);

/* Releases the array. Deadlines still in it are forgotten, not touched. */
void deadlines_free(struct deadlines *deadlines);

/* Makes room for CAPACITY deadlines in all, so that arming that many cannot fail. 0 or -1. */
int deadlines_reserve(struct deadlines *deadlines, size_t capacity);

/* Sets DEADLINE to DUE_NS, whether or not it was armed. O(1) when moved later, else O(log n).
 * DEADLINE must outlive its place in the set. 0, or -1 when memory is out (never after a
 * sufficient deadlines_reserve()). */
int deadlines_arm(struct deadlines *deadlines, struct deadline *deadline, uint64_t due_ns);

/* Takes DEADLINE out; harmless when it is not in. */
void deadlines_disarm(struct deadlines *deadlines, struct deadline *deadline);

/* Takes out and returns one deadline with due_ns <= NOW_NS, the earliest first; NULL when none. */
struct deadline *deadlines_pop(struct deadlines *deadlines, uint64_t now_ns);

/* A time not later than the earliest deadline, and at which deadlines_pop() will do useful work;
 * CLOCK_NEVER when there is none. */
uint64_t deadlines_next_ns(const struct deadlines *deadlines);

#endif
