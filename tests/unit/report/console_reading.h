/* The console page as its readers see it. */
#ifndef WSLOAD_TESTS_REPORT_CONSOLE_READING_H
#define WSLOAD_TESTS_REPORT_CONSOLE_READING_H

#include "fixtures.h"

/* Fail when the page of FIXTURE, without colours, does not have TEXT, or has it. */
void assert_shows(const struct fixture *fixture, const char *text);
void assert_hides(const struct fixture *fixture, const char *text);

#endif
