#include "delay.h"

#include <stdlib.h>

#include "program.h"

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

struct answer *delay_put(struct delay *delay, uint64_t due_ns)
{
    if (delay->length == delay->size)
        grow(delay);
    size_t place = delay->length++;
    for (; place > 0 && at(delay, place - 1)->due_ns > due_ns; place--)
        *at(delay, place) = *at(delay, place - 1);
    at(delay, place)->due_ns = due_ns;
    return at(delay, place);
}

const struct answer *delay_first(const struct delay *delay)
{
    return delay->length == 0 ? NULL : at(delay, 0);
}

void delay_sent(struct delay *delay, uint64_t sent_ns)
{
    histogram_record(&delay->lateness, sent_ns - at(delay, 0)->due_ns);
    delay->first++;
    delay->length--;
}

void delay_sent_part(struct delay *delay, uint64_t sent_ns, uint64_t gap_ns)
{
    struct answer answer = *at(delay, 0);
    answer.due_ns += gap_ns;
    answer.more--;
    delay_sent(delay, sent_ns);
    *delay_put(delay, answer.due_ns) = answer;
}
