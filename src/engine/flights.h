/* The requests in flight on one connection: in the order in which they were given to it, found by
 * their number in constant time.
 *
 * Memory is the caller's, and nothing is allocated but the texts of replies. */
#ifndef WSLOAD_ENGINE_FLIGHTS_H
#define WSLOAD_ENGINE_FLIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/load/schedule.h"
#include "wsload/protocol/reply.h"

#define NO_FLIGHT UINT16_MAX

/* A request in flight, or about to be. */
struct flight {
    struct request request;
    uint64_t sent_ns;  /* when its first message was handed to the socket; 0 before */
    uint64_t first_ns; /* when its reply's first message came; 0 before */
    uint64_t last_ns;  /* and its newest one */
    struct reply reply;
    size_t part_at;     /* in the text that the step under way is split from */
    uint64_t part;      /* and the number of that part */
    uint32_t sent_read; /* reads of the socket when its newest message was sent */
    uint8_t step;       /* steps before it that were said to the end */
    uint8_t awaited;    /* the one that is to be answered, from 1; 0: none */
    uint16_t next;      /* towards the newest, or in the list of free ones */
    uint16_t previous;  /* towards the oldest */
    uint16_t same;      /* the next one in the same bucket */
};

struct flights {
    struct flight *places;
    uint16_t *buckets; /* the first flight of each */
    uint16_t size;     /* room for so many, 1 .. IN_FLIGHT_MAX */
    uint16_t count;
    uint16_t mask; /* buckets less one, a power of two */
    uint16_t oldest;
    uint16_t newest;
    uint16_t free;
};

/* Bytes of memory for SIZE flights. */
size_t flights_bytes(unsigned size);

/* MEMORY has flights_bytes(SIZE), is aligned for a struct flight and outlives FLIGHTS. */
void flights_init(struct flights *flights, unsigned size, void *memory);

/* Adds REQUEST as the newest; there must be room. */
struct flight *flights_add(struct flights *flights, struct request request);

/* The one of SEQ, or NULL. */
struct flight *flights_find(const struct flights *flights, uint64_t seq);

/* There must be one. */
static inline struct flight *flights_oldest(const struct flights *flights)
{
    return &flights->places[flights->oldest];
}

static inline struct flight *flights_newest(const struct flights *flights)
{
    return &flights->places[flights->newest];
}

/* The one after FLIGHT in order, or NULL. */
static inline struct flight *flights_next(const struct flights *flights,
                                          const struct flight *flight)
{
    return flight->next == NO_FLIGHT ? NULL : &flights->places[flight->next];
}

/* Makes FLIGHT the oldest. */
void flights_to_front(struct flights *flights, struct flight *flight);

/* Takes the oldest off; valid until the next is added. Its reply is the caller's to clear. */
struct flight *flights_pop(struct flights *flights);

#endif
