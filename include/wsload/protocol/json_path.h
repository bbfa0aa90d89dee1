/* Paths to members of JSON documents, compiled: "status", "message.stop_reason", "choices.0.delta",
 * "choices[0].delta".
 *
 * A step of digits is an index in an array, and a name in an object. A backslash takes the next
 * character as it is ("a\.b"). This knows no documents: json_scan.h looks for what stands there. */
#ifndef WSLOAD_PROTOCOL_JSON_PATH_H
#define WSLOAD_PROTOCOL_JSON_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"

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
 * empty step, is deeper than JSON_STEPS_MAX, is no UTF-8, or is one too many; PATHS are as they
 * were then. The error does not name the option. */
int json_paths_add(struct json_paths *paths, struct text path, unsigned *index,
                   struct error *error);

/* Releases everything. Zeroed is fine. */
void json_paths_free(struct json_paths *paths);

#endif
