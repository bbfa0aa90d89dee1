#include "wsload/command/option.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wsload/base/text.h"
#include "wsload/base/units.h"

/* --- Values --- */

static int check_range(const struct option_row *row, uint64_t value, struct error *error)
{
    char low[UNITS_SIZE];
    char high[UNITS_SIZE];
    bool duration = row->type == OPTION_DURATION || row->type == OPTION_RANGE;
    char *(*format)(uint64_t, char *) = duration ? units_format_duration : units_format_count;
    if (value >= row->minimum && (!row->maximum || value <= row->maximum))
        return 0;
    if (!row->maximum)
        return error_set(error, "at least %s is allowed", format(row->minimum, low));
    return error_set(error, "from %s to %s is allowed", format(row->minimum, low),
                     format(row->maximum, high));
}

static int parse_number(const struct option_row *row, const char *text, uint64_t *field,
                        struct error *error)
{
    bool count = row->type == OPTION_COUNT;
    if (count ? units_parse_count(text, field, error) : units_parse_duration(text, field, error))
        return -1;
    return check_range(row, *field, error);
}

/* T or T1-T2. */
static int parse_range(const struct option_row *row, const char *text, struct option_range *field,
                       struct error *error)
{
    char low[64];
    size_t length = strcspn(text, "-");
    if (length >= sizeof(low))
        return error_set(error, "use a time or two, as in 20ms or 20ms-50ms");
    memcpy(low, text, length);
    low[length] = '\0';
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
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"1", true}, {"true", true},   {"yes", true}, {"on", true},  {"0", false},
                 {"", false}, {"false", false}, {"no", false}, {"off", false}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            *field = words[i].value;
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

static int refuse_choice(const struct option_row *row, const char *text, struct error *error)
{
    struct buffer allowed;
    buffer_init(&allowed, sizeof(error->text));
    size_t count = option_list_choices(row, &allowed);
    const char *nearest = text_nearest(text, row->choices, count);
    error_set(error, "use one of %s%s%s%s", allowed.data, nearest ? "; did you mean " : "",
              nearest ? nearest : "", nearest ? " ?" : "");
    buffer_free(&allowed);
    return -1;
}

static int parse_choice(const struct option_row *row, const char *text, const char **field,
                        struct error *error)
{
    for (const char *const *choice = row->choices; *choice; choice++) {
        if (strcmp(text, *choice) == 0) {
            *field = text;
            return 0;
        }
    }
    return refuse_choice(row, text, error);
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
    case OPTION_DURATION:
        return parse_number(row, text, field, error);
    case OPTION_RANGE:
        return parse_range(row, text, field, error);
    case OPTION_RATE:
        return units_parse_rate(text, field, error);
    case OPTION_PERCENT:
        return units_parse_percent(text, field, error);
    case OPTION_DECIMAL:
        return parse_decimal(row, text, field, error);
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

void options_set_defaults(const struct option_set *set, void *values)
{
    struct error error;
    for (size_t i = 0; i < set->count; i++)
        if (set->rows[i].initial &&
            parse_value(&set->rows[i], set->rows[i].initial, values, &error))
            abort(); /* a row that contradicts itself; a unit test reads every table */
}

/* --- Command line --- */

struct parse {
    const struct option_set *set;
    int argc;
    char *const *argv;
    int next; /* index of the next word */
    void *values;
    bool *seen; /* per row: given on the command line already */
    struct error *error;
};

static const struct option_row *find_long(const struct option_set *set, const char *name,
                                          size_t length)
{
    for (size_t i = 0; i < set->count; i++)
        if (strlen(set->rows[i].name) == length && memcmp(set->rows[i].name, name, length) == 0)
            return &set->rows[i];
    return NULL;
}

static const struct option_row *find_letter(const struct option_set *set, char letter)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->rows[i].letter == letter)
            return &set->rows[i];
    return NULL;
}

const struct option_row *option_find(const struct option_set *set, const char *name)
{
    name += strspn(name, "-");
    if (name[0] && !name[1])
        return find_letter(set, name[0]);
    return find_long(set, name, strlen(name));
}

char *option_suggestion(const struct option_set *set, const char *name, char out[128])
{
    const char *names[OPTION_ROWS_MAX];
    size_t count = set->count < OPTION_ROWS_MAX ? set->count : OPTION_ROWS_MAX;
    for (size_t i = 0; i < count; i++)
        names[i] = set->rows[i].name;
    const char *nearest = text_nearest(name, names, count);
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
    snprintf(name, sizeof(name), "%.*s", (int)(length + 2 < sizeof(name) ? length + 2 : 79), word);
    const struct option_row *row = find_long(parse->set, word + 2, length);
    return row ? take_option(parse, row, name, value) : unknown_option(parse, name, name + 2);
}

/* -c 10, -c10, or flags in one word: -kq. */
static int take_letters(struct parse *parse, const char *word)
{
    for (const char *letter = word + 1; *letter; letter++) {
        char name[3] = {'-', *letter, '\0'};
        const struct option_row *row = find_letter(parse->set, *letter);
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
    int length = snprintf(out, 64, "%s%s", set->environment, row->name);
    for (int i = 0; i < length && i < 63; i++)
        out[i] = out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
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

/* Takes from the environment what the command line left out. Lists take both: a token in the
 * environment must not get lost because of another header on the command line. */
static int take_environment(const struct parse *parse, const char *arguments[])
{
    const struct option_set *set = parse->set;
    for (size_t i = 0; i < set->count; i++) {
        char name[64];
        const struct option_row *row = &set->rows[i];
        const char *text = getenv(option_environment_name(set, row, name));
        if (!text || (parse->seen[i] && row->type != OPTION_LIST))
            continue;
        if (row->type == OPTION_LIST ? set_list(row, text, name, parse->values, parse->error)
                                     : set_value(row, text, name, parse->values, parse->error))
            return -1;
    }
    for (size_t i = 0; i < set->arguments_max; i++)
        if (!arguments[i] && set->argument_env[i])
            arguments[i] = getenv(set->argument_env[i]);
    return 0;
}

int options_parse(const struct option_set *set, int argc, char *const argv[], void *values,
                  const char *arguments[], struct error *error)
{
    bool *seen = calloc(set->count, sizeof(*seen));
    if (!seen)
        return error_set(error, "out of memory");
    for (size_t i = 0; i < set->arguments_max; i++)
        arguments[i] = NULL;
    struct parse parse = {set, argc, argv, 1, values, seen, error};
    int status = take_words(&parse, arguments);
    if (status == 0)
        status = take_environment(&parse, arguments);
    free(seen);
    return status;
}
