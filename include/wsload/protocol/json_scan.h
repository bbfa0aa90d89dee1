/* Finds members of JSON documents without parsing the whole of them (RFC 8259).
 *
 * Paths lead to them: "status", "message.stop_reason", "choices.0.delta", "choices[0].delta". A
 * step of digits is an index in an array, and a name in an object. A backslash takes the next
 * character as it is ("a\.b").
 *
 * One pass over a document finds all of a set of compiled paths, skips what no path leads into, and
 * stops after the last one found. Nothing is allocated or copied: values are views into the
 * document, strings still escaped. Of duplicate keys the first counts, as in cJSON. The text after
 * the last value that was looked for is not looked at, and in what is skipped only strings and
 * brackets count, so this is no validator: in a broken document it finds what stands before
 * the damage. */
#ifndef WSLOAD_PROTOCOL_JSON_SCAN_H
#define WSLOAD_PROTOCOL_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/json_text.h"

/* --- Paths --- */

#define JSON_PATHS_MAX 64 /* a bit each while scanning */
#define JSON_STEPS_MAX 16

#define JSON_NO_INDEX SIZE_MAX

struct json_step {
    struct text name;
    size_t index; /* NAME as a number; JSON_NO_INDEX when it is none */
};

struct json_path {
    char *names; /* owned; the steps' names are in it */
    struct json_step steps[JSON_STEPS_MAX];
    size_t count; /* at least 1 */
};

struct json_paths {
    struct json_path *items; /* owned */
    size_t count;            /* at most JSON_PATHS_MAX */
};

/* Adds PATH unless it is there already, and puts its number into INDEX. -1 when it is empty, has an
 * empty step, is deeper than JSON_STEPS_MAX, is no UTF-8, begins with "$." as JSONPath does, or is
 * one too many; PATHS are as they
 * were then. The error does not name the option. */
int json_paths_add(struct json_paths *paths, struct text path, unsigned *index,
                   struct error *error);

/* Releases everything. Zeroed is fine. */
void json_paths_free(struct json_paths *paths);

/* --- Looking for them --- */

/* Looks for all of PATHS in DOCUMENT; VALUES has room for paths->count of them. What is not there,
 * or all when DOCUMENT is no JSON object or array, is JSON_ABSENT. */
void json_scan(const struct json_paths *paths, struct text document, struct json_value *values);

/* The same for those of PATHS alone that have a bit in WANTED; the other VALUES are left as they
 * are.
 */
void json_scan_for(const struct json_paths *paths, uint64_t wanted, struct text document,
                   struct json_value *values);

/* The members of an object one by one, for a look at its shape. Set DOCUMENT and zero the rest. */
struct json_members {
    struct text document;
    size_t at;   /* where reading goes on */
    bool broken; /* what was read up to its end, or to its damage, is not one object alone */
};

/* The next member: NAME still escaped. False when there are no more. */
bool json_members_next(struct json_members *members, struct text *name, struct json_value *value);

#endif
