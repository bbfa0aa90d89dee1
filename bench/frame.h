/* Just as much of RFC 6455 as the benchmarks need: small messages, each of one frame. */
#ifndef WSLOAD_BENCH_FRAME_H
#define WSLOAD_BENCH_FRAME_H

#include <stddef.h>

#define FRAME_HEAD  6   /* of a masked frame of at most 125 bytes: two bytes and the mask */
#define PAYLOAD_MAX 512 /* that is taken and echoed */
#define ECHO_MAX    (4 + PAYLOAD_MAX)

#define FRAME_TEXT  0x81 /* the first byte of a whole text message */
#define FRAME_CLOSE 0x88 /* and of a close frame */

/* A masked frame, where it arrived. */
struct frame {
    unsigned char first;          /* the first byte */
    const unsigned char *payload; /* masked by the four bytes in front of it */
    size_t length;                /* of the payload */
    size_t size;                  /* of all of it */
};

enum frame_state { FRAME_REFUSED, FRAME_UNFINISHED, FRAME_WHOLE };

/* Finds the frame that begins at DATA. One that is not masked, not a whole message, or longer than
 * PAYLOAD_MAX is refused. */
enum frame_state frame_read(const unsigned char *data, size_t length, struct frame *frame);

/* Writes FRAME with its mask taken off to OUT, which has room for ECHO_MAX bytes; returns its size,
 * which is less than FRAME had. */
size_t frame_echo(const struct frame *frame, unsigned char *out);

#endif
