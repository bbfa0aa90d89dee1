/* A page of text for a terminal, written from left to right and line by line.
 *
 * Whatever is printed, in part perhaps chosen by a hostile server, loses its control characters on
 * the way: only screen_word() writes escape sequences and only screen_break() ends a line. The
 * first append that fails is remembered in `failed` and makes the later ones do nothing. */
#ifndef WSLOAD_REPORT_SCREEN_H
#define WSLOAD_REPORT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/text.h"

#define SCREEN_COLUMNS 80 /* of a page whose width nobody knows */
#define SCREEN_LABEL   14 /* what stands after a label begins here: "connections   " */

enum screen_color { SCREEN_PLAIN, SCREEN_GREEN, SCREEN_YELLOW, SCREEN_RED };

struct screen {
    struct buffer *out; /* borrowed */
    bool color;
    size_t columns; /* the page's width; 0: SCREEN_COLUMNS */
    size_t column;  /* where the next character goes, from 0 */
    bool failed;
};

/* The width to lay a page out for on a terminal of so many columns (0: there is none): from 60 to
 * 100. Less is not legible, and more would only tear apart what belongs together. */
size_t screen_layout(unsigned terminal_columns);

/* The width that no line passes. */
size_t screen_width(const struct screen *screen);

/* Prints formatted text, made valid UTF-8. What would pass the width is cut, with an ellipsis in
 * its place. */
void screen_print(struct screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints an item of a row, three spaces after the one before; in a new line, from column INDENT
 * on, when it would pass the width. */
void screen_item(struct screen *screen, size_t indent, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints TEXT from here on, its lines broken between words and indented to this column. */
void screen_words(struct screen *screen, const char *text);

/* Prints TEXT, made valid UTF-8, in at most LINES lines, indented to this column. They are broken
 * between words, and within those that are longer than a line; what is left for the last one is
 * cut. */
void screen_wrap(struct screen *screen, size_t lines, struct text text);

/* Fills with spaces up to COLUMN; does nothing when that is passed. */
void screen_pad(struct screen *screen, size_t column);

/* Prints a word of our own in COLOR, and plainly when the screen has no colours. */
void screen_word(struct screen *screen, enum screen_color color, const char *word);

/* Prints TEXT, of ASCII, against the right margin; in a new line when there is no room for it. */
void screen_end(struct screen *screen, const char *text);

void screen_break(struct screen *screen);

#endif
