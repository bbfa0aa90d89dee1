/* Answers to handshakes that are turned down, in API Gateway's words. */
#ifndef WSLOAD_SERVER_REFUSALS_H
#define WSLOAD_SERVER_REFUSALS_H

#include <stddef.h>

#include "wsload/base/random.h"

/* Room for refusal_render() with its NUL. */
#define REFUSAL_SIZE 512

enum refusal {
    REFUSAL_NONE,
    REFUSAL_BAD_REQUEST,      /* 400 */
    REFUSAL_UNAUTHORIZED,     /* 401: something that an authorizer wants is not there */
    REFUSAL_FORBIDDEN,        /* 403: bad, missing or expired signature */
    REFUSAL_UPGRADE_REQUIRED, /* 426 */
    REFUSAL_THROTTLED         /* 429 */
};

/* Writes the complete response, with the headers that AWS support asks for and ids from IDS. The
 * connection ends with it. Returns its length. */
size_t refusal_render(enum refusal refusal, struct random *ids, char out[REFUSAL_SIZE]);

#endif
