#include "wsload/base/random.h"

#include <sys/random.h>
#include <sys/types.h>

#include "wsload/base/clock.h"

/* Both generators as published at https://prng.di.unimi.it/ (splitmix64.c, xoshiro256starstar.c).
 */
static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void random_init(struct random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix64(&seed);
}

uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1.0p-53;
}

uint64_t random_between(struct random *random, uint64_t low, uint64_t high)
{
    uint64_t range = high - low + 1; /* 0 when every number is wanted */
    if (range == 0)
        return random_next(random);
    /* 2^64 modulo range: without these, every remainder is equally likely. */
    uint64_t skip = -range % range;
    uint64_t number;
    do
        number = random_next(random);
    while (number < skip);
    return low + number % range;
}

uint64_t random_seed_from_system(void)
{
    uint64_t seed;
    /* Only a kernel older than 3.17 fails here; nothing secret depends on the seed, so the time
     * will do. */
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        seed = clock_monotonic_ns();
    return seed;
}
