/* A measurement to be judged, for the tests of the checks: a good run, that a test makes worse. */
#ifndef WSLOAD_TESTS_JUDGING_H
#define WSLOAD_TESTS_JUDGING_H

#include "measuring.h"

#include "wsload/judge/verdict.h"

static struct measurement *seen;
static struct thresholds thresholds;
static struct validity validity;

#define REQUESTS 2000 /* and samples of what each of them has */

static inline void set_samples(enum distribution id, uint64_t ns)
{
    refill(&seen->distributions[id], REQUESTS, ns);
}

/* Each request was sent NS late, and no connection was waited for. */
static inline void send_late(uint64_t ns)
{
    set_samples(DIST_PACING_LAG, ns);
    set_samples(DIST_RESPONSE_TIME, 20 * NS_PER_MS + ns);
}

/* Messages have the time of their reading. */
static inline void read_without_stamps(void)
{
    histogram_reset(&seen->distributions[DIST_REPLY_WAIT]);
    seen->counts[COUNT_STAMPED] = 0;
    seen->counts[COUNT_UNSTAMPED] = REQUESTS;
}

/* One more worker used so much of a core. */
static inline void use_core(double cpu, double wait)
{
    measurement_add_use(seen, (struct worker_use){cpu, wait, 10 * NS_PER_S});
}

/* A good open run: 2,000 requests of 20 ms in 10 s, as asked, nothing late. Messages have the
 * kernel's time. */
static inline int fill(void **state)
{
    static const struct load load = {.model = LOAD_OPEN, .stages.start = 200, .shards = 1};
    (void)state;
    seen = measurement_new(&load);
    if (!seen)
        return -1;
    thresholds.count = 0;
    seen->cores = 8;
    use_core(0.9, 0);
    use_core(0.5, 0);
    use_core(0, 0);
    seen->counts[COUNT_TOTAL_TIME] = 10 * NS_PER_S;
    set_measured(seen, (struct account){.planned = 2000, .sent = 2000, .ok = 2000});
    set_samples(DIST_LATENCY, 20 * NS_PER_MS);
    set_samples(DIST_RESPONSE_TIME, 20 * NS_PER_MS);
    set_samples(DIST_UNDELAYED, 20 * NS_PER_MS);
    set_samples(DIST_PACING_LAG, 10 * NS_PER_MS);
    set_samples(DIST_REPLY_WAIT, 100 * NS_PER_US);
    seen->counts[COUNT_STAMPED] = REQUESTS;
    return 0;
}

static inline int release(void **state)
{
    (void)state;
    measurement_free(seen);
    return 0;
}

static inline void look(void)
{
    validity_judge(&validity, seen, &thresholds);
}

static inline void assert_valid(void)
{
    look();
    if (validity.count > 0)
        fail_msg("%s: %s", validity.reasons[0].check, validity.reasons[0].text);
    assert_int_equal(validity.grade, VALIDITY_VALID);
}

/* The only reason. */
static inline void assert_reason(const char *check, enum validity_grade grade, const char *text)
{
    look();
    if (validity.count != 1)
        fail_msg("%zu reasons instead of %s", validity.count, check);
    assert_string_equal(validity.reasons[0].source, "");
    assert_string_equal(validity.reasons[0].check, check);
    assert_string_equal(validity.reasons[0].text, text);
    assert_int_equal(validity.reasons[0].grade, grade);
    assert_int_equal(validity.grade, grade);
}

#define JUDGE_TEST(test) cmocka_unit_test_setup_teardown(test, fill, release)

#endif
