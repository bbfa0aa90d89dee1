#include "lws_internal.h"

#include <stdlib.h>

#include "wsload/base/clock.h"

/* Of several addresses one may swallow what is sent to it. So an address that does not connect
 * within 250 ms gets company: the next one is tried beside it, and the first to connect wins (RFC
 * 8305 section 5). socket->wsi is the newest attempt; those before it are its rivals. All wait
 * equally long, so that one list in order of time and one timer are enough for all sockets. */

#define HEAD_START_NS (250 * NS_PER_MS)

/* An attempt that was begun before the newest one, and is still under way. */
struct rival {
    struct rival *next;
    struct lws *wsi;
    size_t address;
    uint64_t connect_ns;
};

static void kill_attempt(struct lws *wsi)
{
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

/* Makes RIVAL, which is in no list any more, the attempt of SOCKET. */
static void promote(struct socket *socket, struct rival *rival)
{
    socket->attempt_wanted = false;
    socket->wsi = rival->wsi;
    socket->attempt.address = rival->address;
    socket->connect_ns = rival->connect_ns;
    free(rival);
}

/* --- Company --- */

static bool wants_company(const struct socket *socket)
{
    return socket->wsi && socket->tcp_ns == 0 &&
           dial_has_more(&socket->transport->dial, &socket->attempt);
}

/* The next address is tried in the loop's next turn, as after a failure. */
static void add_company(struct socket *socket)
{
    struct rival *rival = malloc(sizeof(*rival));
    if (!rival)
        return; /* it goes on alone */
    *rival = (struct rival){socket->rivals, socket->wsi, socket->attempt.address,
                            socket->connect_ns};
    socket->rivals = rival;
    socket->wsi = NULL;
    socket->attempt_wanted = true;
    lws_socket_wait(socket);
}

static void wait_until(struct lws_transport *transport, uint64_t time_ns)
{
    uint64_t now = clock_monotonic_ns();
    ev_timer_set(&transport->company, time_ns > now ? clock_seconds(time_ns - now) : 0, 0);
    ev_timer_start(transport->loop.ev, &transport->company);
}

/* A socket that was listed may have done without since, or have begun anew. */
static void on_company(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct lws_transport *transport = timer->data;
    struct list_node *node;
    (void)loop;
    (void)events;
    while ((node = transport->racing.first)) {
        struct socket *socket = LIST_OWNER(node, struct socket, racing);
        bool wanted = wants_company(socket);
        if (wanted && clock_monotonic_ns() < socket->connect_ns + HEAD_START_NS) {
            wait_until(transport, socket->connect_ns + HEAD_START_NS);
            return;
        }
        list_take(&transport->racing);
        if (wanted)
            add_company(socket);
    }
}

void lws_race_init(struct lws_transport *transport)
{
    ev_timer_init(&transport->company, on_company, 0, 0);
    transport->company.data = transport;
}

void lws_race_begin(struct socket *socket)
{
    struct lws_transport *transport = socket->transport;
    if (!wants_company(socket))
        return;
    list_append(&transport->racing, &socket->racing);
    if (!ev_is_active(&transport->company))
        wait_until(transport, socket->connect_ns + HEAD_START_NS);
}

/* --- Who wins --- */

/* Forgets all rivals; of those that had their head start before SINCE_NS it is known that they do
 * not answer. */
static void forget_rivals(struct socket *socket, uint64_t since_ns, bool kill)
{
    struct dial *dial = &socket->transport->dial;
    struct rival *rival;
    while ((rival = socket->rivals)) {
        struct dial_attempt attempt = {.tried = 1, .address = rival->address};
        socket->rivals = rival->next;
        if (rival->connect_ns < since_ns)
            dial_failed(dial, &attempt, clock_monotonic_ns());
        if (kill)
            kill_attempt(rival->wsi);
        free(rival);
    }
}

void lws_race_won(struct socket *socket)
{
    forget_rivals(socket, socket->connect_ns, true);
}

void lws_race_forget(struct socket *socket, bool kill)
{
    forget_rivals(socket, CLOCK_NEVER, kill);
}

/* It connected first: the newest attempt, which may still do so, is given up. */
static void overtake(struct socket *socket, struct rival *rival)
{
    struct lws *newest = socket->wsi;
    promote(socket, rival);
    if (newest)
        kill_attempt(newest);
}

bool lws_race_event(struct socket *socket, const struct lws *wsi, enum lws_callback_reasons reason)
{
    struct rival **link = &socket->rivals;
    while (*link && (*link)->wsi != wsi)
        link = &(*link)->next;
    struct rival *rival = *link;
    bool connected = reason == LWS_CALLBACK_WSI_CREATE;
    bool failed = reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR ||
                  reason == LWS_CALLBACK_WSI_DESTROY;
    if (!rival || (!connected && !failed))
        return false;
    *link = rival->next;
    if (connected) {
        overtake(socket, rival);
        return true;
    }
    dial_failed(&socket->transport->dial,
                &(struct dial_attempt){.tried = 1, .address = rival->address},
                clock_monotonic_ns());
    free(rival);
    return false;
}

bool lws_race_go_on(struct socket *socket)
{
    struct rival *rival = socket->rivals;
    if (!rival)
        return false;
    socket->rivals = rival->next;
    promote(socket, rival);
    return true;
}
