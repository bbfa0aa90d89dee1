/* UTF-8 against a decoder written another way: by code points and their shortest lengths. */
#include "fuzz.h"

#include "wsload/base/text.h"

static bool is_continuation(uint8_t byte)
{
    return byte >> 6 == 2;
}

/* Length of the character at DATA, or 0: decoded first, judged by its code point afterwards. */
static size_t decode(const uint8_t *data, size_t size)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = data[0] >> 7 == 0    ? 1
                    : data[0] >> 5 == 6  ? 2
                    : data[0] >> 4 == 14 ? 3
                    : data[0] >> 3 == 30 ? 4
                                         : 0;
    uint32_t code = length == 1 ? data[0] : data[0] & (0x7Fu >> length);

    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(data[i]))
            return 0;
        code = code << 6 | (data[i] & 0x3F);
    }
    if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    return length;
}

static bool valid(const uint8_t *data, size_t size)
{
    while (size > 0) {
        size_t length = decode(data, size);

        if (length == 0)
            return false;
        data += length;
        size -= length;
    }
    return true;
}

static size_t count_characters(struct text text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.length; i++)
        count += !is_continuation((uint8_t)text.data[i]);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = {(const char *)data, size};
    size_t most = size > 0 ? data[0] % 16 : 0;
    struct buffer clean;

    REQUIRE(utf8_valid(text) == valid(data, size));
    buffer_init(&clean, 3 * size);
    REQUIRE(utf8_append_clean(&clean, text, SIZE_MAX) == 0);
    REQUIRE(valid((const uint8_t *)buffer_text(&clean).data, clean.length));
    REQUIRE(valid(data, size) == text_equal(buffer_text(&clean), text));
    buffer_clear(&clean);
    REQUIRE(utf8_append_clean(&clean, text, most) == 0);
    REQUIRE(utf8_valid(buffer_text(&clean)) && count_characters(buffer_text(&clean)) <= most);
    buffer_free(&clean);
    return 0;
}
