/* Think time: how long a connection of a closed run rests between a reply and its next prompt. */
#ifndef WSLOAD_LOAD_THINK_H
#define WSLOAD_LOAD_THINK_H

#include <stdint.h>

#include "wsload/base/error.h"

enum think_law { THINK_NONE, THINK_UNIFORM, THINK_EXPONENTIAL };

struct think {
    enum think_law law;
    uint64_t low_ns;  /* of the uniform law: LOW to HIGH; equal for a fixed time */
    uint64_t high_ns; /* of the exponential law: unused; low_ns is its mean */
};

/* Reads "2s", "1s-5s" or "exp:2s". 0 or -1; the error does not name the option. */
int think_parse(const char *text, struct think *think, struct error *error);

/* The rest after request SEQ, a pure function of SEED and SEQ. An exponential one is cut at 20
 * times its mean. */
uint64_t think_time_ns(const struct think *think, uint64_t seed, uint64_t seq);

#endif
