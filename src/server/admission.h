/* Who may come in, and what is said to those who may not: quotas, required headers, signature, and
 * the answers to refused handshakes in API Gateway's words. Pure: time is an argument. */
#ifndef WSLOAD_SERVER_ADMISSION_H
#define WSLOAD_SERVER_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/random.h"
#include "wsload/base/text.h"
#include "wsload/server/options.h"

/* A quota per second: a bucket of tokens that fills at an even rate up to a second's worth. */
struct quota {
    struct server_quota limit;
    double tokens;
    uint64_t filled_ns; /* when TOKENS was true */
};

/* Starts with a full bucket at NOW_NS; it holds one token at least, unless the rate is 0. */
void quota_init(struct quota *quota, struct server_quota limit, uint64_t now_ns);

/* Takes one token at NOW_NS. False when there is none. Without a limit there always is. */
bool quota_take(struct quota *quota, uint64_t now_ns);

enum refusal {
    REFUSAL_NONE,
    REFUSAL_BAD_REQUEST,      /* 400 */
    REFUSAL_UNAUTHORIZED,     /* 401: something that an authorizer wants is not there */
    REFUSAL_FORBIDDEN,        /* 403: bad, missing or expired signature */
    REFUSAL_UPGRADE_REQUIRED, /* 426 */
    REFUSAL_THROTTLED         /* 429 */
};

struct admission {
    const struct server_options *options; /* borrowed */
    struct quota connects;
};

/* Opens at NOW_NS. OPTIONS must outlive it. */
void admission_init(struct admission *admission, const struct server_options *options,
                    uint64_t now_ns);

/* Whether the admission looks at what a request says. */
bool admission_reads(const struct admission *admission);

/* Whether a handshake at NOW_NS is within the quota, of which it then uses up one. */
enum refusal admission_count(struct admission *admission, uint64_t now_ns);

/* Whether REQUEST, the bytes of the handshake as sent, may come in at UNIX_S. Values are compared
 * in constant time. */
enum refusal admission_judge(const struct admission *admission, struct text request,
                             uint64_t unix_s);

/* Room for ids that look like API Gateway's, with their NUL. They are drawn from a generator that
 * never repeats from run to run. */
#define ID_SIZE 17

/* Of a connection or a request: "Qyi07eCbtjMCJKw=". */
void id_make(struct random *random, char id[ID_SIZE]);

/* Room for refusal_render() with its NUL. */
#define REFUSAL_SIZE 512

/* Writes the complete response, with the headers that AWS support asks for and ids from IDS. The
 * connection ends with it. Returns its length. */
size_t refusal_render(enum refusal refusal, struct random *ids, char out[REFUSAL_SIZE]);

#endif
