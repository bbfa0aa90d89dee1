/* Who may come in: quota, required headers, signature. Pure: time is an argument. */
#ifndef WSLOAD_SERVER_GATE_H
#define WSLOAD_SERVER_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "quota.h"
#include "refusals.h"
#include "upgrade.h"
#include "wsload/server/server.h"

struct gate {
    const struct server_options *options; /* borrowed */
    struct quota connects;
};

/* Opens at NOW_NS. OPTIONS must outlive it. */
void gate_init(struct gate *gate, const struct server_options *options, uint64_t now_ns);

/* Whether the gate looks at what a request says. */
bool gate_reads(const struct gate *gate);

/* Whether a handshake at NOW_NS is within the quota, of which it then uses up one. */
enum refusal gate_count(struct gate *gate, uint64_t now_ns);

/* Whether REQUEST, the bytes of the handshake as sent, may come in at UNIX_S. Values are compared
 * in constant time. */
enum refusal gate_judge(const struct gate *gate, struct text request, uint64_t unix_s);

#endif
