#include "lws_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "wsload/protocol/gateway.h"

/* The library compresses what it sends itself, one message at a time and only when it says that the
 * socket is ready. So with compression it makes the frames, reads the socket, and messages wait
 * their turn here. */

/* A message, or a frame that is finished. */
struct parcel {
    STAILQ_ENTRY(parcel) link;
    bool raw;
    size_t length;
    size_t sent;
    unsigned char bytes[]; /* LWS_PRE in front of the text */
};

struct lws_outbox {
    STAILQ_HEAD(, parcel) parcels;
};

#ifdef LWS_WITHOUT_EXTENSIONS

const struct lws_extension *lws_compress_extensions(void)
{
    return NULL;
}

#else

const struct lws_extension *lws_compress_extensions(void)
{
    static const struct lws_extension extensions[] = {
        {"permessage-deflate", lws_extension_callback_pm_deflate,
         "permessage-deflate; client_max_window_bits"},
        {NULL, NULL, NULL},
    };
    return extensions;
}

#endif

static struct parcel *make_parcel(struct link *link, size_t length)
{
    struct parcel *parcel = malloc(sizeof(*parcel) + LWS_PRE + length);
    if (!link->outbox) {
        link->outbox = malloc(sizeof(*link->outbox));
        if (link->outbox)
            STAILQ_INIT(&link->outbox->parcels);
    }
    if (!parcel || !link->outbox) {
        free(parcel);
        return NULL;
    }
    *parcel = (struct parcel){.length = length};
    return parcel;
}

static void enqueue(struct link *link, struct parcel *parcel)
{
    STAILQ_INSERT_TAIL(&link->outbox->parcels, parcel, link);
    lws_callback_on_writable(link->wsi);
}

int lws_compress_send(struct link *link, struct text message)
{
    struct parcel *parcel = make_parcel(link, message.length);
    if (!parcel)
        return -1;
    memcpy(parcel->bytes + LWS_PRE, message.data, message.length);
    enqueue(link, parcel);
    return 0;
}

int lws_compress_close(struct link *link, struct text body)
{
    struct parcel *parcel = make_parcel(link, FRAME_HEADER_MAX + body.length);
    if (!parcel)
        return -1;
    char *payload = (char *)parcel->bytes + LWS_PRE + FRAME_HEADER_MAX;
    uint32_t mask = (uint32_t)random_next(&link->transport->masks);
    memcpy(payload, body.data, body.length);
    size_t header = frame_wrap(payload, body.length, OPCODE_CLOSE, true, mask);
    parcel->length = header + body.length;
    memmove(parcel->bytes + LWS_PRE, payload - header, parcel->length);
    parcel->raw = true;
    enqueue(link, parcel);
    return 0;
}

/* What the next write of PARCEL is: a long message goes out as several frames. */
static int write_kind(const struct parcel *parcel, size_t length)
{
    int kind = parcel->sent == 0 ? LWS_WRITE_TEXT : LWS_WRITE_CONTINUATION;
    if (parcel->raw)
        return LWS_WRITE_RAW;
    return parcel->sent + length < parcel->length ? kind | LWS_WRITE_NO_FIN : kind;
}

int lws_compress_writable(struct link *link)
{
    struct parcel *parcel = link->outbox ? STAILQ_FIRST(&link->outbox->parcels) : NULL;
    if (!parcel)
        return 0;
    size_t length = parcel->length - parcel->sent;
    if (length > GATEWAY_FRAME_MAX)
        length = GATEWAY_FRAME_MAX;
    if (lws_write(link->wsi, parcel->bytes + LWS_PRE + parcel->sent, length,
                  (enum lws_write_protocol)write_kind(parcel, length)) < 0)
        return -1;
    parcel->sent += length;
    if (parcel->sent == parcel->length) {
        STAILQ_REMOVE_HEAD(&link->outbox->parcels, link);
        free(parcel);
    }
    if (lws_compress_waiting(link))
        lws_callback_on_writable(link->wsi);
    return 0;
}

bool lws_compress_waiting(const struct link *link)
{
    return link->outbox && !STAILQ_EMPTY(&link->outbox->parcels);
}

void lws_compress_forget(struct link *link)
{
    struct parcel *parcel;
    while (lws_compress_waiting(link)) {
        parcel = STAILQ_FIRST(&link->outbox->parcels);
        STAILQ_REMOVE_HEAD(&link->outbox->parcels, link);
        free(parcel);
    }
    free(link->outbox);
    link->outbox = NULL;
}
