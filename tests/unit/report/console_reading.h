/* The console page as its readers see it. */
#ifndef WSLOAD_TESTS_REPORT_CONSOLE_READING_H
#define WSLOAD_TESTS_REPORT_CONSOLE_READING_H

#include "wsload/stats/results.h"

/* Fail when the page of RESULTS, without colours, does not have TEXT, or has it. */
void assert_shows(const struct results *results, const char *text);
void assert_hides(const struct results *results, const char *text);

#endif
