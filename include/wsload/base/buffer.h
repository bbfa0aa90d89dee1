/* A byte buffer that grows, born with a maximum it never passes.
 *
 * A failed append leaves the contents as they were. data is always terminated by a NUL that length
 * does not count, so text in a buffer can be used as a string. */
#ifndef WSLOAD_BASE_BUFFER_H
#define WSLOAD_BASE_BUFFER_H

#include <stddef.h>

#include "wsload/base/text.h"

struct buffer {
    char *data;    /* owned; NULL until the first append */
    size_t length; /* bytes in use */
    size_t capacity;
    size_t maximum; /* length never exceeds it */
};

/* An empty buffer that may hold up to MAXIMUM bytes. Allocates nothing. */
void buffer_init(struct buffer *buffer, size_t maximum);

/* Releases the memory; the buffer is empty and usable again. */
void buffer_free(struct buffer *buffer);

/* Forgets the contents and keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Appends LENGTH bytes, which are not the buffer's own. 0, or -1 when the maximum would be passed
 * or memory is out. */
int buffer_append(struct buffer *buffer, const void *data, size_t length);

/* Appends formatted text. 0, or -1 as buffer_append(). */
int buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes room for LENGTH bytes in all, so that appends up to there cannot fail. 0 or -1. */
int buffer_reserve(struct buffer *buffer, size_t length);

/* The contents as a view, valid until the next change. */
struct text buffer_text(const struct buffer *buffer);

#endif
