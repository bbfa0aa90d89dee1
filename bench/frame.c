#include "frame.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SHORT_MAX 125 /* the longest payload whose length fits into the second byte */
#define LENGTH_16 126 /* there: the length is in the two bytes that follow */
#define LENGTH_64 127 /* there: in the eight that follow */

enum frame_state frame_read(const unsigned char *data, size_t length, struct frame *frame)
{
    size_t head = FRAME_HEAD;
    if (length < head)
        return FRAME_UNFINISHED;
    bool masked = (data[1] & 0x80) != 0;
    frame->first = data[0];
    frame->length = data[1] & 0x7f;
    if ((data[0] & 0xf0) != 0x80 || !masked || frame->length == LENGTH_64)
        return FRAME_REFUSED;
    if (frame->length == LENGTH_16) {
        head += 2;
        frame->length = (size_t)data[2] << 8 | data[3];
    }
    if (frame->length > PAYLOAD_MAX)
        return FRAME_REFUSED;
    frame->payload = data + head;
    frame->size = head + frame->length;
    return length < frame->size ? FRAME_UNFINISHED : FRAME_WHOLE;
}

static void unmask(const unsigned char *in, size_t length, unsigned char *out)
{
    const unsigned char *mask = in - 4;
    uint64_t twice, eight;
    size_t i = 0;
    memcpy(&twice, mask, 4);
    memcpy((unsigned char *)&twice + 4, mask, 4);
    for (; i + sizeof(eight) <= length; i += sizeof(eight)) {
        memcpy(&eight, in + i, sizeof(eight));
        eight ^= twice;
        memcpy(out + i, &eight, sizeof(eight));
    }
    for (; i < length; i++)
        out[i] = in[i] ^ mask[i & 3];
}

size_t frame_echo(const struct frame *frame, unsigned char *out)
{
    size_t head = 2;
    out[0] = frame->first;
    out[1] = (unsigned char)frame->length;
    if (frame->length > SHORT_MAX) {
        out[1] = LENGTH_16;
        out[2] = (unsigned char)(frame->length >> 8);
        out[3] = (unsigned char)frame->length;
        head = 4;
    }
    unmask(frame->payload, frame->length, out + head);
    return head + frame->length;
}
