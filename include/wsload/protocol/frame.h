/* WebSocket frames from client to server (RFC 6455 section 5.2): header, mask, payload.
 *
 * Pure bytes: nothing is sent and no randomness is made here. */
#ifndef WSLOAD_PROTOCOL_FRAME_H
#define WSLOAD_PROTOCOL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/buffer.h"
#include "wsload/base/random.h"

/* The first reserved bit of a frame's first byte. With permessage-deflate it says, on the first
 * frame of a message, that the message is compressed (RFC 7692 section 6). */
#define FRAME_RSV1 0x40

/* Longest header of a client's frame: two bytes, eight of length, four of mask. */
#define FRAME_HEADER_MAX 14

enum frame_opcode {
    OPCODE_CONTINUATION = 0,
    OPCODE_TEXT = 1,
    OPCODE_BINARY = 2,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
    OPCODE_PONG = 10,
    OPCODE_TEXT_COMPRESSED = FRAME_RSV1 | OPCODE_TEXT
};

/* Makes a frame in place: masks the LENGTH bytes of PAYLOAD with MASK and puts the header in front
 * of them, where FRAME_HEADER_MAX bytes must be free. FINAL sets the FIN bit. Returns the header's
 * length; the frame begins that many bytes before PAYLOAD. */
size_t frame_wrap(char *payload, size_t length, enum frame_opcode opcode, bool final,
                  uint32_t mask);

/* Appends PAYLOAD to OUT as one message that begins with OPCODE, in frames of at most FRAME_MAX
 * bytes of payload, each with a mask of its own from RANDOM. 0, or -1 when OUT is full; it may hold
 * some of the frames then. */
int frame_append_message(struct buffer *out, enum frame_opcode opcode, struct text payload,
                         size_t frame_max, struct random *random);

#endif
