#include "json_writer.h"

#include <math.h>
#include <string.h>

#include "wsload/base/buffer.h"
#include "wsload/base/clock.h"
#include "wsload/base/utf8.h"

#define ROW_MAX 1024 /* of a row: a handful of numbers */

static cJSON *checked(struct json_writer *writer, cJSON *item)
{
    if (item == NULL)
        writer->failed = true;
    return item;
}

cJSON *json_put_object(struct json_writer *writer, cJSON *object, const char *name)
{
    cJSON *present = cJSON_GetObjectItemCaseSensitive(object, name);
    return present != NULL ? present : checked(writer, cJSON_AddObjectToObject(object, name));
}

cJSON *json_put_array(struct json_writer *writer, cJSON *object, const char *name)
{
    return checked(writer, cJSON_AddArrayToObject(object, name));
}

/* ITEM as the last of ARRAY, or NULL when it could not be made or put there. */
static cJSON *append(struct json_writer *writer, cJSON *array, cJSON *item)
{
    if (cJSON_AddItemToArray(array, item))
        return item;
    writer->failed = true;
    cJSON_Delete(item);
    return NULL;
}

cJSON *json_append_object(struct json_writer *writer, cJSON *array)
{
    return append(writer, array, cJSON_CreateObject());
}

void json_append_line(struct json_writer *writer, cJSON *array, cJSON *row)
{
    struct buffer line;
    char *text = cJSON_PrintUnformatted(row);
    buffer_init(&line, ROW_MAX);
    if (text == NULL || buffer_printf(&line, "\n\t\t\t%s", text) != 0)
        writer->failed = true;
    else
        append(writer, array, cJSON_CreateRaw(line.data));
    buffer_free(&line);
    cJSON_free(text);
    cJSON_Delete(row);
}

void json_append_number(struct json_writer *writer, cJSON *array, double value)
{
    append(writer, array, cJSON_CreateNumber(value));
}

void json_put_null(struct json_writer *writer, cJSON *object, const char *name)
{
    checked(writer, cJSON_AddNullToObject(object, name));
}

void json_put_number(struct json_writer *writer, cJSON *object, const char *name, double value)
{
    checked(writer, cJSON_AddNumberToObject(object, name, value));
}

void json_put_count(struct json_writer *writer, cJSON *object, const char *name, uint64_t count)
{
    json_put_number(writer, object, name, (double)count);
}

void json_put_bool(struct json_writer *writer, cJSON *object, const char *name, bool value)
{
    checked(writer, cJSON_AddBoolToObject(object, name, value));
}

void json_put_string(struct json_writer *writer, cJSON *object, const char *name,
                     const char *string)
{
    struct buffer clean;
    buffer_init(&clean, 3 * strlen(string) + 1);
    if (utf8_append_clean(&clean, text_of(string), SIZE_MAX) != 0)
        writer->failed = true;
    checked(writer, cJSON_AddStringToObject(object, name, buffer_text(&clean).data));
    buffer_free(&clean);
}

void json_put_seconds(struct json_writer *writer, cJSON *object, const char *name, double ns)
{
    json_put_number(writer, object, name, round(ns) / (double)NS_PER_S);
}

void json_put_seconds_if_any(struct json_writer *writer, cJSON *object, const char *name,
                             uint64_t ns)
{
    if (ns > 0)
        json_put_seconds(writer, object, name, (double)ns);
    else
        json_put_null(writer, object, name);
}

/* Times to 1 ns, all else to 4 digits. Percentages are rounded down: 100 means every single one. */
static double rounded(enum metric_unit unit, double value)
{
    switch (unit) {
    case METRIC_SECONDS:
        return round(value * 1e9) / 1e9;
    case METRIC_PERCENT:
        return floor(value * 1e4 + 1e-6) / 1e4; /* 99.8 * 1e4 may be a little less than 998000 */
    case METRIC_PER_SECOND:
    case METRIC_COUNT:
    case METRIC_BYTES:
        break;
    }
    return round(value * 1e4) / 1e4;
}

void json_put_figure(struct json_writer *writer, cJSON *object, const char *name,
                     enum metric_unit unit, double value)
{
    json_put_number(writer, object, name, rounded(unit, value));
}

void json_put_metric(struct json_writer *writer, cJSON *object, const char *path)
{
    const struct metric *metric = metric_find(path, strlen(path));
    const char *point = strchr(path, '.');
    const char *name = point != NULL ? point + 1 : path;
    double value;
    if (metric->get(writer->results, &value))
        json_put_figure(writer, object, name, metric->unit, value);
    else
        json_put_null(writer, object, name);
}
