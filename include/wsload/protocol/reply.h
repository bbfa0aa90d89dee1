/* Replies: which messages make one up, when it is over, and whether it is good.
 *
 * A reply is one message or a stream of them. Rules (rule.h) say which messages are no part of any
 * reply, which one is the last, and which is an error. This knows no connection and no clock: one
 * message in, what it means out; the caller keeps what has arrived of a reply in a struct reply. */
#ifndef WSLOAD_PROTOCOL_REPLY_H
#define WSLOAD_PROTOCOL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/failure.h"
#include "wsload/protocol/gateway.h"
#include "wsload/protocol/json_scan.h"
#include "wsload/protocol/rule.h"

/* --- The rules of replies --- */

struct reply_rules {
    struct json_paths paths; /* owned: what the json: rules and the id need; steps add theirs */
    uint64_t wanted;         /* a bit for each of paths that these rules need */
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
    bool gateway_timeout_given; /* the option was given; else a timeout is final unless replies are
                                   streams */
};

/* Rules as options give them; the texts are borrowed. 0, or -1 and an error that does not name the
 * option. An end is "first", a rule with its prefix, "count:N", "silence:T" or "close";
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

/* --- Replies --- */

/* What is kept of a reply's text when it is kept at all. Bytes. */
#define REPLY_TEXT_MAX (1024u * 1024u)

/* Whether replies are streams: they end otherwise than with their first message. */
bool reply_rules_stream(const struct reply_rules *rules);

/* Whether a reply's whole text has to be kept to judge it: the rules of --expect but json: look at
 * all messages of a stream together. */
bool reply_rules_need_text(const struct reply_rules *rules);

enum message_error { MESSAGE_FINE, MESSAGE_ERROR, MESSAGE_GATEWAY_ERROR };

/* What one message means by itself. It is not copied: a view in it is into it. */
struct message_meaning {
    bool invalid;       /* text that is not UTF-8 (RFC 6455 section 8.1): nothing else holds */
    bool ignored;       /* no part of any reply: nothing else holds */
    bool passing;       /* a gateway error that goes on: a failure, and no part of any reply */
    bool last;          /* an end rule holds; count:N is for reply_add() to see */
    bool answers;       /* it is what the step under way expects */
    bool more_may_come; /* of an error: the backend may go on with the reply all the same */
    bool error_goes_on; /* the reply is not over with that error */
    enum message_error error;     /* of a --fail-on rule, or an API Gateway error frame */
    struct text message;          /* the message itself */
    uint64_t expected;            /* a bit for each of rules->expected that the message satisfies */
    struct json_value id;         /* JSON_ABSENT without --correlate, and when it has none */
    struct failure failure;       /* undefined without an error: what it is reported as */
    struct gateway_error gateway; /* likewise, but for TIMEOUT */
};

/* Judges one complete message; BINARY ones are not checked for UTF-8, and are no gateway errors.
 * Nor is a message with an id a gateway error: it is the backend's own. STEP is the rule of the
 * step that is to be answered, compiled with the paths of RULES; NULL: none. Scans the message once
 * for all rules, and allocates nothing. Views in MEANING are into MESSAGE. */
void message_read(const struct reply_rules *rules, const struct rule *step, struct text message,
                  bool binary, struct message_meaning *meaning);

/* A failure that outlives the message that it was found in. */
struct kept_failure;

/* What has arrived of one reply. Zeroed: nothing. */
struct reply {
    uint64_t bytes;
    uint64_t expected;          /* see struct message_meaning */
    uint32_t messages;          /* ignored ones and gateway errors that go on not counted */
    bool keeps_text;            /* to be set before the first message */
    bool keeps_lines;           /* likewise: with a line break between the messages */
    struct buffer text;         /* all messages, one after the other, at most REPLY_TEXT_MAX */
    struct kept_failure *error; /* owned: the first --fail-on error that did not end it */
};

/* Forgets everything and releases the memory. */
void reply_clear(struct reply *reply);

/* What a message is for the reply that it belongs to. */
enum reply_verdict { REPLY_GOES_ON, REPLY_GOOD, REPLY_FAILED };

/* Adds a message that MEANING says is neither invalid, ignored nor passing. Whether the reply is
 * over with it, by any rule but silence and close, and how: it failed by an error of its own, by an
 * earlier one that went on, or since something that was expected did not come (unexpected_reply,
 * the rule as detail). FAILURE says so; it is borrowed from REPLY, MEANING and RULES. */
enum reply_verdict reply_add(struct reply *reply, const struct reply_rules *rules,
                             const struct message_meaning *meaning, struct failure *failure);

/* The reply is over by silence or close. How, as reply_add() says it. */
enum reply_verdict reply_end(const struct reply *reply, const struct reply_rules *rules,
                             struct failure *failure);

/* Appends to OUT what is known of a stream that broke off, so that a rule which never holds is
 * found: "41 messages came, none was json:type=done; the last: ", and LAST as it is. 0, or -1 when
 * OUT is full. */
int reply_unended(const struct reply *reply, const struct reply_rules *rules, struct text last,
                  struct buffer *out);

#endif
