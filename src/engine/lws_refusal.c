#include "lws_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* When a server refuses the upgrade, the library tells its status and headers and drops its body,
 * which says why. So the answer is looked at before the library reads it, without taking it: with
 * MSG_PEEK, or SSL_peek() over TLS. A body that comes later than its headers is not seen. */

#define ANSWER_MAX 2048

static int peek(const struct link *link, char *out, int room)
{
    SSL *ssl = lws_get_ssl(link->wsi);
    if (ssl)
        return SSL_peek(ssl, out, room);
    return (int)recv(link->watcher.fd, out, (size_t)room, MSG_PEEK | MSG_DONTWAIT);
}

static bool accepts(struct text answer)
{
    static const char accepted[] = "HTTP/1.1 101";
    return answer.length >= sizeof(accepted) - 1 &&
           memcmp(answer.data, accepted, sizeof(accepted) - 1) == 0;
}

static void stop(struct link *link)
{
    if (link->watched)
        ev_io_stop(link->transport->loop, &link->watcher);
    link->watched = false;
}

/* The socket tells an error once, and OpenSSL an alert: the library will see an end without a
 * cause.
 */
static void note_cause(struct link *link, int saved_errno)
{
    const struct lws_transport *transport = link->transport;
    if (saved_errno != EAGAIN)
        link->socket_errno = saved_errno;
    if (link->watcher.fd == transport->failed_tls_fd)
        link->tls_reason = transport->failed_tls_reason;
}

/* The library's own watcher of the same socket comes after this one, in the same turn. */
static void on_answer(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct link *link = watcher->data;
    struct text answer = {link->transport->input, 0};
    (void)loop;
    (void)events;
    errno = 0;
    int got = peek(link, link->transport->input, ANSWER_MAX);
    if (got <= 0) { /* so far a part of TLS alone, or an end that the library is about to see */
        note_cause(link, errno);
        return;
    }
    answer.length = (size_t)got;
    if (!accepts(answer)) {
        buffer_free(&link->refusal);
        buffer_init(&link->refusal, ANSWER_MAX + 1);
        (void)buffer_append(&link->refusal, answer.data, answer.length); /* or no body is told */
    }
    stop(link);
}

void lws_refusal_watch(struct link *link)
{
    if (link->watched)
        return;
    ev_io_init(&link->watcher, on_answer, lws_get_socket_fd(link->wsi), EV_READ);
    ev_set_priority(&link->watcher, EV_MAXPRI);
    link->watcher.data = link;
    link->watched = true;
    ev_io_start(link->transport->loop, &link->watcher);
}

void lws_refusal_forget(struct link *link)
{
    stop(link);
    buffer_free(&link->refusal);
}

struct text lws_refusal_body(const struct link *link)
{
    static const char gap[] = "\r\n\r\n";
    struct text answer = buffer_text(&link->refusal);
    const char *end = answer.length ? memmem(answer.data, answer.length, gap, sizeof(gap) - 1)
                                    : NULL;
    if (!end)
        return (struct text){0};
    end += sizeof(gap) - 1;
    return text_trim((struct text){end, answer.length - (size_t)(end - answer.data)});
}
