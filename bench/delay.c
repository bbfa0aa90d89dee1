#include "delay.h"

#include <stdlib.h>

#define FIRST_SIZE 1024

static struct answer *at(const struct delay *delay, size_t place)
{
    return &delay->ring[(delay->first + place) & (delay->size - 1)];
}

static void grow(struct delay *delay)
{
    size_t size = delay->size == 0 ? FIRST_SIZE : 2 * delay->size;
    struct answer *ring = calloc(size, sizeof(*ring));
    if (ring == NULL)
        die("calloc");
    for (size_t i = 0; i < delay->length; i++)
        ring[i] = *at(delay, i);
    free(delay->ring);
    delay->ring = ring;
    delay->size = size;
    delay->first = 0;
}

struct answer *delay_put(struct delay *delay)
{
    if (delay->length == delay->size)
        grow(delay);
    return at(delay, delay->length++);
}

struct answer *delay_first(const struct delay *delay)
{
    return delay->length == 0 ? NULL : at(delay, 0);
}

void delay_sent(struct delay *delay, uint64_t sent_ns)
{
    histogram_record(&delay->lateness, sent_ns - at(delay, 0)->due_ns);
    delay->first++;
    delay->length--;
}
