#include "lws_internal.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "network.h"
#include "wsload/base/clock.h"

/* What comes is read with recvmsg(), which also tells when the kernel had the last segment that was
 * read, be it in part (SO_TIMESTAMPING, see Documentation/networking/timestamping.rst of Linux; in
 * part since 5.9). Over TLS OpenSSL reads, through a filter of ours between it and its socket, so
 * that it gets the same. */

/* This read took nothing from the socket: OpenSSL had it all. The last one's time stands. */
#define TOOK_NOTHING CLOCK_NEVER

/* What struct scm_timestamping of linux/errqueue.h is: the first one is what is asked for here. */
typedef struct timespec stamp_set[3];

/* A loss is mended after a round trip at least; on shorter ones it costs less than this. */
#define LOSS_NS NS_PER_MS

static int ask_for_stamps(int fd)
{
    static const int stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps));
}

/* The stamp in MESSAGE; 0 when there is none. */
static uint64_t stamp_of(struct msghdr *message)
{
    stamp_set stamps;
    struct cmsghdr *part = CMSG_FIRSTHDR(message);
    if (!part || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_TIMESTAMPING)
        return 0;
    memcpy(stamps, CMSG_DATA(part), sizeof(stamps));
    return (uint64_t)stamps[0].tv_sec * NS_PER_S + (uint64_t)stamps[0].tv_nsec;
}

/* As recv(). STAMP_NS gets the kernel's time, 0 for none. */
static ssize_t take(int fd, char *input, size_t size, uint64_t *stamp_ns)
{
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(sizeof(stamp_set))];
    } control;
    struct iovec piece = {input, size};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
    *stamp_ns = got > 0 ? stamp_of(&message) : 0;
    return got;
}

/* --- OpenSSL's filter --- */

static int filter_read(BIO *filter, char *input, int size)
{
    struct lws_transport *transport = BIO_get_data(filter);
    int fd = -1;
    BIO_get_fd(BIO_next(filter), &fd);
    BIO_clear_retry_flags(filter);
    int got = (int)take(fd, input, (size_t)size, &transport->stamp_ns);
    if (got == 0)
        BIO_set_flags(filter, BIO_FLAGS_IN_EOF);
    else if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(filter);
    return got;
}

/* It is only read through. What else is asked of it the socket's own answers. */
static long filter_control(BIO *filter, int command, long number, void *pointer)
{
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(filter, BIO_FLAGS_IN_EOF) != 0;
    return BIO_ctrl(BIO_next(filter), command, number, pointer);
}

/* A filter without a number of its own: BIO_get_new_index() has 127 for a process, which may have
 * more transports. Nobody looks for this one by its number (BIO_find_type()). */
static BIO_METHOD *make_filter_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_FILTER, "wsload");
    if (method) {
        BIO_meth_set_read(method, filter_read);
        BIO_meth_set_ctrl(method, filter_control);
    }
    return method;
}

/* Puts the filter between SSL and its socket. -1 when memory is out. */
static int put_filter(struct lws_transport *transport, SSL *ssl)
{
    BIO *filter = BIO_new(transport->filter_method);
    if (!filter)
        return -1;
    BIO_set_data(filter, transport);
    BIO_set_init(filter, 1);
    BIO_up_ref(SSL_get_rbio(ssl));
    SSL_set0_rbio(ssl, BIO_push(filter, SSL_get_rbio(ssl)));
    return 0;
}

/* --- The transport's part --- */

static void look_at_clocks(struct lws_transport *transport)
{
    uint64_t before_ns = clock_monotonic_ns();
    uint64_t wall_ns = clock_wall_ns();
    stamps_look(&transport->stamps, before_ns, wall_ns, clock_monotonic_ns());
}

static void on_turn_begins(struct ev_loop *loop, ev_check *watcher, int events)
{
    (void)loop;
    (void)events;
    look_at_clocks(watcher->data);
}

