#include "wsload/load/think.h"

#include <math.h>
#include <string.h>

#include "wsload/base/random.h"
#include "wsload/base/text.h"
#include "wsload/base/units.h"

#define EXPONENTIAL_PREFIX "exp:"

/* Of the exponential law, in means: it gets there once in 500 million times. */
#define LONGEST_REST 20.0

/* Longest duration that anyone would type, with its NUL. */
#define DURATION_TEXT_SIZE 64

/* "1s-5s"; DASH is where the dash stands. */
static int parse_range(const char *text, size_t dash, struct think *think, struct error *error)
{
    char low[DURATION_TEXT_SIZE];
    if (dash >= sizeof(low))
        return error_set(error, "not a time; use 2s, 1s-5s or exp:2s");
    memcpy(low, text, dash);
    low[dash] = '\0';
    if (units_parse_duration(low, &think->low_ns, error) ||
        units_parse_duration(text + dash + 1, &think->high_ns, error))
        return -1;
    if (think->low_ns > think->high_ns)
        return error_set(error, "the longer time comes first; use LOW-HIGH, as in 1s-5s");
    return 0;
}

int think_parse(const char *text, struct think *think, struct error *error)
{
    size_t dash = strcspn(text, "-");
    if (text_begins(text_of(text), EXPONENTIAL_PREFIX)) {
        *think = (struct think){.law = THINK_EXPONENTIAL};
        return units_parse_duration(text + strlen(EXPONENTIAL_PREFIX), &think->low_ns, error);
    }
    *think = (struct think){.law = THINK_UNIFORM};
    if (text[dash] == '-')
        return parse_range(text, dash, think, error);
    if (units_parse_duration(text, &think->low_ns, error))
        return -1;
    think->high_ns = think->low_ns;
    return 0;
}

/* Seeded twice, so that runs with seeds next to each other do not have the same rests at sequence
 * numbers next to each other. */
static struct random random_of(uint64_t seed, uint64_t seq)
{
    struct random random;
    random_init(&random, seed);
    random_init(&random, random_next(&random) + seq);
    return random;
}

uint64_t think_time_ns(const struct think *think, uint64_t seed, uint64_t seq)
{
    struct random random = random_of(seed, seq);
    if (think->law == THINK_NONE)
        return 0;
    if (think->law == THINK_UNIFORM)
        return random_between(&random, think->low_ns, think->high_ns);
    double rest = fmin(-log1p(-random_unit(&random)), LONGEST_REST);
    return (uint64_t)(rest * (double)think->low_ns);
}
