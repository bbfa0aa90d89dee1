#include "flights.h"

static unsigned bucket_count(unsigned size)
{
    unsigned count = 1;
    while (count < size)
        count *= 2;
    return count;
}

size_t flights_bytes(unsigned size)
{
    return size * sizeof(struct flight) + bucket_count(size) * sizeof(uint16_t);
}

void flights_init(struct flights *flights, unsigned size, void *memory)
{
    struct flight *places = memory;
    *flights = (struct flights){
        .places = places,
        .buckets = (uint16_t *)(void *)(places + size),
        .size = (uint16_t)size,
        .mask = (uint16_t)(bucket_count(size) - 1),
        .oldest = NO_FLIGHT,
        .newest = NO_FLIGHT,
    };
    for (unsigned i = 0; i <= flights->mask; i++)
        flights->buckets[i] = NO_FLIGHT;
    for (unsigned i = 0; i < size; i++)
        places[i] = (struct flight){.next = (uint16_t)(i + 1 < size ? i + 1 : NO_FLIGHT)};
}

static uint16_t index_of(const struct flights *flights, const struct flight *flight)
{
    return (uint16_t)(flight - flights->places);
}

/* Workers and connections take requests by turns, so that the lowest bits of numbers repeat. */
static uint16_t *bucket_of(const struct flights *flights, uint64_t seq)
{
    uint64_t spread = seq * UINT64_C(0x9E3779B97F4A7C15); /* 2^64 over the golden ratio */
    return &flights->buckets[(spread >> 40) & flights->mask];
}

/* --- The order --- */

static void link_newest(struct flights *flights, struct flight *flight)
{
    uint16_t index = index_of(flights, flight);
    flight->previous = flights->newest;
    flight->next = NO_FLIGHT;
    if (flights->newest == NO_FLIGHT)
        flights->oldest = index;
    else
        flights->places[flights->newest].next = index;
    flights->newest = index;
}

static void unlink_from_order(struct flights *flights, const struct flight *flight)
{
    if (flight->previous == NO_FLIGHT)
        flights->oldest = flight->next;
    else
        flights->places[flight->previous].next = flight->next;
    if (flight->next == NO_FLIGHT)
        flights->newest = flight->previous;
    else
        flights->places[flight->next].previous = flight->previous;
}

/* --- The interface --- */

struct flight *flights_add(struct flights *flights, struct request request)
{
    uint16_t index = flights->free;
    struct flight *flight = &flights->places[index];
    uint16_t *bucket = bucket_of(flights, request.seq);
    flights->free = flight->next;
    /* Field by field, since most of a reply is clear already: whoever ended the one before has
     * released its text and its error. */
    flight->request = request;
    flight->sent_ns = flight->first_ns = flight->last_ns = 0;
    flight->reply.bytes = flight->reply.expected = 0;
    flight->reply.messages = 0;
    flight->reply.keeps_text = flight->reply.keeps_lines = false;
    flight->part_at = flight->part = 0;
    flight->sent_read = 0;
    flight->step = flight->awaited = 0;
    flight->same = *bucket;
    *bucket = index;
    link_newest(flights, flight);
    flights->count++;
    return flight;
}

struct flight *flights_find(const struct flights *flights, uint64_t seq)
{
    uint16_t index = *bucket_of(flights, seq);
    while (index != NO_FLIGHT && flights->places[index].request.seq != seq)
        index = flights->places[index].same;
    return index == NO_FLIGHT ? NULL : &flights->places[index];
}

void flights_to_front(struct flights *flights, struct flight *flight)
{
    uint16_t index = index_of(flights, flight);
    if (flights->oldest == index)
        return;
    unlink_from_order(flights, flight);
    flight->previous = NO_FLIGHT;
    flight->next = flights->oldest;
    flights->places[flights->oldest].previous = index;
    flights->oldest = index;
}

struct flight *flights_pop(struct flights *flights)
{
    struct flight *flight = flights_oldest(flights);
    uint16_t *place = bucket_of(flights, flight->request.seq);
    while (*place != flights->oldest)
        place = &flights->places[*place].same;
    *place = flight->same;
    unlink_from_order(flights, flight);
    flight->next = flights->free;
    flights->free = index_of(flights, flight);
    flights->count--;
    return flight;
}
