/* Finds members of JSON documents without parsing the whole of them (RFC 8259).
 *
 * One pass over a document finds all of a set of compiled paths, skips what no path leads into, and
 * stops behind the last one found. Nothing is allocated or copied: values are views into the
 * document, strings still escaped. Of duplicate keys the first counts, as in cJSON. The text behind
 * the last value that was looked for is not looked at, and in what is skipped only strings and
 * brackets count, so this is no validator: in a broken document it finds what stands in front of
 * the damage. */
#ifndef WSLOAD_PROTOCOL_JSON_SCAN_H
#define WSLOAD_PROTOCOL_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/text.h"
#include "wsload/protocol/json_path.h"
#include "wsload/protocol/json_value.h"

/* Looks for all of PATHS in DOCUMENT; VALUES has room for paths->count of them. What is not there,
 * or all when DOCUMENT is no JSON object or array, is JSON_ABSENT. */
void json_scan(const struct json_paths *paths, struct text document, struct json_value *values);

/* The members of an object one by one, for a look at its shape. Set DOCUMENT and zero the rest. */
struct json_members {
    struct text document;
    size_t at;   /* where reading goes on */
    bool broken; /* what was read up to its end, or to its damage, is not one object alone */
};

/* The next member: NAME still escaped. False when there are no more. */
bool json_members_next(struct json_members *members, struct text *name, struct json_value *value);

#endif
