/* Reads what a server sends (RFC 6455 sections 5.2 to 5.5): bytes in, messages and control frames
 * out, however the bytes were cut. It answers nothing and closes nothing.
 *
 * The common case, a whole unfragmented message in one piece, is reported where it lies: nothing is
 * copied or allocated. What comes in pieces, cut by reads or by fragments, is put together in
 * memory of the reader's own, of which it keeps at most 32 KiB between messages. */
#ifndef WSLOAD_PROTOCOL_FRAME_READER_H
#define WSLOAD_PROTOCOL_FRAME_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/buffer.h"
#include "wsload/base/text.h"

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

/* Takes the next event out of INPUT, which moves on behind what was used. PAYLOAD (of all events
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
