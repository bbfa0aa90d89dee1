/* The words that chat backends use: the members by which a message names its kind, and what tells
 * an end, an error, a refusal, or that there is no answer yet. Nobody has standardised them, so
 * each is a guess from published backends; all guesses stand here. ASCII case does not matter but
 * where it is said. */
#ifndef WSLOAD_PROTOCOL_VOCABULARY_H
#define WSLOAD_PROTOCOL_VOCABULARY_H

#include <stdbool.h>

#include "wsload/base/text.h"

/* Members by which objects name their kind, the surest first; ends in NULL. */
#define VOCABULARY_KINDS 12
extern const char *const vocabulary_kinds[VOCABULARY_KINDS + 1];

/* Whether NAME is such a member, or one that says at the end alone that it is the end, as "done".
 */
bool vocabulary_names_kind(struct text name);
bool vocabulary_names_end(struct text name);

/* Whether TEXT has a word for an end: "STREAMING_END", "streamEnd", "completed", "[DONE]". */
bool vocabulary_speaks_of_end(const char *text);

/* Whether NAME is a member that only an error has, or VALUE what a member says of one. */
bool vocabulary_names_error(struct text name);
bool vocabulary_is_error(struct text value);

/* Whether MESSAGE says at its beginning that it refuses what it was asked for. */
bool vocabulary_refuses(struct text message);

/* Whether VALUE, but for signs around it, is what keep-alives say, or that an answer is under way.
 */
bool vocabulary_is_idle(struct text value);

/* Whether WORD is one that keep-alives and greetings mostly have. */
bool vocabulary_is_control(struct text word);

#endif
