/* API Gateway's own frames and limits, as a client meets them. */
#ifndef WSLOAD_PROTOCOL_GATEWAY_H
#define WSLOAD_PROTOCOL_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/text.h"

/* Largest message; a larger one closes the connection with 1009 (AWS guide
 * execution-service-websocket-limits). Bytes. */
#define GATEWAY_MESSAGE_MAX (128u * 1024u)

/* Largest frame; a longer message travels as several (same guide). Bytes of payload. It is the unit
 * that messages are billed in, too (AWS price list of API Gateway, WebSocket APIs). */
#define GATEWAY_FRAME_MAX (32u * 1024u)

/* After so long without a message, and after so long at all, the connection is closed with 1001
 * (AWS guide execution-service-websocket-limits; captured at 604 s). */
#define GATEWAY_IDLE_NS UINT64_C(600000000000)
#define GATEWAY_LIFE_NS UINT64_C(7200000000000)

/* Messages per second, both directions together, of all APIs of an account in a Region (same
 * guide). */
#define GATEWAY_QUOTA_PER_S 10000

/* Longest URL of a handshake (same guide). Characters. */
#define GATEWAY_URL_MAX 4096

/* Headers of an answer to a handshake by which AWS support finds it again. */
#define GATEWAY_ERROR_TYPE "x-amzn-ErrorType"
#define GATEWAY_REQUEST_ID "x-amzn-RequestId"
#define GATEWAY_APIGW_ID   "x-amz-apigw-id"

/* The error frame's text for an answer that took too long; it may still come. */
#define GATEWAY_TIMEOUT "Endpoint request timed out"

#define GATEWAY_ERROR_SIZE 64

/* An error frame. */
struct gateway_error {
    char message[GATEWAY_ERROR_SIZE]; /* its text, decoded and cut; valid UTF-8 */
    bool timeout;                     /* the text is GATEWAY_TIMEOUT */
};

/* Whether MESSAGE is an API Gateway error frame, told by its shape and not by its bytes: an object
 * of at most 4 members, "message" a string, and "connectionId", "requestId" or "messageId" a
 * string. With one of them alone that chat backends often send themselves ("connectionId",
 * "messageId") the message must be one of the texts that API Gateway is known to send. Runs on
 * every reply: what is no small object is turned away at a glance. ERROR is filled when it is. */
bool gateway_error_read(struct text message, struct gateway_error *error);

/* The members by which AWS finds an error frame in its logs: "requestId", "connectionId",
 * "messageId". */
#define GATEWAY_IDS 3

struct gateway_id {
    const char *name;
    struct text value; /* a view into the frame, still escaped */
};

/* Puts those of the ids that FRAME has as strings into IDS, in the order above, and returns how
 * many. A frame that is cut has those before its end. */
size_t gateway_ids_find(struct text frame, struct gateway_id ids[GATEWAY_IDS]);

/* Units that a message of BYTES is billed as: one for each 32 KiB begun, at least one. */
uint64_t gateway_units(uint64_t bytes);

#endif