int lws_receive_init(struct lws_transport *transport, struct error *error)
{
    enum timestamps wanted = transport->plan->load.timestamps;
    transport->stamp_fd = -1;
    ev_check_init(&transport->turn_begins, on_turn_begins);
    if (wanted == TIMESTAMPS_USER)
        return 0;
    transport->stamp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (transport->stamp_fd < 0 || ask_for_stamps(transport->stamp_fd) != 0)
        return wanted == TIMESTAMPS_AUTO
                   ? 0
                   : error_set(error, "--timestamps kernel: the kernel gives none: %s; use auto",
                               strerror(errno));
    transport->filter_method = make_filter_method();
    if (!transport->filter_method)
        return error_set(error, "out of memory");
    ev_set_priority(&transport->turn_begins, EV_MAXPRI);
    transport->turn_begins.data = transport;
    ev_check_start(transport->loop.ev, &transport->turn_begins);
    look_at_clocks(transport);
    transport->stamping = true;
    transport->may_lose = !addresses_are_local(transport->dial.addresses);
    return 0;
}

void lws_receive_end(struct lws_transport *transport)
{
    if (transport->loop.ev)
        ev_check_stop(transport->loop.ev, &transport->turn_begins);
    if (transport->stamp_fd >= 0)
        close(transport->stamp_fd);
    BIO_meth_free(transport->filter_method);
}

/* --- A socket's part --- */

/* Without them messages have the time of their reading. */
void lws_receive_begin(struct socket *socket)
{
    struct lws_transport *transport = socket->transport;
    socket->came_ns = socket->out_of_order = 0;
    socket->asks_stamps = transport->stamping &&
                          ask_for_stamps(lws_get_socket_fd(socket->wsi)) == 0 &&
                          (!socket->ssl || put_filter(transport, socket->ssl) == 0);
}

static ssize_t read_plain(const struct socket *socket, char *input)
{
    ssize_t got = take(socket->watcher.fd, input, INPUT_SIZE, &socket->transport->stamp_ns);
    if (got > 0)
        return got;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t read_tls(SSL *ssl, char *input)
{
    ERR_clear_error();
    int got = SSL_read(ssl, input, INPUT_SIZE);
    if (got > 0)
        return got;
    int error = SSL_get_error(ssl, got);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* Whether segments have come out of order since that was asked last. When a lost one was sent
 * again, the kernel gives all that waited for it at once, with the stamp of the last: it came
 * earlier. */
static bool came_out_of_order(struct socket *socket)
{
    struct network_seen seen;
    if (!network_look(socket->watcher.fd, &seen) || seen.out_of_order == socket->out_of_order)
        return false;
    socket->out_of_order = seen.out_of_order;
    return true;
}

/* When what was read at socket->read_ns had come, by the kernel; 0: it does not say. */
static uint64_t came_ns(struct socket *socket)
{
    const struct lws_transport *transport = socket->transport;
    uint64_t stamp_ns = transport->stamp_ns;
    if (stamp_ns == 0 || stamp_ns == TOOK_NOTHING)
        return 0;
    stamp_ns = stamps_came_ns(&transport->stamps, stamp_ns, socket->came_ns, socket->read_ns);
    bool waited = stamp_ns + LOSS_NS < socket->read_ns;
    return transport->may_lose && waited && came_out_of_order(socket) ? 0 : stamp_ns;
}

static void note_times(struct socket *socket)
{
    bool took = socket->transport->stamp_ns != TOOK_NOTHING;
    socket->read_ns = clock_monotonic_ns();
    if (!took && socket->asks_stamps && socket->came_ns > 0)
        return;
    uint64_t time_ns = came_ns(socket);
    socket->stamped = time_ns > 0;
    socket->came_ns = socket->stamped ? time_ns : socket->read_ns;
}

ssize_t lws_receive(struct socket *socket, char *input)
{
    socket->transport->stamp_ns = TOOK_NOTHING;
    ssize_t got = socket->ssl ? read_tls(socket->ssl, input) : read_plain(socket, input);
    if (got > 0)
        note_times(socket);
    return got;
}
