#include "command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_COLUMNS 78 /* and a backslash after them */
#define INDENT       "    "
#define WORDS_SIZE   ((size_t)1024 * 1024)

void command_line_add(struct command_line *line, const char *word)
{
    char *copy = line->count < COMMAND_WORDS_MAX ? strdup(word) : NULL;
    line->full = line->full || !copy;
    if (copy)
        line->words[line->count++] = copy;
}

void command_line_add_option(struct command_line *line, const char *name, const char *value)
{
    char dashed[80];
    snprintf(dashed, sizeof(dashed), "--%s", name);
    command_line_add(line, dashed);
    if (value)
        command_line_add(line, value);
}

void command_line_free(struct command_line *line)
{
    for (size_t i = 0; i < line->count; i++)
        free(line->words[i]);
    *line = (struct command_line){.count = 0};
}

/* --- The text --- */

static void append_word(struct buffer *out, struct text word)
{
    if (word.length > 0 && text_made_of(word, "-_./:,+@%=!"))
        (void)buffer_append_text(out, word);
    else
        (void)buffer_append_quoted(out, word);
}

/* What stands between the name and the value in a WORD after OPTION, if the value may be a secret;
 * else NULL. */
static const char *secret_after(const char *option)
{
    if (strcmp(option, "--header") == 0)
        return ": ";
    return strcmp(option, "--query") == 0 ? "=" : NULL;
}

/* The value of OPTION as it may be shown. */
static void append_value(struct buffer *out, const char *option, const char *value)
{
    struct buffer hidden;
    const char *between = secret_after(option);
    if (!between) {
        append_word(out, text_of(value));
        return;
    }
    buffer_init(&hidden, WORDS_SIZE);
    (void)buffer_printf(&hidden, "%.*s%s...", (int)strcspn(value, ":="), value, between);
    append_word(out, buffer_text(&hidden));
    buffer_free(&hidden);
}

/* Appends ITEM, on the line or on the next one. */
static void append_item(struct buffer *out, size_t *column, struct text item)
{
    if (*column > 0 && *column + 1 + item.length > LINE_COLUMNS) {
        (void)buffer_printf(out, " \\\n" INDENT);
        *column = strlen(INDENT);
    } else if (*column > 0) {
        (void)buffer_append(out, " ", 1);
        *column += 1;
    }
    (void)buffer_append_text(out, item);
    *column += item.length;
}

static bool is_option(const char *word)
{
    return strncmp(word, "--", 2) == 0;
}

/* An option does not stand apart from its value. */
bool command_line_write(const struct command_line *line, const char *address, struct buffer *out)
{
    struct buffer item;
    size_t column = 0;
    bool hides = false;
    buffer_init(&item, WORDS_SIZE);
    for (size_t i = 0; i < line->count; i++) {
        buffer_clear(&item);
        append_word(&item, text_of(line->words[i]));
        if (is_option(line->words[i]) && i + 1 < line->count && !is_option(line->words[i + 1])) {
            (void)buffer_append(&item, " ", 1);
            hides = hides || secret_after(line->words[i]);
            append_value(&item, line->words[i], line->words[i + 1]);
            i++;
        }
        append_item(out, &column, buffer_text(&item));
    }
    buffer_clear(&item);
    append_word(&item, text_of(address));
    append_item(out, &column, buffer_text(&item));
    (void)buffer_append(out, "\n", 1);
    buffer_free(&item);
    return hides;
}
