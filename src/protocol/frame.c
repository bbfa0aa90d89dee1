#include "wsload/protocol/frame.h"

#include <string.h>

#include "wsload/base/helpers.h"

#define FIN_BIT       0x80
#define RESERVED_BITS 0x70
#define OPCODE_BITS   0x0f
#define MASK_BIT      0x80
#define LENGTH_BITS   0x7f

/* Instead of a length: the length follows in two bytes. Above it: in eight. */
#define LENGTH_IN_2 126

#define CONTROL_LENGTH_MAX 125

/* A buffer that has grown beyond this is released after use, so that a few long messages do not
 * hold on to memory in thousands of connections. */
#define KEPT_CAPACITY_MAX (size_t)(16 * 1024)

/* --- Making --- */

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

/* Writes LENGTH as the header has it, after the first byte. Returns how many bytes that took. */
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

/* Appends one frame. The header's length is known only when it is made, so it is made after a gap
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
        payload = text_after(payload, length);
        if (append_frame(out, piece, opcode, payload.length == 0, (uint32_t)random_next(random)))
            return -1;
        opcode = OPCODE_CONTINUATION;
    } while (payload.length > 0);
    return 0;
}

/* --- Reading: one header --- */

/* A frame as its header describes it, and its payload once that has arrived. */
struct frame {
    unsigned char start; /* FIN, reserved bits and opcode */
    bool masked;
    size_t header;   /* bytes of the header */
    uint64_t length; /* bytes of the payload, as the header says */
    struct text payload;
};

void frame_reader_init(struct frame_reader *reader, size_t message_max)
{
    *reader = (struct frame_reader){0};
    buffer_init(&reader->pending, message_max + CONTROL_LENGTH_MAX + FRAME_HEADER_MAX);
    buffer_init(&reader->message, message_max);
}

void frame_reader_free(struct frame_reader *reader)
{
    buffer_free(&reader->pending);
    buffer_free(&reader->message);
}

static void drop(struct buffer *buffer)
{
    if (buffer->capacity > KEPT_CAPACITY_MAX)
        buffer_free(buffer);
    else
        buffer_clear(buffer);
}

/* Reads the header that BYTES begin with. False when it is not whole: frame->header then says how
 * many bytes it takes to know more. */
static bool read_header(struct text bytes, struct frame *frame)
{
    const unsigned char *at = (const unsigned char *)bytes.data;
    *frame = (struct frame){.header = 2};
    if (bytes.length < frame->header)
        return false;
    frame->start = at[0];
    frame->masked = at[1] & MASK_BIT;
    frame->length = at[1] & LENGTH_BITS;
    if (frame->length < LENGTH_IN_2)
        return true;
    frame->header = frame->length == LENGTH_IN_2 ? 4 : 10;
    if (bytes.length < frame->header)
        return false;
    frame->length = 0;
    for (size_t i = 2; i < frame->header; i++)
        frame->length = frame->length << 8 | at[i];
    return true;
}

static const char *control_fault(const struct frame *frame)
{
    if (!(frame->start & FIN_BIT))
        return "a control frame in fragments";
    if (frame->length > CONTROL_LENGTH_MAX)
        return "a control frame of more than 125 bytes";
    if ((frame->start & OPCODE_BITS) == OPCODE_CLOSE && frame->length == 1)
        return "a close frame with half a code";
    return NULL;
}

static const char *data_fault(const struct frame_reader *reader, const struct frame *frame)
{
    bool continuation = (frame->start & OPCODE_BITS) == OPCODE_CONTINUATION;
    if (continuation && !reader->fragmented)
        return "a continuation of no message";
    if (!continuation && reader->fragmented)
        return "a new message in the middle of another";
    if (frame->length > reader->message.maximum - reader->message.length)
        return "a message longer than is taken";
    return NULL;
}

