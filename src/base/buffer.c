#include "wsload/base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"

#define SMALLEST_CAPACITY 64

void buffer_init(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum};
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->maximum);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

int buffer_reserve(struct buffer *buffer, size_t length)
{
    if (length > buffer->maximum || length == SIZE_MAX)
        return -1;
    if (length < buffer->capacity)
        return 0;
    size_t capacity = length + 1; /* the NUL */
    if (capacity < SMALLEST_CAPACITY)
        capacity = SMALLEST_CAPACITY;
    char *data = realloc(buffer->data, capacity);
    if (!data)
        return -1;
    data[buffer->length] = '\0';
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

/* Makes room for LENGTH bytes more, at least doubling, so that many appends cost O(total). */
static int grow(struct buffer *buffer, size_t length)
{
    if (length > buffer->maximum - buffer->length)
        return -1;
    size_t needed = buffer->length + length;
    if (needed < buffer->capacity)
        return 0;
    size_t doubled = buffer->capacity > buffer->maximum / 2 ? buffer->maximum
                                                            : buffer->capacity * 2;
    return buffer_reserve(buffer, u64_max(doubled, needed));
}

int buffer_append(struct buffer *buffer, const void *data, size_t length)
{
    if (grow(buffer, length))
        return -1;
    if (length > 0)
        memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return 0;
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || grow(buffer, (size_t)length))
        return -1;
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
    return 0;
}

struct text buffer_text(const struct buffer *buffer)
{
    if (!buffer->data)
        return TEXT("");
    return (struct text){buffer->data, buffer->length};
}
