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

/* Sets ROW from TEXT, which came under NAME: "--timeout", "-c" or "WSLOAD_TIMEOUT". The
 * values of lists and texts may be secrets and stay out of the error. */
static int set_value(const struct option_row *row, const char *text, const char *name, void *values,
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

static void set_defaults(const struct option_set *set, void *values)
{
    struct error error;
    memset(values, 0, set->size);
    for (size_t i = 0; i < set->count; i++) {
        const struct option_row *row = &set->rows[i];
        void *field = (char *)values + row->offset;
        if (is_decimal(row))
            *(double *)field = -1;
        else if (row->type == OPTION_COUNT)
            *(uint64_t *)field = count_not_given(row);
        if (row->initial && parse_value(row, row->initial, values, &error))
            abort(); /* a row that contradicts itself; a unit test reads every table */
    }
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

/* --- Command line --- */

struct parse {
    const struct option_set *set;
    int argc;
    char *const *argv;
    int next; /* index of the next word */
    void *values;
    bool seen[OPTION_ROWS_MAX]; /* given on the command line already */
    struct error *error;
};

/* The row called NAME or, without a name, LETTER. */
static const struct option_row *find(const struct option_set *set, const char *name, char letter)
{
    for (size_t i = 0; i < set->count; i++)
        if (name ? strcmp(set->rows[i].name, name) == 0 : set->rows[i].letter == letter)
            return &set->rows[i];
    return NULL;
}

const struct option_row *option_find(const struct option_set *set, const char *name)
{
    name += strspn(name, "-");
    return name[0] && !name[1] ? find(set, NULL, name[0]) : find(set, name, 0);
}

char *option_suggestion(const struct option_set *set, const char *name, char out[128])
{
    const char *names[OPTION_ROWS_MAX];
    for (size_t i = 0; i < set->count; i++)
        names[i] = set->rows[i].name;
    const char *nearest = text_nearest(name, names, set->count);
    out[0] = '\0';
    if (nearest)
        snprintf(out, 128, "; did you mean --%s ?", nearest);
    return out;
}

static int unknown_option(const struct parse *parse, const char *word, const char *name)
{
    char suggestion[128];
    option_suggestion(parse->set, name, suggestion);
    if (!suggestion[0])
        return error_set(parse->error, "%s: no such option; '%s --help' lists them", word,
                         parse->set->command);
    return error_set(parse->error, "%s: no such option%s", word, suggestion);
}

/* Sets ROW from INLINE_VALUE, or from the next word when that is NULL. NAME is how it was typed. */
static int take_option(struct parse *parse, const struct option_row *row, const char *name,
                       const char *inline_value)
{
    const char *value = inline_value;
    parse->seen[row - parse->set->rows] = true;
    if (row->type == OPTION_FLAG) {
        if (value)
            return error_set(parse->error, "%s takes no value", name);
        value = "1";
    } else if (!value) {
        if (parse->next == parse->argc)
            return error_set(parse->error, "%s: a value is missing: %s %s", name, name,
                             row->argument);
        value = parse->argv[parse->next++];
    }
    return set_value(row, value, name, parse->values, parse->error);
}

static int take_long(struct parse *parse, const char *word)
{
    char name[80];
    size_t length = strcspn(word + 2, "=");
    const char *value = word[2 + length] ? word + 2 + length + 1 : NULL;
    snprintf(name, sizeof(name), "%.*s", (int)u64_min(length + 2, sizeof(name)), word);
    const struct option_row *row = find(parse->set, name + 2, 0);
    return row ? take_option(parse, row, name, value) : unknown_option(parse, name, name + 2);
}

/* -c 10, -c10, or flags in one word: -kq. */
static int take_letters(struct parse *parse, const char *word)
{
    for (const char *letter = word + 1; *letter; letter++) {
        char name[3] = {'-', *letter, '\0'};
        const struct option_row *row = find(parse->set, NULL, *letter);
        if (!row)
            return unknown_option(parse, name, word + 1);
        if (row->type != OPTION_FLAG)
            return take_option(parse, row, name, letter[1] ? letter + 1 : NULL);
        if (take_option(parse, row, name, NULL))
            return -1;
    }
    return 0;
}

static int take_words(struct parse *parse, const char *arguments[])
{
    size_t given = 0;
    bool options_over = false;
    while (parse->next < parse->argc) {
        const char *word = parse->argv[parse->next++];
        int status = 0;
        if (!options_over && strcmp(word, "--") == 0)
            options_over = true;
        else if (!options_over && strncmp(word, "--", 2) == 0)
            status = take_long(parse, word);
        else if (!options_over && word[0] == '-' && word[1])
            status = take_letters(parse, word);
        else if (given < parse->set->arguments_max)
            arguments[given++] = word;
        else
            status = error_set(parse->error, "too many arguments; '%s --help' shows the usage",
                               parse->set->command);
        if (status)
            return -1;
    }
    return 0;
}

/* --- Environment --- */

char *option_environment_name(const struct option_set *set, const struct option_row *row,
                              char out[64])
{
    int length = snprintf(out, 64, "%s_%s", set->command, row->name);
    for (int i = 0; i < length && i < 63; i++)
        out[i] = strchr("- ", out[i]) ? '_' : (char)toupper((unsigned char)out[i]);
    return out;
}

/* A list in the environment has one value a line. The copies live as long as the values. */
static int set_list(const struct option_row *row, const char *text, const char *name, void *values,
                    struct error *error)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        char *line = strndup(text, length);
        if (!line)
            return error_set(error, "out of memory");
        if (set_value(row, line, name, values, error)) {
            free(line);
            return -1;
        }
        text += length + (text[length] == '\n');
    }
    return 0;
}

