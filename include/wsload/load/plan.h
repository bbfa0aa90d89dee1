/* The plan: what will be done, const once built and shared by all workers.
 *
 * Everything in it is borrowed from whoever built it and outlives the run. It opens nothing and
 * knows no socket: files are names, addresses are text. */
#ifndef WSLOAD_LOAD_PLAN_H
#define WSLOAD_LOAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/load/identity.h"
#include "wsload/load/load.h"
#include "wsload/load/prompts.h"
#include "wsload/load/steps.h"
#include "wsload/load/users.h"
#include "wsload/protocol/handshake.h"
#include "wsload/protocol/reply.h"
#include "wsload/protocol/route.h"
#include "wsload/protocol/template.h"

/* Which addresses of a name are used. */
enum address_family { FAMILY_ANY, FAMILY_IPV4, FAMILY_IPV6 };

/* The newest TLS version offered. */
enum tls_version { TLS_NEWEST, TLS_1_2, TLS_1_3 };

/* Whom to connect to, and how. */
struct target {
    struct url url;
    const struct identity *identity; /* the path, Host, and further headers */
    const char *subprotocols;        /* "a, b"; NULL offers none */
    bool compress;                   /* offers permessage-deflate */
    struct routes routes;
    enum address_family family;
    const char *ca_file;     /* trusted instead of the system's; NULL: the system's */
    const char *cert_file;   /* client certificate, PEM; NULL: none */
    const char *key_file;    /* its key; NULL: in cert_file */
    const char *server_name; /* for SNI and the certificate; never NULL */
    bool insecure;           /* any certificate will do */
    enum tls_version tls_max;
    const char *ciphers;    /* OpenSSL's names, of TLS 1.2 and 1.3; NULL: OpenSSL's default */
    bool tls_resume;        /* later connections resume the session of earlier ones */
    struct sources sources; /* local addresses to bind to, in turn */
};

struct plan {
    struct load load;
    struct target target;
    const struct prompts *prompts; /* NULL with LOAD_HOLD */
    const struct template *message;
    const struct steps *steps; /* NULL: none */
    const struct users *users; /* NULL: none */
    struct reply_rules reply_rules;
    uint64_t reply_timeout_ns;
    uint64_t connect_timeout_ns;
    uint64_t max_lifetime_ns; /* a connection is replaced when it is so old, up to a tenth of that
                                 earlier, between requests; 0: never */
    uint64_t listen_ns;       /* a connection that has opened sends its first request after that */
    uint64_t linger_ns; /* so long connections stay open after the last reply, to see what comes
                           unasked; 0: they do not */
    uint64_t linger_most_ns; /* and before that as long as the longest reply took, up to this */
    uint64_t keepalive_ns;   /* a connection that was idle so long sends the text; 0: never */
    struct text keepalive;
    bool keep_replies; /* the whole texts of replies are recorded */
    uint32_t run_id;   /* in every {{id}} of this run */
    uint64_t epoch_ns; /* the wall clock when the monotonic one was at 0 */
};

/* The part of TOTAL that worker WORKER of WORKERS has when they take turns, of connections, of
 * places in the queue and so on. The shares add up exactly. */
uint64_t plan_share(uint64_t total, unsigned worker, unsigned workers);

/* The number of connection ID of WORKER in the whole run, from 0. */
uint64_t plan_connection(const struct plan *plan, unsigned worker, uint64_t id);

/* The values that templates take on CONNECTION (from 0). */
struct template_values plan_connection_values(const struct plan *plan, uint64_t connection);

/* The prompt of request SEQ (from 0), and the values that templates take from that request on
 * CONNECTION. */
const struct prompt *plan_prompt(const struct plan *plan, uint64_t seq);
struct template_values plan_request_values(const struct plan *plan, uint64_t connection,
                                           uint64_t seq);

/* Finds the request whose {{id}} is TEXT: its number from 0. False when it is not of this run. */
bool plan_request_of_id(const struct plan *plan, struct text text, uint64_t *seq);

/* Renders TEMPLATE to OUT, with a time of now if it wants one. Returns the length in bytes. */
size_t plan_render(const struct template *template, struct template_values *values, char *out);

/* An upper bound for the length of the longest message, in bytes: of prompts, steps and
 * keep-alives, whatever connection sends it. */
size_t plan_longest_message(const struct plan *plan);

/* An upper bound for the length of a text that a step is split from; 0 when none is. */
size_t plan_longest_parted(const struct plan *plan);

/* The first prompt whose message may be longer than MAXIMUM bytes, and BYTES its bound; NULL when
 * there is none. */
const struct prompt *plan_first_oversize(const struct plan *plan, size_t maximum, size_t *bytes);

#endif
