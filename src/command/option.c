#include "option.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wsload/base/file.h"
#include "wsload/base/helpers.h"
#include "wsload/base/text.h"

#define TEXT_FILE_MAX (16u * 1024u * 1024u)

/* --- Rows --- */

size_t option_count(const struct option_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < OPTION_TABLES_MAX; i++)
        count += set->tables[i].count;
    return count;
}

const struct option_row *option_at(const struct option_set *set, size_t index)
{
    const struct option_table *table = set->tables;
    while (index >= table->count)
        index -= table++->count;
    return &table->rows[index];
}

/* --- Values --- */

char *option_format(const struct option_row *row, uint64_t number, char out[UNITS_SIZE])
{
    if (row->type == OPTION_SIZE)
        return units_format_size(number, out);
    bool duration = row->type == OPTION_DURATION || row->type == OPTION_RANGE;
    return duration ? units_format_duration(number, out) : units_format_count(number, out);
}

static int check_range(const struct option_row *row, uint64_t value, struct error *error)
{
    char low[UNITS_SIZE];
    char high[UNITS_SIZE];
    if (value >= row->minimum && (!row->maximum || value <= row->maximum))
        return 0;
    option_format(row, row->minimum, low);
    if (!row->maximum)
        return error_set(error, "at least %s is allowed", low);
    option_format(row, row->maximum, high);
    if (row->type == OPTION_SIZE)
        return error_set(error, "at most %s is allowed", high);
    return error_set(error, "from %s to %s is allowed", low, high);
}

static int parse_number(const struct option_row *row, const char *text, uint64_t *field,
                        struct error *error)
{
    int (*parse)(const char *, uint64_t *, struct error *) = row->type == OPTION_COUNT
                                                                 ? units_parse_count
                                                             : row->type == OPTION_SIZE
                                                                 ? units_parse_size
                                                             : row->limit ? units_parse_limit_time
                                                                          : units_parse_duration;
    return parse(text, field, error) ? -1 : check_range(row, *field, error);
}

/* T or T1-T2. */
static int parse_range(const struct option_row *row, const char *text, struct option_range *field,
                       struct error *error)
{
    char low[64];
    size_t length = strcspn(text, "-");
    if (length >= sizeof(low))
        return error_set(error, "use a time or two, as in 20ms or 20ms-50ms");
    snprintf(low, sizeof(low), "%.*s", (int)length, text);
    const char *high = text[length] ? text + length + 1 : low;
    if (units_parse_duration(low, &field->low, error) ||
        units_parse_duration(high, &field->high, error) || check_range(row, field->low, error) ||
        check_range(row, field->high, error))
        return -1;
    if (field->low > field->high)
        return error_set(error, "the first time must not be the longer one, as in 20ms-50ms");
    return 0;
}

static int parse_decimal(const struct option_row *row, const char *text, double *field,
                         struct error *error)
{
    char *end;
    char highest[UNITS_SIZE];
    bool plain = text[strspn(text, "0123456789.")] == '\0'; /* no sign, exponent, hex, "inf" */
    double value = strtod(text, &end);
    if (!plain || end == text || *end)
        return error_set(error, "use a number, as in 1.25");
    if (row->maximum && value > (double)row->maximum)
        return error_set(error, "from 0 to %s is allowed",
                         units_format_count(row->maximum, highest));
    *field = value;
    return 0;
}

static int parse_flag(const char *text, bool *field, struct error *error)
{
    static const char *const no_and_yes[] = {"0",   "1",   "false", "true", "no",
                                             "yes", "off", "on",    ""};
    for (size_t i = 0; i < ARRAY_LENGTH(no_and_yes); i++) {
        if (strcasecmp(text, no_and_yes[i]) == 0) {
            *field = i % 2;
            return 0;
        }
    }
    return error_set(error, "use 1 or 0");
}

size_t option_list_choices(const struct option_row *row, struct buffer *out)
{
    size_t count = 0;
    for (; row->choices[count]; count++)
        buffer_printf(out, "%s%s", count ? ", " : "", row->choices[count]);
    return count;
}

static int parse_choice(const struct option_row *row, const char *text, const char **field,
                        struct error *error)
{
    struct buffer allowed;
    *field = text;
    for (const char *const *choice = row->choices; *choice; choice++)
        if (strcmp(text, *choice) == 0)
            return 0;
    buffer_init(&allowed, sizeof(error->text));
    size_t count = option_list_choices(row, &allowed);
    const char *nearest = text_nearest(text, row->choices, count);
    error_set(error, "use one of %s%s%s%s", allowed.data, nearest ? "; did you mean " : "",
              nearest ? nearest : "", nearest ? " ?" : "");
    buffer_free(&allowed);
    return -1;
}

static int add_to_list(const char *text, struct option_list *field, struct error *error)
{
    if (field->count == OPTION_LIST_MAX)
        return error_set(error, "at most %d are allowed", OPTION_LIST_MAX);
    field->items[field->count++] = text;
    return 0;
}

