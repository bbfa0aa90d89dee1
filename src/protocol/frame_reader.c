#include "wsload/protocol/frame_reader.h"

#include <stdint.h>

#include "wsload/protocol/frame.h"

#define FIN_BIT       0x80
#define RESERVED_BITS 0x70
#define OPCODE_BITS   0x0f
#define MASK_BIT      0x80
#define LENGTH_BITS   0x7f

/* In place of a length: it follows in two bytes. Above it: in eight. */
#define LENGTH_IN_2 126

#define CONTROL_LENGTH_MAX 125

/* A buffer that has grown beyond this is released after use, so that a few long messages do not
 * hold on to memory in thousands of connections. */
#define KEPT_CAPACITY_MAX (size_t)(16 * 1024)

/* A frame as its header tells of it, and its payload once that is there. */
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

/* Drops what was reported from the reader's own memory. */
static void drop_spent(struct frame_reader *reader)
{
    drop(&reader->pending);
    if (!reader->fragmented)
        drop(&reader->message);
    reader->spent = false;
}

/* --- One header --- */

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

/* The reserved bits that FRAME may have: with permessage-deflate, RSV1 at the beginning of a
 * message and nowhere else (RFC 7692 section 6.1). */
static unsigned char allowed_bits(const struct frame_reader *reader, const struct frame *frame)
{
    unsigned char opcode = frame->start & OPCODE_BITS;
    return reader->deflate && (opcode == OPCODE_TEXT || opcode == OPCODE_BINARY) ? FRAME_RSV1 : 0;
}

/* Sections 5.2, 5.4 and 5.5. NULL when FRAME may come here. */
static const char *find_fault(const struct frame_reader *reader, const struct frame *frame)
{
    if (frame->start & RESERVED_BITS & ~allowed_bits(reader, frame))
        return "reserved bits of an extension that was not agreed on";
    if (frame->masked)
        return "a masked frame";
    if (frame->length >> 63)
        return "a length over 2^63";
    if (frame->header > 2 && frame->length < (frame->header == 4 ? LENGTH_IN_2 : 0x10000))
        return "a length in more bytes than it needs";
    switch (frame->start & OPCODE_BITS) {
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

/* Moves at most LENGTH bytes from INPUT to the end of pending. */
static int move_to_pending(struct frame_reader *reader, struct text *input, size_t length)
{
    if (length > input->length)
        length = input->length;
    if (buffer_append(&reader->pending, input->data, length)) {
        reader->fault = "a frame that no memory is left for";
        return -1;
    }
    *input = (struct text){input->data + length, input->length - length};
    return 0;
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
        if (input->length == 0 || move_to_pending(reader, input, needed - have))
            return false;
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
            *input = (struct text){input->data + needed, input->length - needed};
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
    if (buffer_append(&reader->message, frame->payload.data, frame->payload.length)) {
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
        if (reader->spent)
            drop_spent(reader);
        struct frame frame;
        if (!next_frame(reader, input, &frame))
            return reader->fault ? FRAME_FAULT : FRAME_NEEDS_MORE;
        enum frame_event event = take_frame(reader, &frame, payload);
        if (event != FRAME_NEEDS_MORE)
            return event;
    }
}
