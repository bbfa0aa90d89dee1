/* Imagined runs, for the reports to be compared with tests/golden/. */
#ifndef WSLOAD_TESTS_REPORT_FIXTURES_H
#define WSLOAD_TESTS_REPORT_FIXTURES_H

#include "wsload/base/text.h"
#include "wsload/judge/verdict.h"

struct fixture {
    struct recorder *recorder;       /* filled the measurement, and owns it */
    struct measurement *measurement; /* finished */
    struct thresholds thresholds;
    struct verdict verdict;
};

/* The names of all fixtures and of their golden files; COUNT gets how many. */
const char *const *fixture_names(size_t *count);

/* The fixture NAME, static: the next call overwrites it. */
struct fixture *fixture(const char *name);

/* Judges it anew, after a change of measurement or thresholds. */
void fixture_judge(struct fixture *fixture);

/* A report into OUT, which the caller frees; the test fails when it does not fit. */
void fixture_console(const struct fixture *fixture, bool color, struct buffer *out);
void fixture_console_of(const struct fixture *fixture, unsigned columns, struct buffer *out);
void fixture_json(const struct fixture *fixture, struct buffer *out);

/* How many columns the widest line of TEXT has when each character takes one. */
size_t fixture_widest_line(const char *text);

#endif
