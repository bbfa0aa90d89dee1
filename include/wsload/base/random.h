/* Repeatable pseudo-random numbers: xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64.
 * Not for secrets. One generator belongs to one thread. */
#ifndef WSLOAD_BASE_RANDOM_H
#define WSLOAD_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state[4];
};

/* Seeds the generator; the same seed gives the same numbers. */
void random_init(struct random *random, uint64_t seed);

/* 64 random bits. */
uint64_t random_next(struct random *random);

/* Uniform in [0, 1), 53 bits. */
double random_unit(struct random *random);

/* Uniform in [LOW, HIGH], LOW <= HIGH. */
uint64_t random_between(struct random *random, uint64_t low, uint64_t high);

/* A seed from the operating system's generator, for when none is given. */
uint64_t random_seed_from_system(void);

#endif
