/* The JSON summary as its readers get it. */
#ifndef WSLOAD_TESTS_REPORT_JSON_READING_H
#define WSLOAD_TESTS_REPORT_JSON_READING_H

#include <cjson/cJSON.h>

#include "fixtures.h"

/* The report of FIXTURE, parsed again; the caller deletes it. */
cJSON *parsed(const struct fixture *fixture);

/* The member at "latency.average"; the test fails when there is none. */
const cJSON *member(const cJSON *root, const char *path);

/* Fails, and names WHAT, when ITEM is no number within ERROR of VALUE. */
void assert_near(const char *what, const cJSON *item, double value, double error);

#endif
