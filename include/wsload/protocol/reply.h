/* Judging replies: is this message the answer that was asked for, or an error in its place? */
#ifndef WSLOAD_PROTOCOL_REPLY_H
#define WSLOAD_PROTOCOL_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/text.h"

struct reply_rules {
    const struct text *fail_on; /* borrowed: a reply that contains one of these is an error */
    size_t fail_on_count;
};

enum reply_judgement {
    REPLY_GOOD,
    REPLY_ERROR,   /* contains a fail-on text */
    REPLY_GATEWAY, /* an API Gateway error frame */
    REPLY_INVALID  /* a text message that is not UTF-8 (RFC 6455 section 8.1) */
};

/* Judges one complete message; BINARY messages are not checked for UTF-8. */
enum reply_judgement reply_judge(const struct reply_rules *rules, struct text message, bool binary);

#endif
