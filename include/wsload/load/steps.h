/* Steps of --setup: what is sent on a connection before its first prompt, and before each prompt.
 *
 * A file of JSON: {"on_connect": [STEP, ...], "before_request": [STEP, ...]}, both optional, where
 * a STEP is {"send": TEMPLATE, "expect": RULE}, or without "expect" to go on at once. With
 * {{prompt:part}} in it a step of before_request is repeated for each part of a long text: at most
 * "part_characters" (default 32,000) characters of "parts_of", a template, which is the prompt as
 * it is when not given. A step of on_connect may leave out "send" and only wait for what the server
 * says first. */
#ifndef WSLOAD_LOAD_STEPS_H
#define WSLOAD_LOAD_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/reply.h"
#include "wsload/protocol/template.h"

#define STEPS_MAX            32
#define STEP_PART_CHARACTERS 32000
#define STEP_DETAIL_SIZE     32 /* "before_request 32" */

struct step {
    bool sends;
    struct template message;
    bool waits;
    struct rule expect; /* borrows expect_text */
    char *expect_text;  /* owned: the rule as it was given */
    bool parted;        /* it is repeated for each part */
    struct template parts_of;
    size_t part_characters;
    char detail[STEP_DETAIL_SIZE]; /* "on_connect 1": how failures name it */
};

struct step_list {
    struct step items[STEPS_MAX];
    size_t count;
};

struct steps {
    struct step_list on_connect;
    struct step_list before_request;
};

/* Loads PATH ("-" is standard input; what begins with a brace is no path but the steps); COLUMNS
 * (of that scope its columns and, before requests, its fields) may be used in the templates. What
 * the rules look at is added to PATHS, of the rules of replies, so that a message is scanned once
 * for all. Errors name PATH and the step: no JSON, an unknown member, what is wrong with a template
 * or rule. 0 or -1. */
int steps_load(struct steps *steps, const char *path, const struct template_scope *columns,
               struct json_paths *paths, struct error *error);

/* The same from TEXT, as file_read_text() gives it; errors do not name where it comes from. */
int steps_parse(struct steps *steps, struct text text, const struct template_scope *columns,
                struct json_paths *paths, struct error *error);

/* Releases everything. A zeroed struct is fine. */
void steps_free(struct steps *steps);

/* Whether a step before requests waits for an answer. */
bool steps_wait_before_request(const struct steps *steps);

/* The part of TEXT that begins at AT: at most CHARACTERS characters of UTF-8. */
struct text step_part(struct text text, size_t at, size_t characters);

#endif
