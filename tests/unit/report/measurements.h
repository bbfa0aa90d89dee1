/* Measurements of runs that never were, and whether two are the same. */
#ifndef WSLOAD_TESTS_REPORT_MEASUREMENTS_H
#define WSLOAD_TESTS_REPORT_MEASUREMENTS_H

#include "wsload/judge/thresholds.h"
#include "wsload/stats/measurement.h"

/* Anything that a measurement can hold, made of SEED; the caller's to free. */
struct measurement *random_measurement(uint64_t seed, struct thresholds *thresholds);

/* The test fails, and names the member, when a summary would not show them as the same. */
void assert_same_measurement(const struct measurement *a, const struct measurement *b);
void assert_same_thresholds(const struct thresholds *a, const struct thresholds *b);

#endif
