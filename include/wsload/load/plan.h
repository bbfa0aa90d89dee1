/* The plan: what will be done, const once built and shared by all workers.
 *
 * Everything in it is borrowed from whoever built it and outlives the run. It opens nothing and
 * knows no socket: files are names, addresses are text. */
#ifndef WSLOAD_LOAD_PLAN_H
#define WSLOAD_LOAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/load/arrivals.h"
#include "wsload/load/identity.h"
#include "wsload/load/prompts.h"
#include "wsload/load/stages.h"
#include "wsload/load/steps.h"
#include "wsload/load/think.h"
#include "wsload/load/users.h"
#include "wsload/protocol/handshake.h"
#include "wsload/protocol/reply.h"
#include "wsload/protocol/route.h"
#include "wsload/protocol/sources.h"
#include "wsload/protocol/template.h"
#include "wsload/protocol/url.h"

#define WORKERS_MAX   256
#define IN_FLIGHT_MAX 1000

/* Which addresses of a name are used. */
enum address_family { FAMILY_ANY, FAMILY_IPV4, FAMILY_IPV6 };

/* The newest TLS version offered. */
enum tls_version { TLS_NEWEST, TLS_1_2, TLS_1_3 };

/* Who is asked for, and how. */
struct target {
    struct url url;
    char host_header[URL_ORIGIN_SIZE]; /* value of Host */
    const struct identity *identity;   /* the rest of the path, and further headers */
    const char *subprotocols;          /* "a, b"; NULL offers none */
    bool compress;                     /* offers permessage-deflate */
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

enum load_model {
    LOAD_CLOSED, /* a connection sends its next prompt when the reply is there */
    LOAD_OPEN,   /* requests come due at a rate, whether or not replies are back */
    LOAD_HOLD    /* connections are held open, without requests */
};

struct plan {
    struct target target;
    enum load_model model;
    const struct prompts *prompts; /* NULL with LOAD_HOLD */
    const struct template *message;
    const struct steps *steps; /* NULL: none */
    const struct users *users; /* NULL: none */
    struct reply_rules reply_rules;
    uint32_t connections; /* with stages of connections, the most of them */
    struct stages stages; /* of the rate (open) or of connections (closed), the warm-up in front:
                             it stays at the start level. count 0: always stages.start */
    enum arrival_law arrival; /* open */
    unsigned in_flight;       /* requests per connection at a time, 1 .. IN_FLIGHT_MAX; in a closed
                                 run that many prompts are kept in flight */
    uint64_t max_queue;       /* open: requests that may wait for a connection */
    struct think think;       /* closed */
    uint64_t requests;        /* 0: only time ends the run */
    uint64_t duration_ns;     /* of the measured part; 0: only the requests end the run */
    uint64_t warmup_ns;       /* in front of it; 0: none */
    uint64_t reply_timeout_ns;
    uint64_t connect_timeout_ns;
    double connect_rate;      /* connections per second; 0: as fast as it goes */
    uint64_t max_lifetime_ns; /* a connection is replaced when it is so old, up to a tenth of that
                                 earlier, between requests; 0: never */
    uint64_t keepalive_ns;    /* a connection that was idle so long sends the text; 0: never */
    struct text keepalive;
    bool connection_per_request;
    bool keep_replies; /* the whole texts of replies are recorded */
    unsigned workers;  /* 1 .. WORKERS_MAX, at most one per connection */
    uint64_t seed;     /* of everything random in the schedule */
    uint32_t run_id;   /* in every {{id}} of this run */
};

/* The part of TOTAL that worker WORKER of WORKERS has when they take turns: what it has of
 * connections, of the queue's places and so on. The shares add up exactly. */
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

/* The request whose {{id}} TEXT is: its number from 0. False when it is none of this run's. */
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
