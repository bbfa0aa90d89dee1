#include "screen.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/base/text.h"

#define FORMATTED_SIZE 2048 /* bytes of formatted text that are looked at */
#define GAP            3    /* columns between two items */
#define COLUMNS_LEAST  60   /* of a layout */
#define COLUMNS_MOST   100

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
    return in_ranges(code, ranges, ARRAY_LENGTH(ranges));
}

/* Characters that never take two columns. Others might (CJK, emoji): a guess that is too wide only
 * cuts a line early. */
static bool surely_narrow(uint32_t code)
{
    static const struct range ranges[] = {{0x20, 0x10FF}, {0x2010, 0x22FF}, {0x2500, 0x259F}};
    return in_ranges(code, ranges, ARRAY_LENGTH(ranges));
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
    if (code == '\r' && text_begins(*text, "\n"))
        code = take_code_point(text);
    if (code == '\t' || code == '\n' || code == '\r')
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

size_t screen_layout(unsigned terminal_columns)
{
    return terminal_columns ? u64_min(u64_max(terminal_columns, COLUMNS_LEAST), COLUMNS_MOST)
                            : SCREEN_COLUMNS;
}

size_t screen_width(const struct screen *screen)
{
    return screen->columns > 0 ? screen->columns : SCREEN_COLUMNS;
}

static void append(struct screen *screen, const char *bytes, size_t length)
{
    if (!screen->failed && buffer_append(screen->out, bytes, length))
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

/* TEXT, made valid UTF-8, into CLEAN, which is initialised here and freed by the caller. */
static struct text clean_text(struct screen *screen, struct text text, struct buffer *clean)
{
    buffer_init(clean, 3 * text.length + 1); /* each byte can become U+FFFD */
    if (utf8_append_clean(clean, text, SIZE_MAX))
        screen->failed = true;
    return buffer_text(clean);
}

void screen_print(struct screen *screen, const char *format, ...)
{
    char text[FORMATTED_SIZE];
    struct buffer clean;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    append_cut(screen, clean_text(screen, text_of(text), &clean), screen_width(screen));
    buffer_free(&clean);
}

/* Before what takes COLUMNS: GAP columns, or a new line when it would pass the width. */
static void separate(struct screen *screen, size_t indent, size_t gap, size_t columns)
{
    if (screen->column > indent) {
        if (screen->column + gap + columns > screen_width(screen))
            screen_break(screen);
        else
            screen_pad(screen, screen->column + gap);
    }
    screen_pad(screen, indent);
}

void screen_item(struct screen *screen, size_t indent, const char *format, ...)
{
    char text[FORMATTED_SIZE];
    struct buffer clean;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct text item = clean_text(screen, text_of(text), &clean);
    separate(screen, indent, GAP, columns_of(item));
    append_cut(screen, item, screen_width(screen));
    buffer_free(&clean);
}

void screen_words(struct screen *screen, const char *text)
{
    struct buffer clean;
    size_t indent = screen->column;
    const char *word = clean_text(screen, text_of(text), &clean).data;
    for (word += strspn(word, " "); *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        struct text next = {word, length};
        separate(screen, indent, 1, columns_of(next));
        append_cut(screen, next, screen_width(screen));
        word += length;
    }
    buffer_free(&clean);
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

void screen_wrap(struct screen *screen, size_t lines, struct text text)
{
    struct buffer clean;
    size_t indent = screen->column;
    struct text rest = text_trim(clean_text(screen, text, &clean));
    for (; lines > 1 && indent + columns_of(rest) > screen_width(screen); lines--) {
        append_cut(screen, take_line(&rest, screen_width(screen) - indent), screen_width(screen));
        screen_break(screen);
        screen_pad(screen, indent);
    }
    append_cut(screen, rest, screen_width(screen));
    buffer_free(&clean);
}

void screen_pad(struct screen *screen, size_t column)
{
    for (; screen->column < column; screen->column++)
        append(screen, " ", 1);
}

void screen_end(struct screen *screen, const char *text)
{
    size_t end = screen_width(screen);
    size_t length = strlen(text);
    if (screen->column + GAP + length > end)
        screen_break(screen);
    screen_pad(screen, end > length ? end - length : 0);
    screen_print(screen, "%s", text);
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