static int parse_value(const struct option_row *row, const char *text, void *values,
                       struct error *error)
{
    void *field = (char *)values + row->offset;
    switch (row->type) {
    case OPTION_FLAG:
        return parse_flag(text, field, error);
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return parse_number(row, text, field, error);
    case OPTION_RANGE:
        return parse_range(row, text, field, error);
    case OPTION_RATE:
        return units_parse_rate(text, field, error);
    case OPTION_PERCENT:
        return row->limit ? units_parse_limit_percent(text, field, error)
                          : units_parse_percent(text, field, error);
    case OPTION_DECIMAL:
        return parse_decimal(row, text, field, error);
    case OPTION_FILE:
    case OPTION_OUTPUT:
        if (!text[0]) /* most often from a variable that is not set */
            return error_set(error, "the name of a file is missing");
        *(const char **)field = text;
        return 0;
    case OPTION_TEXT:
        *(const char **)field = text;
        return 0;
    case OPTION_LIST:
        return add_to_list(text, field, error);
    case OPTION_CHOICE:
        return parse_choice(row, text, field, error);
    }
    return 0;
}

int option_set_value(const struct option_row *row, const char *text, const char *name, void *values,
                     struct error *error)
{
    if (parse_value(row, text, values, error) == 0)
        return 0;
    if (row->type == OPTION_LIST || row->type == OPTION_TEXT)
        return error_prefix(error, "%s", name);
    return error_prefix(error, "%s '%s'", name, text);
}

static bool is_decimal(const struct option_row *row)
{
    return row->type == OPTION_RATE || row->type == OPTION_PERCENT || row->type == OPTION_DECIMAL;
}

/* What a count of ROW is when it was not given. */
static uint64_t count_not_given(const struct option_row *row)
{
    return row->minimum ? 0 : COUNT_NOT_GIVEN;
}

static void set_default(const struct option_row *row, void *values)
{
    struct error error;
    void *field = (char *)values + row->offset;
    if (is_decimal(row))
        *(double *)field = -1;
    else if (row->type == OPTION_COUNT)
        *(uint64_t *)field = count_not_given(row);
    if (row->initial && parse_value(row, row->initial, values, &error))
        abort(); /* a row that contradicts itself; a unit test reads every table */
}

void option_set_defaults(const struct option_set *set, void *values)
{
    memset(values, 0, set->size);
    for (size_t table = 0; table < OPTION_TABLES_MAX; table++)
        for (size_t i = 0; i < set->defaults[table].count; i++)
            set_default(&set->defaults[table].rows[i], values);
    for (size_t i = 0; i < option_count(set); i++)
        set_default(option_at(set, i), values);
}

const char *option_value(const struct option_row *row, const void *values, char out[UNITS_SIZE])
{
    const void *field = (const char *)values + row->offset;
    if (row->type == OPTION_FLAG)
        return *(const bool *)field ? "" : NULL;
    if (row->type == OPTION_LIST)
        return ((const struct option_list *)field)->items[0];
    if (is_decimal(row)) {
        double number = *(const double *)field;
        return number < 0 ? NULL : units_format_number(number, out);
    }
    if (row->type >= OPTION_TEXT)
        return *(const char *const *)field;
    uint64_t number = *(const uint64_t *)field;
    bool given = number != (row->type == OPTION_COUNT ? count_not_given(row) : 0);
    return given ? option_format(row, number, out) : NULL;
}

bool option_given(const struct option_row *row, const void *values)
{
    uint64_t number;
    struct error error;
    char out[UNITS_SIZE];
    const char *value = option_value(row, values, out);
    if (!value || !row->initial)
        return value;
    if (row->type >= OPTION_TEXT)
        return strcmp(value, row->initial) != 0;
    /* The other rows with a default are numbers. */
    return parse_number(row, row->initial, &number, &error) ||
           *(const uint64_t *)((const char *)values + row->offset) != number;
}

int option_read_text(const char *value, struct buffer *file, struct text *text, struct error *error)
{
    *text = text_of(value);
    buffer_init(file, TEXT_FILE_MAX);
    if (value[0] != '@')
        return 0;
    if (file_read_text(value + 1, file, error))
        return -1;
    *text = buffer_text(file);
    while (text->length > 0 && strchr(" \t\n\v\f\r", text->data[text->length - 1]))
        text->length--;
    return 0;
}

/* --- Names --- */

const struct option_row *option_called(const struct option_set *set, const char *name, char letter)
{
    for (size_t i = 0; i < option_count(set); i++) {
        const struct option_row *row = option_at(set, i);
        if (name ? strcmp(row->name, name) == 0 : row->letter == letter)
            return row;
    }
    return NULL;
}

const struct option_row *option_find(const struct option_set *set, const char *name)
{
    name += strspn(name, "-");
    return name[0] && !name[1] ? option_called(set, NULL, name[0]) : option_called(set, name, 0);
}

char *option_suggestion(const struct option_set *set, const char *name, char out[128])
{
    const char *names[OPTION_ROWS_MAX];
    for (size_t i = 0; i < option_count(set); i++)
        names[i] = option_at(set, i)->name;
    const char *nearest = text_nearest(name, names, option_count(set));
    out[0] = '\0';
    if (nearest)
        snprintf(out, 128, "; did you mean --%s ?", nearest);
    return out;
}

char *option_environment_name(const struct option_set *set, const struct option_row *row,
                              char out[64])
{
    int length = snprintf(out, 64, "%s_%s", set->variables ? set->variables : set->command,
                          row->name);
    for (int i = 0; i < length && i < 63; i++)
        out[i] = strchr("- ", out[i]) ? '_' : (char)toupper((unsigned char)out[i]);
    return out;
}
