/* How an answer goes: which messages it is made of, in which order, and when each is due.
 *
 *     opening | message 0 .. | keep-alive | .. message N-1 | end | after
 *
 * Every part but the messages may be missing. The opening is due at once. Message 0 is due after
 * the delay, and each further message, the end and what comes after it one gap later; the
 * keep-alive stands in the middle of the messages, half a gap behind the one before it. Times are
 * counted from the arrival of what is answered, so that nothing adds up. */
#ifndef WSLOAD_SERVER_SCRIPT_H
#define WSLOAD_SERVER_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/template.h"

enum script_part {
    SCRIPT_OPENING,
    SCRIPT_MESSAGE,
    SCRIPT_KEEP_ALIVE,
    SCRIPT_END,
    SCRIPT_AFTER,
    SCRIPT_PARTS
};

/* A script before it is compiled: the template of each part; no data: there is no such part. */
struct script_source {
    uint64_t messages;
    struct text parts[SCRIPT_PARTS];
};

struct script {
    uint64_t messages;
    bool has[SCRIPT_PARTS];
    struct template templates[SCRIPT_PARTS];
};

struct script_pace {
    uint64_t delay_ns; /* to message 0 */
    uint64_t gap_ns;   /* between messages */
};

/* One message of an answer. */
struct script_cue {
    enum script_part part;
    uint64_t number; /* of a message, from 0 */
    uint64_t due_ns; /* after the arrival of what is answered */
};

/* Compiles SOURCE; templates may use TEMPLATE_SERVER_VARIABLES and {{part}}. 0 or -1. */
int script_compile(struct script *script, const struct script_source *source, struct error *error);

/* Releases. A zeroed struct is fine. */
void script_free(struct script *script);

/* How many messages SCRIPT has in all. */
uint64_t script_length(const struct script *script);

/* How many it has up to its end, which a client takes for the end of the reply: without those that
 * come after it. */
uint64_t script_length_to_end(const struct script *script);

/* The message at PLACE, from 0, below script_length(). */
struct script_cue script_cue(const struct script *script, uint64_t place,
                             const struct script_pace *pace);

#endif
