#include "wsload/command/help.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/units.h"

#define HELP_COLUMN 36
#define HELP_WIDTH  80
#define LIST_MAX    4096

/* "-c, --connections N" */
static void describe_forms(const struct option_row *row, char *out, size_t size)
{
    char letter[8] = "";
    if (row->letter)
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    snprintf(out, size, "%s--%s%s%s", letter, row->name, row->argument ? " " : "",
             row->argument ? row->argument : "");
}

/* A default too long for the line is left to `wsload help OPTION`. */
static void help_line(const struct option_row *row, struct buffer *out)
{
    char forms[80];
    char line[100];
    size_t start = out->length;
    describe_forms(row, forms, sizeof(forms));
    snprintf(line, sizeof(line), "%s%s", row->letter ? "  " : "      ", forms);
    buffer_printf(out, "%-*s%s", HELP_COLUMN, line, row->help);
    size_t width = out->length - start;
    if (row->initial && width + strlen(row->initial) + 3 <= HELP_WIDTH)
        buffer_printf(out, " [%s]", row->initial);
    buffer_printf(out, "\n");
}

/* Appends TEXT in lines of at most HELP_WIDTH columns, the first behind START, which is as long as
 * the others are indented. */
static void wrap(const char *start, const char *text, struct buffer *out)
{
    size_t indent = strlen(start);
    size_t column = indent;
    buffer_printf(out, "%s", start);
    while (*text) {
        size_t length = strcspn(text, " ");
        if (column > indent && column + 1 + length > HELP_WIDTH) {
            buffer_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            buffer_printf(out, " ");
            column++;
        }
        buffer_append(out, text, length);
        column += length;
        text += length + strspn(text + length, " ");
    }
    buffer_printf(out, "\n");
}

/* Whether I is in the group of the option in front of it. */
static bool in_same_group(const struct option_set *set, size_t i)
{
    return i > 0 && i < set->count && strcmp(set->rows[i].group, set->rows[i - 1].group) == 0;
}

/* "also --seed, --threads (-t)": the rare options from row FIRST to before END, if there are any.
 */
static void help_rare(const struct option_set *set, size_t first, size_t end, struct buffer *out)
{
    struct buffer names;
    buffer_init(&names, LIST_MAX);
    for (size_t i = first; i < end; i++) {
        const struct option_row *row = &set->rows[i];
        if (!row->rare)
            continue;
        buffer_printf(&names, "%s--%s", names.length ? ", " : "", row->name);
        if (row->letter)
            buffer_printf(&names, " (-%c)", row->letter);
    }
    if (names.length)
        wrap("    also ", names.data, out);
    buffer_free(&names);
}

void help_options(const struct option_set *set, enum help_extent extent, struct buffer *out)
{
    size_t first = 0; /* of the group */
    for (size_t i = 0; i < set->count; i++) {
        const struct option_row *row = &set->rows[i];
        if (!in_same_group(set, i)) {
            buffer_printf(out, "%s:\n", row->group);
            first = i;
        }
        if (extent == HELP_ALL || !row->rare)
            help_line(row, out);
        if (extent == HELP_COMMON && !in_same_group(set, i + 1))
            help_rare(set, first, i + 1, out);
    }
}

static void describe_choices(const struct option_row *row, struct buffer *out)
{
    struct buffer list;
    buffer_init(&list, LIST_MAX);
    option_list_choices(row, &list);
    buffer_printf(&list, ".");
    wrap("  Allowed: ", list.data, out);
    buffer_free(&list);
}

static void describe_limits(const struct option_row *row, struct buffer *out)
{
    char low[UNITS_SIZE];
    char high[UNITS_SIZE];
    bool duration = row->type == OPTION_DURATION || row->type == OPTION_RANGE;
    char *(*format)(uint64_t, char *) = duration ? units_format_duration : units_format_count;
    if (row->maximum)
        buffer_printf(out, "  Allowed: %s to %s.\n", format(row->minimum, low),
                      format(row->maximum, high));
    else if (row->minimum)
        buffer_printf(out, "  Allowed: at least %s.\n", format(row->minimum, low));
    if (row->choices)
        describe_choices(row, out);
}

void help_option(const struct option_set *set, const struct option_row *row, struct buffer *out)
{
    char text[128];
    describe_forms(row, text, sizeof(text));
    buffer_printf(out, "%s   (%s, %s)\n\n", text, set->command, row->group);
    wrap("  ", row->help, out);
    if (row->more)
        wrap("  ", row->more, out);
    buffer_printf(out, "\n");
    describe_limits(row, out);
    if (row->initial)
        buffer_printf(out, "  Default: %s.\n", row->initial);
    if (row->type == OPTION_LIST)
        buffer_printf(out, "  May be given %d times.\n", OPTION_LIST_MAX);
    buffer_printf(out, "  Environment: %s%s.\n", option_environment_name(set, row, text),
                  row->type == OPTION_LIST ? ", one value a line" : "");
}
