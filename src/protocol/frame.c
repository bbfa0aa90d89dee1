#include "wsload/protocol/frame.h"

#include <string.h>

#include "wsload/base/helpers.h"

#define FIN_BIT  0x80
#define MASK_BIT 0x80

/* Section 5.3: byte I is combined with byte I modulo 4 of the mask. Eight at a time, since the mask
 * repeats within them; what is left begins at a multiple of eight. */
static void apply_mask(char *payload, size_t length, uint32_t mask)
{
    uint64_t twice = (uint64_t)mask << 32 | mask;
    size_t i = 0;
    unsigned char bytes[4];
    memcpy(bytes, &mask, sizeof(bytes));
    for (; i + sizeof(twice) <= length; i += sizeof(twice)) {
        uint64_t word;
        memcpy(&word, payload + i, sizeof(word));
        word ^= twice;
        memcpy(payload + i, &word, sizeof(word));
    }
    for (; i < length; i++)
        payload[i] = (char)(payload[i] ^ bytes[i % 4]);
}

/* Writes LENGTH as the header has it, behind the first byte. Returns how many bytes that took. */
static size_t put_length(unsigned char *out, size_t length)
{
    size_t extra = length < 126 ? 0 : length <= 0xffff ? 2 : 8;
    out[0] = (unsigned char)(MASK_BIT | (extra == 0 ? length : extra == 2 ? 126 : 127));
    for (size_t i = 0; i < extra; i++)
        out[1 + i] = (unsigned char)(length >> 8 * (extra - 1 - i));
    return 1 + extra;
}

size_t frame_wrap(char *payload, size_t length, enum frame_opcode opcode, bool final, uint32_t mask)
{
    size_t size = 1;
    unsigned char header[FRAME_HEADER_MAX];
    header[0] = (unsigned char)(opcode | (final ? FIN_BIT : 0));
    size += put_length(header + 1, length);
    memcpy(header + size, &mask, sizeof(mask));
    size += sizeof(mask);
    apply_mask(payload, length, mask);
    memcpy(payload - size, header, size);
    return size;
}

/* Appends one frame. The header's length is known only when it is made, so it is made behind a gap
 * that is closed again. */
static int append_frame(struct buffer *out, struct text piece, enum frame_opcode opcode, bool final,
                        uint32_t mask)
{
    static const char gap[FRAME_HEADER_MAX];
    size_t start = out->length;
    if (buffer_append(out, gap, sizeof(gap)) || buffer_append(out, piece.data, piece.length)) {
        out->length = start;
        return -1;
    }
    char *payload = out->data + start + sizeof(gap);
    size_t header = frame_wrap(payload, piece.length, opcode, final, mask);
    memmove(out->data + start, payload - header, header + piece.length);
    out->length = start + header + piece.length;
    return 0;
}

int frame_append_message(struct buffer *out, enum frame_opcode opcode, struct text payload,
                         size_t frame_max, struct random *random)
{
    do {
        size_t length = u64_min(payload.length, frame_max);
        struct text piece = {payload.data, length};
        payload = (struct text){payload.data + length, payload.length - length};
        if (append_frame(out, piece, opcode, payload.length == 0, (uint32_t)random_next(random)))
            return -1;
        opcode = OPCODE_CONTINUATION;
    } while (payload.length > 0);
    return 0;
}
