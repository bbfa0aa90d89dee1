/* What the judge thinks of messages that no request asked for: how many are too many, and what to
 * say of them. Knows no grade. */
#ifndef WSLOAD_JUDGE_UNASKED_H
#define WSLOAD_JUDGE_UNASKED_H

#include "wsload/stats/measurement.h"

/* Whether there are too many. Then TEXT, of SIZE bytes, says how many, quotes one, and names the
 * flag that cures it. */
bool unasked_are_too_many(const struct measurement *seen, char *text, size_t size);

#endif
