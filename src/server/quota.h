/* A quota per second: a bucket of tokens that fills at an even rate up to a second's worth. Knows
 * no clock: time is an argument. */
#ifndef WSLOAD_SERVER_QUOTA_H
#define WSLOAD_SERVER_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/server/server.h"

struct quota {
    struct server_quota limit;
    double tokens;
    uint64_t filled_ns; /* when TOKENS was true */
};

/* Starts with a full bucket at NOW_NS; it holds one token at least, unless the rate is 0. */
void quota_init(struct quota *quota, struct server_quota limit, uint64_t now_ns);

/* Takes one token at NOW_NS. False when there is none. Without a limit there always is. */
bool quota_take(struct quota *quota, uint64_t now_ns);

#endif
