#include "upgrade.h"

#include <string.h>
#include <strings.h>

#define LINE_END "\r\n"
#define HEAD_END "\r\n\r\n"

size_t upgrade_length(struct text bytes)
{
    const char *end = bytes.length == 0
                          ? NULL
                          : memmem(bytes.data, bytes.length, HEAD_END, strlen(HEAD_END));
    return end ? (size_t)(end - bytes.data) + strlen(HEAD_END) : 0;
}

/* Takes what stands in front of END off REST. False when END is not in it. */
static bool take(struct text *rest, const char *end, struct text *taken)
{
    size_t length = strlen(end);
    const char *found = rest->length == 0 ? NULL : memmem(rest->data, rest->length, end, length);
    if (!found)
        return false;
    *taken = (struct text){rest->data, (size_t)(found - rest->data)};
    rest->data += taken->length + length;
    rest->length -= taken->length + length;
    return true;
}

/* "GET /path?query HTTP/1.1" */
static int read_first_line(struct upgrade *upgrade, struct text line)
{
    struct text target;
    if (!take(&line, " ", &upgrade->method) || !take(&line, " ", &target) || target.length == 0 ||
        target.data[0] != '/' || !text_equal(line, TEXT("HTTP/1.1")))
        return -1;
    if (!take(&target, "?", &upgrade->path)) {
        upgrade->path = target;
        target.length = 0;
    }
    upgrade->query = target;
    return 0;
}

static int read_header(struct upgrade *upgrade, struct text line)
{
    struct header *header = &upgrade->headers[upgrade->header_count];
    if (upgrade->header_count == UPGRADE_HEADERS_MAX || !take(&line, ":", &header->name) ||
        header->name.length == 0 || text_trim(header->name).length != header->name.length)
        return -1;
    header->value = text_trim(line);
    upgrade->header_count++;
    return 0;
}

int upgrade_read(struct upgrade *upgrade, struct text request)
{
    *upgrade = (struct upgrade){0};
    struct text line;
    if (!take(&request, LINE_END, &line) || read_first_line(upgrade, line))
        return -1;
    while (take(&request, LINE_END, &line)) {
        if (line.length == 0)
            return 0;
        if (read_header(upgrade, line))
            return -1;
    }
    return -1;
}

const struct header *upgrade_header(const struct upgrade *upgrade, struct text name)
{
    for (size_t i = 0; i < upgrade->header_count; i++) {
        const struct header *header = &upgrade->headers[i];
        if (header->name.length == name.length &&
            strncasecmp(header->name.data, name.data, name.length) == 0)
            return header;
    }
    return NULL;
}
