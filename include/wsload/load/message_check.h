/* Templates of messages that most likely do not say what was meant. They are judged by what they
 * render to, before anything is sent. */
#ifndef WSLOAD_LOAD_MESSAGE_CHECK_H
#define WSLOAD_LOAD_MESSAGE_CHECK_H

#include <stdbool.h>

#include "wsload/base/error.h"
#include "wsload/load/plan.h"

/* Whether any message of PLAN depends on the prompt, or on who sends it. */
bool messages_differ(const struct plan *plan);

/* Whether TEMPLATE, a message of PLAN, can be meant. It cannot when it has the prompt as other
 * tools write it ({prompt}, $prompt) where {{prompt}} is in no message, or when it looks like JSON
 * and is none once it is filled in: with the first prompt and user, or with each of them where they
 * stand in it as they are ({{prompt:raw}}). One that begins with a variable looks like nothing. 0,
 * or -1 and an error that does not name the option. */
int message_check(const struct plan *plan, const struct template *template, struct error *error);

#endif