/* The value of a variable; NULL when it is not set, or empty, as scripts have it that set it only
 * sometimes. */
static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text && text[0] ? text : NULL;
}

/* Takes from the environment what the command line left out. Lists take both: a token in the
 * environment must not get lost because of another header on the command line. */
static int take_environment(const struct parse *parse, const char *arguments[])
{
    const struct option_set *set = parse->set;
    for (size_t i = 0; i < set->count; i++) {
        char name[64];
        const struct option_row *row = &set->rows[i];
        const char *text = variable(option_environment_name(set, row, name));
        if (!text || (parse->seen[i] && row->type != OPTION_LIST))
            continue;
        if (row->type == OPTION_LIST ? set_list(row, text, name, parse->values, parse->error)
                                     : set_value(row, text, name, parse->values, parse->error))
            return -1;
    }
    for (size_t i = 0; set->argument_env && i < set->arguments_max; i++)
        if (!arguments[i] && set->argument_env[i])
            arguments[i] = variable(set->argument_env[i]);
    return 0;
}

/* Puts the names of all variables of SETS into NAMES; returns how many. */
static size_t known_names(const struct option_set *const *sets, size_t count,
                          char names[OPTION_VARIABLES_MAX][64])
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t row = 0; row < sets[i]->count && known < OPTION_VARIABLES_MAX; row++)
            option_environment_name(sets[i], &sets[i]->rows[row], names[known++]);
        for (size_t j = 0; sets[i]->argument_env && j < sets[i]->arguments_max; j++)
            if (sets[i]->argument_env[j] && known < OPTION_VARIABLES_MAX)
                snprintf(names[known++], 64, "%s", sets[i]->argument_env[j]);
    }
    return known;
}

static int unknown_variable(const char *name, const char *const *known, size_t count,
                            struct error *error)
{
    const char *nearest = text_nearest(name, known, count);
    if (nearest)
        return error_set(error, "%s: no such variable; did you mean %s ?", name, nearest);
    return error_set(error,
                     "%s: no such variable; 'wsload help all' lists the options, each is "
                     "one, as in WSLOAD_CONNECTIONS",
                     name);
}

int option_check_environment(const struct option_set *const *sets, size_t count,
                             const char *const *environment, struct error *error)
{
    static char names[OPTION_VARIABLES_MAX][64];
    const char *known[OPTION_VARIABLES_MAX];
    size_t total = known_names(sets, count, names);
    for (size_t i = 0; i < total; i++)
        known[i] = names[i];
    for (; *environment; environment++) {
        char name[64];
        size_t length = strcspn(*environment, "=");
        bool is_set = (*environment)[length] && (*environment)[length + 1];
        if (!text_begins(text_of(*environment), OPTION_VARIABLES_BEGIN) || !is_set)
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)length, *environment);
        size_t i = 0;
        while (i < total && strcmp(known[i], name) != 0)
            i++;
        if (i == total)
            return unknown_variable(name, known, total, error);
    }
    return 0;
}

int options_parse(const struct option_set *set, int argc, char *const argv[], void *values,
                  const char *arguments[], struct error *error)
{
    struct parse parse = {set, argc, argv, .next = 1, .values = values, .error = error};
    set_defaults(set, values);
    for (size_t i = 0; i < set->arguments_max; i++)
        arguments[i] = NULL;
    return take_words(&parse, arguments) || take_environment(&parse, arguments) ? -1 : 0;
}
