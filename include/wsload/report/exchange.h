/* What was said in an exchange, for people: a line or three for each message, with its time. */
#ifndef WSLOAD_REPORT_EXCHANGE_H
#define WSLOAD_REPORT_EXCHANGE_H

#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/protocol/transcript.h"

/* Appends SAID in at most LINES lines, its time from ZERO_NS on:
 *        81 ms  < {"type": "token", "text": "It "}
 * It is made valid UTF-8, without anything that could steer a terminal. */
void exchange_print(struct buffer *out, const struct said *said, uint64_t zero_ns, size_t lines);

#endif
