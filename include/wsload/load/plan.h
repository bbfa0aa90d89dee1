/* The plan: what will be done, const once built and shared by all workers.
 *
 * Everything in it is borrowed from whoever built it and outlives the run. It opens nothing and
 * knows no socket: files are names, addresses are text. */
#ifndef WSLOAD_LOAD_PLAN_H
#define WSLOAD_LOAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/load/prompts.h"
#include "wsload/protocol/handshake.h"
#include "wsload/protocol/reply.h"
#include "wsload/protocol/route.h"
#include "wsload/protocol/template.h"
#include "wsload/protocol/url.h"

/* Which addresses of a name are used. */
enum address_family { FAMILY_ANY, FAMILY_IPV4, FAMILY_IPV6 };

/* Who is asked for, and how. */
struct target {
    struct url url;
    char host_header[URL_ORIGIN_SIZE]; /* value of Host */
    const char *origin;                /* value of Origin; "" sends none */
    const char *subprotocols;          /* "a, b"; NULL offers none */
    const struct header *headers;      /* further headers, in order */
    size_t header_count;
    struct routes routes;
    enum address_family family;
    const char *ca_file;     /* trusted instead of the system's; NULL: the system's */
    const char *cert_file;   /* client certificate, PEM; NULL: none */
    const char *key_file;    /* its key; NULL: in cert_file */
    const char *server_name; /* for SNI and the certificate; never NULL */
    bool insecure;           /* any certificate will do */
};

struct plan {
    struct target target;
    const struct prompts *prompts;
    const struct template *message;
    struct reply_rules reply_rules;
    uint32_t connections;
    uint64_t requests;    /* 0: only the duration ends the run */
    uint64_t duration_ns; /* 0: only the requests end the run */
    uint64_t reply_timeout_ns;
    uint64_t connect_timeout_ns;
    bool connection_per_request;
    uint32_t run_id; /* in every {{id}} of this run */
};

/* The values that a template takes from request SEQ (from 0) of PROMPT. */
struct template_values plan_template_values(const struct plan *plan, const struct prompt *prompt,
                                            uint64_t seq);

/* An upper bound for the length of the longest message, in bytes. */
size_t plan_longest_message(const struct plan *plan);

/* The first prompt whose message may be longer than MAXIMUM bytes, and BYTES its bound; NULL when
 * there is none. */
const struct prompt *plan_first_oversize(const struct plan *plan, size_t maximum, size_t *bytes);

#endif
