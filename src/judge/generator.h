/* The checks that judge wsload itself: whether it had the processor time that the load took, was in
 * time, and kept the rate. verdict.c has them in its table. */
#ifndef WSLOAD_JUDGE_GENERATOR_H
#define WSLOAD_JUDGE_GENERATOR_H

#include "wsload/judge/reason.h"

/* What to do where the cause is not known. */
#define ADVICE_LATE "use more workers (-t), less load, or a bigger or quieter machine"

/* Each fills grade and text of REASON, and its advice where the cause is known; or returns false:
 * there is nothing to say. */
bool check_rate(const struct judged *judged, struct validity_reason *reason);
bool check_target(const struct judged *judged, struct validity_reason *reason);
bool check_send_lag(const struct judged *judged, struct validity_reason *reason);
bool check_loop_lag(const struct judged *judged, struct validity_reason *reason);
bool check_cpu(const struct judged *judged, struct validity_reason *reason);

#endif
