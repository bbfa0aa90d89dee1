/* What was said in an exchange and what was found in it, for programs. */
#ifndef WSLOAD_REPORT_EXCHANGE_JSON_H
#define WSLOAD_REPORT_EXCHANGE_JSON_H

#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/protocol/discovery.h"
#include "wsload/protocol/transcript.h"

/* All that is known of an exchange. Texts are UTF-8; NULL: not known. */
struct exchange_report {
    const char *url; /* as it may be shown */
    const char *address;
    const char *tls;       /* NULL: plain */
    const char *handshake; /* the beginning of the answer to it */
    uint64_t open_ns;
    const struct transcript *transcript;
    const struct discovery *discovery; /* NULL: nothing was looked for */
    const char *command;               /* the line to copy */
    uint64_t tried;                    /* requests with the options found; 0: none */
    uint64_t tried_ok;
    const char *left_over; /* what is said of messages that no reply has; NULL: nothing */
    uint64_t first_ns;     /* medians of these; 0: not known */
    uint64_t latency_ns;
};

/* Appends REPORT as JSON. 0, or -1 when OUT is full or memory out. */
int exchange_write_json(const struct exchange_report *report, struct buffer *out);

#endif
