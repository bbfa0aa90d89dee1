/* Replies: which messages make one up, when it is over, and whether it is good.
 *
 * A reply is one message or a stream of them. Rules (see rule.h) say which messages are no part of
 * any reply, which one is the last, and which is an error. This knows no connection and no clock:
 * one message in, what it means out; what has come of a reply so far is kept by the caller in a
 * struct reply. */
#ifndef WSLOAD_PROTOCOL_REPLY_H
#define WSLOAD_PROTOCOL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/buffer.h"
#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/failure.h"
#include "wsload/protocol/gateway.h"
#include "wsload/protocol/rule.h"

/* What is kept of a reply's text when it is kept at all. Bytes. */
#define REPLY_TEXT_MAX (1024u * 1024u)

struct reply_rules {
    struct json_paths paths; /* owned: what the json: rules and the id need */
    struct rule_list ends;   /* any of them ends the reply */
    struct rule_list ignored;
    struct rule_list errors;
    struct rule_list expected; /* the finished reply must satisfy all of them */
    bool end_given;            /* an end other than the first message was asked for */
    bool end_first;            /* the first message was asked for: no other end goes with it */
    uint64_t end_messages;     /* the reply ends with so many; 0: no such rule */
    uint64_t end_silence_ns;   /* it ends when nothing came for so long; 0: no such rule */
    bool end_on_close;         /* it ends when the server closes */
    uint64_t bytes_min;        /* of the whole reply, --expect-bytes */
    uint64_t bytes_max;        /* 0: no limits were given */
    bool has_id;
    unsigned id_path;           /* the member that carries the request's id */
    bool one_way;               /* no reply is expected */
    bool gateway_timeout_final; /* "Endpoint request timed out" ends the request */
    bool gateway_timeout_given; /* it was said so; else it is final unless a stream */
};

/* Rules as options give them; the texts are borrowed. 0, or -1 and an error that does not name the
 * option. An end is "first", "text:", "contains:", "json:", "count:N", "silence:T" or "close";
 * "first" after others is an error, as is any other after it, and of several counts or silences the
 * smallest ends a reply. For errors see rule_parse_error(). */
int reply_rules_add_end(struct reply_rules *rules, const char *text, struct error *error);
int reply_rules_add_ignored(struct reply_rules *rules, const char *text, struct error *error);
int reply_rules_add_error(struct reply_rules *rules, const char *text, struct error *error);
int reply_rules_add_expected(struct reply_rules *rules, const char *text, struct error *error);
int reply_rules_set_id(struct reply_rules *rules, const char *path, struct error *error);
/* "MIN-MAX", "MIN-" or "-MAX", sizes as in units_parse_size(). */
int reply_rules_set_bytes(struct reply_rules *rules, const char *text, struct error *error);

void reply_rules_free(struct reply_rules *rules);

/* Whether replies are streams: they end otherwise than with their first message. */
bool reply_rules_stream(const struct reply_rules *rules);

/* Whether a reply's whole text has to be kept to judge it: text: and contains: of --expect look at
 * all messages of a stream together. */
bool reply_rules_need_text(const struct reply_rules *rules);

enum message_error { MESSAGE_FINE, MESSAGE_ERROR, MESSAGE_GATEWAY_ERROR };

/* What one message means by itself. */
struct message_meaning {
    bool invalid; /* text that is not UTF-8 (RFC 6455 section 8.1): nothing else holds */
    bool ignored; /* no part of any reply: nothing else holds */
    bool last;    /* an end rule holds; count:N is for reply_add() to see */
    enum message_error error;     /* of a --fail-on rule, or an API Gateway error frame */
    bool error_goes_on;           /* the reply is not over with that error */
    struct gateway_error gateway; /* of a gateway error */
    uint64_t expected;            /* a bit for each of rules->expected that the message satisfies */
    struct json_value id;         /* JSON_ABSENT without --correlate, and when it has none */
};

/* Judges one complete message; BINARY ones are not checked for UTF-8, and are no gateway errors.
 * Nor is a message with an id a gateway error: it is the backend's own. Allocates nothing. Views in
 * MEANING are into MESSAGE. */
void message_read(const struct reply_rules *rules, struct text message, bool binary,
                  struct message_meaning *meaning);

/* A failure that outlives the message that it was found in. */
struct kept_failure;

/* What has come of one reply. Zeroed, nothing has. */
struct reply {
    uint64_t bytes;
    uint64_t expected;          /* see struct message_meaning */
    uint32_t messages;          /* ignored ones and gateway errors that go on not counted */
    bool keeps_text;            /* to be set before the first message */
    bool keeps_lines;           /* likewise: with a line break between the messages */
    struct buffer text;         /* all messages, one behind the other, at most REPLY_TEXT_MAX */
    struct kept_failure *error; /* owned: the first --fail-on error that did not end it */
};

/* Forgets everything and releases the memory. */
void reply_clear(struct reply *reply);

/* Adds a message that MEANING says is neither invalid nor ignored. Whether the reply is over with
 * it, by any rule but silence and close. A gateway error that goes on is not added. */
bool reply_add(struct reply *reply, const struct reply_rules *rules, struct text message,
               const struct message_meaning *meaning);

/* The reply is over, by the message LAST (data NULL: by silence or close) with the meaning MEANING
 * (NULL likewise). Whether it failed: an error of its own, an earlier one that went on, or
 * something that was expected and did not come (unexpected_reply, the rule as detail). FAILURE is
 * borrowed from REPLY, LAST and RULES. */
bool reply_failed(const struct reply *reply, const struct reply_rules *rules, struct text last,
                  const struct message_meaning *meaning, struct failure *failure);

#endif
