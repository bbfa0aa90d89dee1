#include "lws_internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "wsload/protocol/frame.h"
#include "wsload/protocol/gateway.h"

static_assert(TRANSPORT_HEADROOM >= FRAME_HEADER_MAX, "the header goes before the message");

void lws_socket_break(struct socket *socket)
{
    socket->broken = true;
    if (socket->own_reading)
        ev_feed_event(socket->transport->loop.ev, &socket->watcher, EV_READ);
    else
        lws_callback_on_writable(socket->wsi);
}

/* Writes to a plain socket that the library holds nothing for, the common case: its own way leads
 * through memory that nothing else touches. Returns the bytes written, -1 with an error. */
static ssize_t write_plain(struct socket *socket, const char *frames, size_t length)
{
    if (!socket->own_reading || socket->ssl ||
        (socket->library_holds && lws_partial_buffered(socket->wsi)))
        return 0;
    socket->library_holds = false;
    ssize_t sent = send(socket->watcher.fd, frames, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

/* Sends finished frames. What the socket does not take, the library keeps and sends later. */
static void write_frames(struct socket *socket, char *frames, size_t length)
{
    ssize_t sent = write_plain(socket, frames, length);
    if (sent == (ssize_t)length)
        return;
    socket->library_holds = true;
    if (sent >= 0 && lws_write(socket->wsi, (unsigned char *)frames + sent, length - (size_t)sent,
                               LWS_WRITE_RAW) >= 0)
        return;
    socket->socket_errno = errno;
    lws_socket_break(socket);
}

static void fail_for_memory(struct socket *socket)
{
    socket->protocol_fault = "out of memory for a message";
    lws_socket_break(socket);
}

/* Not the library's: it reads four bytes of /dev/urandom for each mask, masks byte by byte, and
 * confuses its state when it is given a frame while an unfinished one is in its buffer. */
static void send_frames(struct socket *socket, enum frame_opcode opcode, char *message,
                        size_t length)
{
    struct lws_transport *transport = socket->transport;
    if (length <= GATEWAY_FRAME_MAX) {
        uint32_t mask = (uint32_t)random_next(&transport->masks);
        size_t header = frame_wrap(message, length, opcode, true, mask);
        write_frames(socket, message - header, header + length);
        return;
    }
    struct buffer frames;
    buffer_init(&frames, SIZE_MAX);
    if (frame_append_message(&frames, opcode, (struct text){message, length}, GATEWAY_FRAME_MAX,
                             &transport->masks) == 0) {
        write_frames(socket, frames.data, frames.length);
    } else {
        fail_for_memory(socket);
    }
    buffer_free(&frames);
}

void lws_op_send(struct transport *base, uint32_t id, char *message, size_t length)
{
    struct socket *socket = lws_link(base, id);
    enum frame_opcode opcode = OPCODE_TEXT;
    if (socket->reader.deflate) {
        opcode = OPCODE_TEXT_COMPRESSED;
        message = lws_compress_deflate(socket->transport, (struct text){message, length}, &length);
    }
    if (message)
        send_frames(socket, opcode, message, length);
    else
        fail_for_memory(socket);
}

void lws_socket_send_control(struct socket *socket, enum frame_opcode opcode, struct text payload)
{
    char frame[FRAME_HEADER_MAX + 125];
    char *body = frame + FRAME_HEADER_MAX;
    uint32_t mask = (uint32_t)random_next(&socket->transport->masks);
    memcpy(body, payload.data, payload.length);
    size_t header = frame_wrap(body, payload.length, opcode, true, mask);
    write_frames(socket, body - header, header + payload.length);
}
