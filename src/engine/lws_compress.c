#include "lws_internal.h"

#include <limits.h>
#include <stdlib.h>

/* The library's own permessage-deflate compresses only what the library frames itself, and its
 * inflater ends the process with an assertion when a message happens to fill its buffer. So the
 * library negotiates the extension, and zlib is used here. */

/* A marker, an empty block without its first byte, ends what was flushed; it does not go over the
 * wire (RFC 7692 section 7.2.1). */
static const char marker[] = {0, 0, '\xff', '\xff'};

/* Bytes that zlib puts out at a time. */
#define PIECE_SIZE (16 * 1024)

/* Of zlib's data_type: the input ended where a block did. */
#define AT_BLOCK_END 128

/* --- The handshake --- */

#ifdef LWS_WITHOUT_EXTENSIONS

const struct lws_extension *lws_compress_extensions(void)
{
    return NULL;
}

#else

/* All is accepted that may answer the offer. client_max_window_bits may not, since it was not
 * offered (section 7.1.2.2). What the server says of its own side changes nothing: the longest
 * window reads everything, and one that is kept does no harm when it is not used. */
static const struct lws_ext_options parameters[] = {
    {"server_no_context_takeover", EXTARG_NONE},
    {"client_no_context_takeover", EXTARG_NONE},
    {"server_max_window_bits", EXTARG_OPT_DEC},
    {NULL, 0},
};

/* Only remembers that the server agreed. It may do so once: the library has room for no more. */
static int on_extension(struct lws_context *context, const struct lws_extension *extension,
                        struct lws *wsi, enum lws_extension_callback_reasons reason, void *user,
                        void *in, size_t length)
{
    (void)context;
    (void)extension;
    (void)user;
    (void)length;
    if (reason != LWS_EXT_CB_CLIENT_CONSTRUCT)
        return 0;
    struct socket *socket = lws_get_opaque_user_data(wsi);
    if (socket->reader.deflate)
        return -1;
    socket->reader.deflate = true;
    *(const struct lws_ext_options **)in = parameters;
    return 0;
}

const struct lws_extension *lws_compress_extensions(void)
{
    static const struct lws_extension extensions[] = {
        {"permessage-deflate", on_extension, "permessage-deflate; client_no_context_takeover"},
        {NULL, NULL, NULL},
    };
    return extensions;
}

#endif

/* --- zlib --- */

/* Runs STEP, which is deflate() or inflate(), over INPUT, and appends to OUT. Returns Z_OK, or how
 * it ended: Z_MEM_ERROR when OUT is full. */
static int pump(z_stream *stream, int (*step)(z_stream *, int), struct text input,
                struct buffer *out)
{
    unsigned char piece[PIECE_SIZE];
    int result;
    if (input.length > UINT_MAX)
        return Z_MEM_ERROR;
    stream->next_in = (unsigned char *)input.data;
    stream->avail_in = (uInt)input.length;
    do {
        stream->next_out = piece;
        stream->avail_out = sizeof(piece);
        result = step(stream, Z_SYNC_FLUSH);
        if (buffer_append(out, piece, sizeof(piece) - stream->avail_out))
            return Z_MEM_ERROR;
    } while (result == Z_OK && stream->avail_out == 0);
    return result == Z_BUF_ERROR ? Z_OK : result; /* there was nothing left to do */
}

/* --- Sending --- */

char *lws_compress_deflate(struct lws_transport *transport, struct text message, size_t *length)
{
    static const char headroom[TRANSPORT_HEADROOM];
    struct buffer *out = &transport->deflated;
    z_stream *stream = &transport->deflater;
    buffer_clear(out);
    /* Quick rather than small: this process has many connections to serve. */
    if ((!stream->state && deflateInit2(stream, Z_BEST_SPEED, Z_DEFLATED, -MAX_WBITS,
                                        8 /* the default */, Z_DEFAULT_STRATEGY) != Z_OK) ||
        deflateReset(stream) != Z_OK || buffer_append(out, headroom, sizeof(headroom)) ||
        pump(stream, deflate, message, out) != Z_OK)
        return NULL;
    *length = out->length - sizeof(headroom) - sizeof(marker);
    return out->data + sizeof(headroom);
}

/* --- Receiving --- */

/* Goes on after a final block, with the window as it is: a server may end a message with one and
 * take its context over all the same (section 7.2.3.4). */
static int go_on(z_stream *stream)
{
    unsigned char window[1 << MAX_WBITS];
    uInt length = 0;
    if (inflateGetDictionary(stream, window, &length) != Z_OK || inflateReset(stream) != Z_OK)
        return -1;
    return inflateSetDictionary(stream, window, length) == Z_OK ? 0 : -1;
}

static int inflate_all(z_stream *stream, struct text input, struct buffer *out)
{
    int result;
    while ((result = pump(stream, inflate, input, out)) == Z_STREAM_END) {
        input = (struct text){(const char *)stream->next_in, stream->avail_in};
        if (go_on(stream))
            return -1;
    }
    return result == Z_OK ? 0 : -1;
}

int lws_compress_inflate(struct socket *socket, struct text *message)
{
    struct buffer *out = &socket->transport->inflated;
    z_stream *stream = socket->inflater;
    buffer_clear(out);
    if (!stream)
        stream = socket->inflater = calloc(1, sizeof(*stream));
    if (!stream || (!stream->state && inflateInit2(stream, -MAX_WBITS) != Z_OK) ||
        inflate_all(stream, *message, out) ||
        inflate_all(stream, (struct text){marker, sizeof(marker)}, out) ||
        !(stream->data_type & AT_BLOCK_END))
        return -1;
    *message = buffer_text(out);
    return 0;
}
