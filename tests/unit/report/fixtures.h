/* Fixed results of imagined runs, for the reports to be compared with tests/golden/. */
#ifndef WSLOAD_TESTS_REPORT_FIXTURES_H
#define WSLOAD_TESTS_REPORT_FIXTURES_H

#include "wsload/base/buffer.h"
#include "wsload/stats/results.h"

struct fixture {
    const char *name; /* of the golden files */
    void (*fill)(struct results *results);
};

/* All of them; COUNT gets how many. */
const struct fixture *fixtures_table(size_t *count);

/* The results of the fixture NAME, static: the next call overwrites them. */
struct results *fixture_results(const char *name);

/* A report into OUT, which the caller frees; the test fails when it does not fit. */
void fixture_console(const struct results *results, bool color, struct buffer *out);
void fixture_json(const struct results *results, struct buffer *out);

/* How many columns the widest line of TEXT has when each character takes one. */
size_t fixture_widest_line(const char *text);

#endif
