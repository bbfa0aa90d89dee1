#include "wsload/command/help.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/units.h"

#define HELP_COLUMN 36
#define HELP_WIDTH  80

/* "-c, --connections N" */
static void describe_forms(const struct option_row *row, char *out, size_t size)
{
    char letter[8] = "";
    if (row->letter)
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    snprintf(out, size, "%s--%s%s%s", letter, row->name, row->argument ? " " : "",
             row->argument ? row->argument : "");
}

/* A line for ROW, or for it and the next one. A default too long for the line is left to `wsload
 * help OPTION`. */
static void help_line(const struct option_row *row, struct buffer *out)
{
    char forms[80];
    char next[80];
    char line[200];
    size_t start = out->length;
    describe_forms(row, forms, sizeof(forms));
    if (row->both)
        describe_forms(row + 1, next, sizeof(next));
    snprintf(line, sizeof(line), "%s%s%s%s", row->letter ? "  " : "      ", forms,
             row->both ? ", " : "", row->both ? next : "");
    buffer_printf(out, "%-*s%s", HELP_COLUMN, line, row->both ? row->both : row->help);
    size_t width = out->length - start;
    if (row->initial && !row->both && width + strlen(row->initial) + 3 <= HELP_WIDTH)
        buffer_printf(out, " [%s]", row->initial);
    buffer_printf(out, "\n");
}

void help_options(const struct option_set *set, struct buffer *out)
{
    const char *group = "";
    for (size_t i = 0; i < set->count; i++) {
        const struct option_row *row = &set->rows[i];
        if (strcmp(group, row->group) != 0)
            buffer_printf(out, "%s:\n", row->group);
        group = row->group;
        help_line(row, out);
        if (row->both)
            i++;
    }
}

/* Appends TEXT in lines of at most HELP_WIDTH columns, indented by two. */
static void wrap(const char *text, struct buffer *out)
{
    size_t column = 0;
    while (*text) {
        size_t length = strcspn(text, " ");
        if (column == 0 || column + 1 + length > HELP_WIDTH) {
            buffer_printf(out, "%s  ", column ? "\n" : "");
            column = 2;
        } else {
            buffer_printf(out, " ");
            column++;
        }
        buffer_append(out, text, length);
        column += length;
        text += length + strspn(text + length, " ");
    }
    buffer_printf(out, "\n");
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
    if (row->choices) {
        buffer_printf(out, "  Allowed:");
        for (const char *const *choice = row->choices; *choice; choice++)
            buffer_printf(out, "%s %s", choice == row->choices ? "" : ",", *choice);
        buffer_printf(out, ".\n");
    }
}

void help_option(const struct option_set *set, const struct option_row *row, struct buffer *out)
{
    char text[128];
    describe_forms(row, text, sizeof(text));
    buffer_printf(out, "%s   (%s, %s)\n\n", text, set->command, row->group);
    wrap(row->help, out);
    if (row->more)
        wrap(row->more, out);
    buffer_printf(out, "\n");
    describe_limits(row, out);
    if (row->initial)
        buffer_printf(out, "  Default: %s.\n", row->initial);
    if (row->type == OPTION_LIST)
        buffer_printf(out, "  May be given %d times.\n", OPTION_LIST_MAX);
    buffer_printf(out, "  Environment: %s%s.\n", option_environment_name(set, row, text),
                  row->type == OPTION_LIST ? ", one value a line" : "");
}
