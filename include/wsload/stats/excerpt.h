/* What is kept of a text that came from outside: a copy of fixed size, fit for every report. */
#ifndef WSLOAD_STATS_EXCERPT_H
#define WSLOAD_STATS_EXCERPT_H

#include <stddef.h>

#include "wsload/base/text.h"

/* Copies at most MAX_CHARACTERS characters of TEXT to OUT, whole characters only, and as many as
 * fit into SIZE bytes with their NUL. Each byte that is no part of valid UTF-8, and NUL, becomes
 * U+FFFD. */
void excerpt_copy(struct text text, size_t max_characters, char *out, size_t size);

#endif
