/* Whether a request for an upgrade carries a good SigV4 signature, in its query or in its headers,
 * as IAM authorization of API Gateway asks for it (AWS guide "Elements of an AWS API request
 * signature"). Pure: the time is an argument, and nothing says why a request is turned down. */
#ifndef WSLOAD_SERVER_VERIFY_H
#define WSLOAD_SERVER_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "upgrade.h"
#include "wsload/protocol/sigv4.h"

/* How far the date of a signature may be from ours; AWS allows five minutes. Seconds. */
#define VERIFY_SKEW_MAX_S 300

/* The longest that a presigned URL may be valid: seven days (same guide). Seconds. */
#define VERIFY_EXPIRES_MAX_S 604800

/* Whether UPGRADE was signed with CREDENTIALS for execute-api in REGION, host among what is signed,
 * and holds at UNIX_S: not more than VERIFY_SKEW_MAX_S from its date, but a query up to its
 * X-Amz-Expires. A session token must be there and equal, or absent when we have none. */
bool verify_signature(const struct upgrade *upgrade, struct text region,
                      const struct sigv4_credentials *credentials, uint64_t unix_s);

#endif