/* Sections 5.2, 5.4 and 5.5. NULL when FRAME may come here. */
static const char *find_fault(const struct frame_reader *reader, const struct frame *frame)
{
    unsigned char opcode = frame->start & OPCODE_BITS;
    /* With permessage-deflate RSV1 may be set at the beginning of a message (RFC 7692, 6.1). */
    bool may_be_compressed = reader->deflate && (opcode == OPCODE_TEXT || opcode == OPCODE_BINARY);
    if (frame->start & RESERVED_BITS & ~(may_be_compressed ? FRAME_RSV1 : 0))
        return "reserved bits of an extension that was not agreed on";
    if (frame->masked)
        return "a masked frame";
    if (frame->length >> 63)
        return "a length over 2^63";
    if (frame->header > 2 && frame->length < (frame->header == 4 ? LENGTH_IN_2 : 0x10000))
        return "a length in more bytes than it needs";
    switch (opcode) {
    case OPCODE_CONTINUATION:
    case OPCODE_TEXT:
    case OPCODE_BINARY:
        return data_fault(reader, frame);
    case OPCODE_CLOSE:
    case OPCODE_PING:
    case OPCODE_PONG:
        return control_fault(frame);
    default:
        return "an unknown opcode";
    }
}

/* --- A whole frame, however the bytes were cut --- */

/* Reads the header of the frame that BYTES begin. Returns how many bytes it takes to know more: the
 * frame is whole when they are there. 0 at a fault. */
static size_t measure(struct frame_reader *reader, struct text bytes, struct frame *frame)
{
    if (!read_header(bytes, frame))
        return frame->header;
    reader->fault = find_fault(reader, frame);
    if (reader->fault)
        return 0;
    frame->payload = (struct text){bytes.data + frame->header, (size_t)frame->length};
    return frame->header + frame->payload.length;
}

/* Completes in pending the frame that began there, or that begins and does not end in INPUT. */
static bool complete_frame(struct frame_reader *reader, struct text *input, struct frame *frame)
{
    for (;;) {
        size_t have = reader->pending.length;
        size_t needed = measure(reader, buffer_text(&reader->pending), frame);
        if (reader->fault)
            return false;
        if (needed <= have) {
            reader->spent = true;
            return true;
        }
        if (input->length == 0)
            return false;
        size_t length = u64_min(needed - have, input->length);
        if (buffer_append(&reader->pending, input->data, length)) {
            reader->fault = "a frame that no memory is left for";
            return false;
        }
        *input = text_after(*input, length);
    }
}

/* Takes the next whole frame. False when there is none, or at a fault. */
static bool next_frame(struct frame_reader *reader, struct text *input, struct frame *frame)
{
    if (reader->pending.length == 0) {
        size_t needed = measure(reader, *input, frame);
        if (reader->fault)
            return false;
        if (needed <= input->length) {
            *input = text_after(*input, needed);
            return true;
        }
    }
    return complete_frame(reader, input, frame);
}

/* --- What it means --- */

/* Takes a frame of a fragmented message. */
static enum frame_event take_fragment(struct frame_reader *reader, const struct frame *frame,
                                      struct text *payload)
{
    if (buffer_append_text(&reader->message, frame->payload)) {
        reader->fault = "a message that no memory is left for";
        return FRAME_FAULT;
    }
    reader->fragmented = !(frame->start & FIN_BIT);
    if (reader->fragmented)
        return FRAME_NEEDS_MORE;
    *payload = buffer_text(&reader->message);
    reader->spent = true;
    return FRAME_MESSAGE;
}

static enum frame_event take_frame(struct frame_reader *reader, const struct frame *frame,
                                   struct text *payload)
{
    *payload = frame->payload;
    switch (frame->start & OPCODE_BITS) {
    case OPCODE_PING:
        return FRAME_PING;
    case OPCODE_PONG:
        return FRAME_PONG;
    case OPCODE_CLOSE:
        return FRAME_CLOSED;
    case OPCODE_CONTINUATION:
        return take_fragment(reader, frame, payload);
    default:
        reader->binary = (frame->start & OPCODE_BITS) == OPCODE_BINARY;
        reader->compressed = frame->start & FRAME_RSV1;
        return frame->start & FIN_BIT ? FRAME_MESSAGE : take_fragment(reader, frame, payload);
    }
}

enum frame_event frame_reader_next(struct frame_reader *reader, struct text *input,
                                   struct text *payload)
{
    for (;;) {
        if (reader->spent) {
            drop(&reader->pending);
            if (!reader->fragmented)
                drop(&reader->message);
            reader->spent = false;
        }
        struct frame frame;
        if (!next_frame(reader, input, &frame))
            return reader->fault ? FRAME_FAULT : FRAME_NEEDS_MORE;
        enum frame_event event = take_frame(reader, &frame, payload);
        if (event != FRAME_NEEDS_MORE)
            return event;
    }
}
