/* The checks of the rate of an open run: whether it was kept, and if not, whose doing that was. */
#ifndef WSLOAD_JUDGE_RATE_H
#define WSLOAD_JUDGE_RATE_H

#include "wsload/judge/reason.h"

/* A rate that wsload missed; one that it missed because of the target. */
bool check_rate(const struct judged *judged, struct validity_reason *reason);
bool check_target(const struct judged *judged, struct validity_reason *reason);

#endif
