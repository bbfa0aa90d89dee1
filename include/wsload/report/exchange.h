/* What was said in an exchange and what was found in it, for people.
 *
 * It is made valid UTF-8, without anything that could steer a terminal. */
#ifndef WSLOAD_REPORT_EXCHANGE_H
#define WSLOAD_REPORT_EXCHANGE_H

#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/protocol/transcript.h"

/* Where it is printed. */
struct exchange_page {
    struct buffer *out; /* borrowed; what is printed is appended */
    unsigned columns;   /* of the terminal; 0: there is none */
};

/* Appends a line about the connection: "wss://host/   192.0.2.10:443   TLSv1.3, ..."; TLS is "" of
 * a plain one. */
void exchange_print_opening(const struct exchange_page *page, const char *url, const char *address,
                            const char *tls);

/* Appends a line about the ANSWER to the handshake, its status and headers, which took TOOK_NS, and
 * one for each header but those that all answers to an upgrade have. */
void exchange_print_answer(const struct exchange_page *page, const char *answer, uint64_t took_ns);

/* Appends SAID in at most LINES lines, its time from ZERO_NS on:
 *        81 ms  < {"type": "token", "text": "It "} */
void exchange_print(const struct exchange_page *page, const struct said *said, uint64_t zero_ns,
                    size_t lines);

/* Appends a line about what was seen, LABEL before it, and one with OPTION and VALUE if OPTION is
 * not NULL. */
void exchange_print_finding(const struct exchange_page *page, const char *label, const char *text,
                            const char *option, const char *value);

#endif
