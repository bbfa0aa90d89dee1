/* What the files of the JSON summary share: members put into objects, a failure remembered. Private
 * to them. */
#ifndef WSLOAD_REPORT_JSON_WRITER_H
#define WSLOAD_REPORT_JSON_WRITER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "wsload/stats/metrics.h"
#include "wsload/stats/results.h"

/* Remembers that something could not be made, so that it is asked for once. A member of an object
 * that could not be made is refused by cJSON, and nothing is leaked. */
struct json_writer {
    const struct results *results;
    bool failed;
};

/* The member NAME of OBJECT, an object itself; made when it is not there yet. */
cJSON *json_put_object(struct json_writer *writer, cJSON *object, const char *name);
cJSON *json_put_array(struct json_writer *writer, cJSON *object, const char *name);

/* An object behind the others of ARRAY. */
cJSON *json_append_object(struct json_writer *writer, cJSON *array);

/* Appends ROW, which it owns from now on, printed in a line of its own: an array of them is a table
 * that people can read. */
void json_append_line(struct json_writer *writer, cJSON *array, cJSON *row);

void json_append_number(struct json_writer *writer, cJSON *array, double value);

void json_put_null(struct json_writer *writer, cJSON *object, const char *name);
void json_put_number(struct json_writer *writer, cJSON *object, const char *name, double value);
void json_put_count(struct json_writer *writer, cJSON *object, const char *name, uint64_t count);
void json_put_bool(struct json_writer *writer, cJSON *object, const char *name, bool value);

/* STRING, made valid UTF-8: arguments and file names need not be, but a JSON file is (RFC 8259
 * section 8.1). */
void json_put_string(struct json_writer *writer, cJSON *object, const char *name,
                     const char *string);

/* NS as seconds, rounded to 1 ns, so that 52 ms are 0.052 and not 0.051999999999999998. */
void json_put_seconds(struct json_writer *writer, cJSON *object, const char *name, double ns);

/* The same, and null for 0. */
void json_put_seconds_if_any(struct json_writer *writer, cJSON *object, const char *name,
                             uint64_t ns);

/* VALUE, which is in UNIT, with as many digits as it deserves. */
void json_put_figure(struct json_writer *writer, cJSON *object, const char *name,
                     enum metric_unit unit, double value);

/* The number or counter that the metrics table calls PATH, as the member that the part behind its
 * point names. */
void json_put_metric(struct json_writer *writer, cJSON *object, const char *path);

/* --- Parts of the summary --- */

/* "target" and "load": what was asked for. */
void json_put_load(struct json_writer *writer, cJSON *root);

/* Each distribution of the metrics table under its name: "latency", "connect": {"tls"}. */
void json_put_distributions(struct json_writer *writer, cJSON *root);

/* "traffic", "cost" and "record": what went over the wire, and what became of it. */
void json_put_traffic(struct json_writer *writer, cJSON *root);

void json_put_timeline(struct json_writer *writer, cJSON *root);
void json_put_histograms(struct json_writer *writer, cJSON *root);

#endif
