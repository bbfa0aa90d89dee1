/* WebSocket frames (RFC 6455 section 5): making those of a client, reading those of a server.
 *
 * Pure bytes: nothing is sent, answered or closed, and no randomness is made here. */
#ifndef WSLOAD_PROTOCOL_FRAME_H
#define WSLOAD_PROTOCOL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/random.h"
#include "wsload/base/text.h"

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

/* --- Reading --- */

/* Bytes in, messages and control frames out, however the bytes were cut. The common case, a whole
 * unfragmented message in one piece, is reported where it lies: nothing is copied or allocated.
 * What comes in pieces, cut by reads or by fragments, is put together in memory of the reader's
 * own, of which it keeps at most 32 KiB between messages. */

enum frame_event {
    FRAME_NEEDS_MORE, /* all input is used up */
    FRAME_MESSAGE,    /* a whole message */
    FRAME_PING,       /* payload: what the pong must carry */
    FRAME_PONG,
    FRAME_CLOSED, /* payload: the body of the close frame, a code and a reason or nothing */
    FRAME_FAULT   /* the peer broke the protocol; the reader is of no more use */
};

struct frame_reader {
    struct buffer pending; /* the beginning of a frame that is not whole yet */
    struct buffer message; /* the fragments so far of a message that is not whole yet */
    bool fragmented;       /* a message is under way */
    bool binary;           /* its kind */
    bool compressed;       /* it is compressed */
    bool deflate;          /* messages may be: permessage-deflate was agreed on */
    bool spent;            /* what the buffers hold was reported: the next call drops it */
    const char *fault;     /* FRAME_FAULT: what the peer did wrong; static text */
};

/* MESSAGE_MAX: the longest message taken, in bytes; a longer one is a fault. Allocates nothing. No
 * extension is agreed on; reader->deflate can be set afterwards. */
void frame_reader_init(struct frame_reader *reader, size_t message_max);

/* Releases the memory. */
void frame_reader_free(struct frame_reader *reader);

/* Takes the next event out of INPUT, which moves on past what was used. PAYLOAD (of all events
 * but the first and last) is valid until the next call or until the input's memory changes;
 * reader->binary tells the kind of a FRAME_MESSAGE, reader->compressed whether it is still to be
 * inflated (RFC 7692). Call it until it answers FRAME_NEEDS_MORE.
 *
 * Faults: a masked frame, reserved bits (but RSV1 where a compressed message may begin), an unknown
 * opcode, a control frame that is fragmented or over 125 bytes, a continuation without a beginning
 * or a beginning without an end, a length that is not minimal or over 2^63, a close body of one
 * byte, a message over MESSAGE_MAX, or no memory. The text of a message is not checked for UTF-8
 * here. */
enum frame_event frame_reader_next(struct frame_reader *reader, struct text *input,
                                   struct text *payload);

#endif
