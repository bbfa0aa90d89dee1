/* API Gateway's own frames and limits, as a client meets them. */
#ifndef WSLOAD_PROTOCOL_GATEWAY_H
#define WSLOAD_PROTOCOL_GATEWAY_H

#include <stdbool.h>

#include "wsload/base/text.h"

/* Largest message; a larger one closes the connection with 1009 (AWS guide
 * execution-service-websocket-limits). Bytes. */
#define GATEWAY_MESSAGE_MAX (128u * 1024u)

/* Largest frame; a longer message travels as several (same guide). Bytes of payload. */
#define GATEWAY_FRAME_MAX (32u * 1024u)

/* Whether MESSAGE is an API Gateway error frame, told by its shape and not by its bytes: an object
 * of at most 4 members, "message" a string, and "requestId" or "messageId" a string. With a
 * "connectionId" alone the message must be one of the texts that API Gateway is known to send,
 * because chat backends often send that id themselves. Runs on every reply: what is no small object
 * is turned away at a glance. */
bool gateway_error_recognised(struct text message);

#endif
