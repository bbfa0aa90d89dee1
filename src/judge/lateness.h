/* The checks of wsload's own lateness: in sending, and in reading what has come.
 *
 * Being late is no fault as long as it changes nothing. A check speaks when a figure that people
 * read, or a threshold, would be another without what wsload itself was late. */
#ifndef WSLOAD_JUDGE_LATENESS_H
#define WSLOAD_JUDGE_LATENESS_H

#include "wsload/judge/reason.h"

/* Whether percentile PERCENT of HISTOGRAM has enough samples beyond it to say anything. */
bool lateness_is_founded(const struct histogram *histogram, double percent);

/* Whether latencies are by the kernel's time, but for one message in twenty at most. */
bool lateness_is_stamped(const struct measurement *seen);

/* Of requests that are sent late; of messages that lie in the socket; and, where the kernel gives
 * them no time, of a loop that is late. */
bool check_send_lag(const struct judged *judged, struct validity_reason *reason);
bool check_reply_wait(const struct judged *judged, struct validity_reason *reason);
bool check_loop_lag(const struct judged *judged, struct validity_reason *reason);

#endif
