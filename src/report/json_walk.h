/* Members of a JSON document, walked in one of two ways: they are written, or they are read.
 * Whoever states a form once, by json_*() in a row, can write it and read it back. Private to the
 * summary.
 *
 * A path leads from an object to a member: "connect.tls" is the member "tls" of the object
 * "connect", which is made when it is not there. What is written is read back exactly: a number
 * that a double does not hold exactly, as readers of JSON use it (RFC 8259 section 6), is written
 * as a string of its digits. What is read is read strictly: nothing is taken for what it nearly is,
 * and the values of members that are wrong stay as they were. Safe with any document. */
#ifndef WSLOAD_REPORT_JSON_WALK_H
#define WSLOAD_REPORT_JSON_WALK_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"

/* Whole numbers up to here are exact in a double. */
#define JSON_WHOLE_MAX (UINT64_C(1) << 53)

struct json_place {
    cJSON *object; /* that paths lead from */
    char text[96]; /* of it in the document, as errors say it: "errors[3]." */
};

struct json_walk {
    bool writing;
    bool failed;         /* it is over: memory was out, or something read is wrong */
    struct error *error; /* what is wrong: "load.model: missing"; not used when writing */
    struct json_place at;
};

/* The document TEXT, the caller's to cJSON_Delete(). NULL and an error when it is not JSON, is cut,
 * or has more members than any summary. */
cJSON *json_parse(struct text text, struct error *error);

/* Fails with "PLACE: formatted text", unless the walk has failed before. Only when reading. */
void json_fail(struct json_walk *walk, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fails with what the error says already. */
void json_fail_as(struct json_walk *walk, const char *path);

/* --- Both ways --- */

/* Whether the member is null: when writing, NONE says so; when reading, that it is there as null.
 */
bool json_null(struct json_walk *walk, const char *path, bool none);

void json_bool(struct json_walk *walk, const char *path, bool *value);

/* From 0 to 1e30 when reading; in as few digits as give it back, and null for what is no number,
 * when writing. */
void json_number(struct json_walk *walk, const char *path, double *value);

/* A whole number, from LEAST to MOST when reading. */
void json_count(struct json_walk *walk, const char *path, uint64_t *count, uint64_t least,
                uint64_t most);

/* NS as seconds, to 1 ns; at most MOST_NS, below 2^63, when reading. */
void json_seconds(struct json_walk *walk, const char *path, uint64_t *ns, uint64_t most_ns);

/* A string that fits into SIZE bytes, in valid UTF-8: see json_put_string(). */
void json_text(struct json_walk *walk, const char *path, char *text, size_t size);

/* The same, fit to be quoted in an error: without control characters. */
void json_line(struct json_walk *walk, const char *path, char *text, size_t size);

/* One of NAMES, which NULL ends, by its INDEX. */
void json_choice(struct json_walk *walk, const char *path, const char *const *names,
                 unsigned *index);

/* An array of objects. */
struct json_array {
    const char *path;
    size_t most; /* when reading */
    bool lines;  /* each is written in a line of its own: a table that people can read */
    /* Walks the members of one, of or into INTO; not called after a failure. */
    void (*item)(struct json_walk *walk, void *into, size_t index);
};

/* Walks its items: COUNT of them when writing; when reading COUNT is counted up from 0. */
void json_items(struct json_walk *walk, const struct json_array *array, void *into, size_t *count);

/* Makes paths lead from the object NAME, which is no path; OUTER gets the place from before, to be
 * put back. False when it is not there, or has failed. */
bool json_enter(struct json_walk *walk, const char *name, struct json_place *outer);

/* --- One way --- */

void json_put_bool(struct json_walk *walk, const char *path, bool value);
void json_put_number(struct json_walk *walk, const char *path, double value);
void json_put_count(struct json_walk *walk, const char *path, uint64_t count);
void json_put_seconds(struct json_walk *walk, const char *path, uint64_t ns);

/* STRING, made valid UTF-8: arguments and file names need not be, but a JSON file is (RFC 8259
 * section 8.1). */
void json_put_string(struct json_walk *walk, const char *path, const char *string);

/* Puts the object that paths lead from into one line, after BEFORE; nothing can be added to it. */
void json_fold(struct json_walk *walk, const char *before);

/* Reads a string; it is valid as long as the document. "" after a failure. */
const char *json_string(struct json_walk *walk, const char *path);

#endif
