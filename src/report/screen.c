#include "wsload/report/screen.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/utf8.h"

/* Bytes of formatted text that are looked at: at 4 bytes a character, more than a line shows. */
#define FORMATTED_SIZE (SCREEN_LIMIT * 4 + 64)

#define ELLIPSIS "\xE2\x80\xA6" /* U+2026 */

/* One character as it is shown. */
struct glyph {
    struct text bytes;
    size_t columns;
};

struct range {
    uint32_t first;
    uint32_t last;
};

static bool in_ranges(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

/* Characters that steer a terminal, or turn the direction of what follows them: the C0 and C1
 * controls (U+009B alone begins an escape sequence), line separators, bidirectional controls. */
static bool steers(uint32_t code)
{
    static const struct range ranges[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C},
        {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069},
    };
    return in_ranges(code, ranges, sizeof(ranges) / sizeof(ranges[0]));
}

/* Characters that never take two columns. Others might (CJK, emoji): a guess that is too wide only
 * cuts a line early. */
static bool surely_narrow(uint32_t code)
{
    static const struct range ranges[] = {{0x20, 0x10FF}, {0x2010, 0x22FF}, {0x2500, 0x259F}};
    return in_ranges(code, ranges, sizeof(ranges) / sizeof(ranges[0]));
}

/* Takes the first character off TEXT, which is not empty and valid UTF-8. */
static uint32_t take_code_point(struct text *text)
{
    unsigned char first = (unsigned char)text->data[0];
    size_t length = utf8_character_length(*text);
    uint32_t code = length == 1 ? first : first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)text->data[i] & 0x3Fu);
    text->data += length;
    text->length -= length;
    return code;
}

static struct glyph take_glyph(struct text *text)
{
    const char *start = text->data;
    uint32_t code = take_code_point(text);
    if (code == '\t' || code == '\n')
        return (struct glyph){text_of(" "), 1};
    if (steers(code))
        return (struct glyph){text_of("\xEF\xBF\xBD"), 2}; /* U+FFFD */
    return (struct glyph){{start, (size_t)(text->data - start)}, surely_narrow(code) ? 1 : 2};
}

static size_t columns_of(struct text text)
{
    size_t columns = 0;
    while (text.length > 0)
        columns += take_glyph(&text).columns;
    return columns;
}

static void append(struct screen *screen, const char *bytes, size_t length)
{
    if (!screen->failed && buffer_append(screen->out, bytes, length) != 0)
        screen->failed = true;
}

/* Appends TEXT, valid UTF-8, up to column END. */
static void append_cut(struct screen *screen, struct text text, size_t end)
{
    bool whole = screen->column + columns_of(text) <= end;
    while (text.length > 0) {
        struct glyph glyph = take_glyph(&text);
        if (screen->column + glyph.columns + !whole > end)
            break;
        append(screen, glyph.bytes.data, glyph.bytes.length);
        screen->column += glyph.columns;
    }
    if (!whole && screen->column < end) {
        append(screen, ELLIPSIS, strlen(ELLIPSIS));
        screen->column++;
    }
}

/* Formats into CLEAN, which is initialised here and freed by the caller. */
__attribute__((format(printf, 3, 0))) static void
format_clean(struct screen *screen, struct buffer *clean, const char *format, va_list arguments)
{
    char text[FORMATTED_SIZE];
    buffer_init(clean, 3 * sizeof(text)); /* each byte can become U+FFFD */
    vsnprintf(text, sizeof(text), format, arguments);
    if (utf8_append_clean(clean, text_of(text), SIZE_MAX) != 0)
        screen->failed = true;
}

__attribute__((format(printf, 3, 0))) static void print(struct screen *screen, size_t end,
                                                        const char *format, va_list arguments)
{
    struct buffer clean;
    format_clean(screen, &clean, format, arguments);
    append_cut(screen, buffer_text(&clean), end);
    buffer_free(&clean);
}

void screen_print(struct screen *screen, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(screen, SCREEN_LIMIT, format, arguments);
    va_end(arguments);
}

void screen_print_until(struct screen *screen, size_t end, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(screen, end, format, arguments);
    va_end(arguments);
}

void screen_item(struct screen *screen, size_t indent, const char *format, ...)
{
    struct buffer clean;
    va_list arguments;
    va_start(arguments, format);
    format_clean(screen, &clean, format, arguments);
    va_end(arguments);
    if (screen->column > indent) {
        if (screen->column + 3 + columns_of(buffer_text(&clean)) > SCREEN_COLUMNS)
            screen_break(screen);
        else
            screen_pad(screen, screen->column + 3);
    }
    screen_pad(screen, indent);
    append_cut(screen, buffer_text(&clean), SCREEN_COLUMNS);
    buffer_free(&clean);
}

void screen_words(struct screen *screen, const char *text)
{
    size_t indent = screen->column;
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");
        if (screen->column > indent) {
            if (screen->column + 1 + length > SCREEN_COLUMNS)
                screen_break(screen);
            else
                screen_pad(screen, screen->column + 1);
        }
        screen_pad(screen, indent);
        screen_print_until(screen, SCREEN_COLUMNS, "%.*s", (int)length, text);
        text += length;
    }
}

/* Takes a line of COLUMNS off TEXT, which is longer than that, and the spaces around it. */
static struct text take_line(struct text *text, size_t columns)
{
    struct text ahead = *text;
    struct text next = *text;
    size_t used = take_glyph(&next).columns;
    size_t length = 0; /* up to the last space, if there is one */
    while (used <= columns) {
        ahead = next;
        if (ahead.data[0] == ' ')
            length = (size_t)(ahead.data - text->data);
        used += take_glyph(&next).columns;
    }
    if (length == 0)
        length = (size_t)(ahead.data - text->data);
    struct text line = text_trim((struct text){text->data, length});
    text->data += length;
    text->length -= length;
    *text = text_trim(*text);
    return line;
}

void screen_wrap(struct screen *screen, size_t lines, const char *text)
{
    struct buffer clean;
    size_t indent = screen->column;
    buffer_init(&clean, 3 * strlen(text) + 1); /* each byte can become U+FFFD */
    if (utf8_append_clean(&clean, text_of(text), SIZE_MAX) != 0)
        screen->failed = true;
    struct text rest = text_trim(buffer_text(&clean));
    for (; lines > 1 && indent + columns_of(rest) > SCREEN_COLUMNS; lines--) {
        append_cut(screen, take_line(&rest, SCREEN_COLUMNS - indent), SCREEN_COLUMNS);
        screen_break(screen);
        screen_pad(screen, indent);
    }
    append_cut(screen, rest, SCREEN_COLUMNS);
    buffer_free(&clean);
}

void screen_pad(struct screen *screen, size_t column)
{
    for (; screen->column < column; screen->column++)
        append(screen, " ", 1);
}

void screen_word(struct screen *screen, enum screen_color color, const char *word)
{
    static const char *const sequences[] = {
        [SCREEN_GREEN] = "\x1b[1;32m",
        [SCREEN_YELLOW] = "\x1b[1;33m",
        [SCREEN_RED] = "\x1b[1;31m",
    };
    bool colored = screen->color && color != SCREEN_PLAIN;
    if (colored)
        append(screen, sequences[color], strlen(sequences[color]));
    screen_print(screen, "%s", word);
    if (colored)
        append(screen, "\x1b[0m", strlen("\x1b[0m"));
}

void screen_break(struct screen *screen)
{
    append(screen, "\n", 1);
    screen->column = 0;
}
