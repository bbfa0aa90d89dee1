/* A rule for messages of one kind, made of one of them: the other way round of reply.h.
 *
 * It reads what a message says of itself, and knows nothing of when it came. Whether it is a part
 * of a reply is for the caller to say. */
#ifndef WSLOAD_PROTOCOL_RULE_FOR_H
#define WSLOAD_PROTOCOL_RULE_FOR_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/text.h"

#define RULE_FOR_SIZE 96

/* Bytes of a message that are looked at. */
#define RULE_FOR_LOOKS_AT ((size_t)4096)

/* Puts into RULE what --ignore or --reply-end take for messages like MESSAGE: "json:type=keepalive"
 * of an object that names its kind (by type, event, action and the like), else "text:..." of a text
 * that is short and can be typed. False, and "", when it is neither. */
bool rule_for(struct text message, char rule[RULE_FOR_SIZE]);

/* Whether RULE, of rule_for(), has a word that keep-alives and greetings are known by, as "ping" or
 * "welcome". */
bool rule_for_is_control(const char *rule);

#endif
