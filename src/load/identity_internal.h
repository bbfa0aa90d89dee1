/* What an identity is made of, for the two that read it: what makes handshakes (identity.c), and
 * what knows their secrets again (redact.c). */
#ifndef WSLOAD_LOAD_IDENTITY_INTERNAL_H
#define WSLOAD_LOAD_IDENTITY_INTERNAL_H

#include "wsload/load/identity.h"
#include "wsload/load/secrets.h"

/* A header or a parameter of the query. */
struct named_template {
    struct text name;
    struct template value;
};

struct named_list {
    struct named_template *items; /* owned */
    size_t count;
};

struct identity {
    struct text path;  /* of the URL */
    struct text query; /* of the URL, after its '?' */
    bool query_begun;  /* the URL has that '?' */
    const struct users *users;
    struct template_scope scope;
    struct template host;
    struct named_list headers; /* Origin among them */
    struct named_list parameters;
    struct secret_file *bearer; /* owned; NULL: none */
    struct secret_file *api_key;
    enum { UNSIGNED, SIGNED_IN_QUERY, SIGNED_IN_HEADER } signature;
    const char *signed_host; /* NULL: what Host says */
    struct sigv4_scope sigv4_scope;
    struct credentials credentials;
};

/* What the templates of connection CONNECTION (from 0) stand for at UNIX_S. */
struct template_values identity_values(const struct identity *identity, uint64_t connection,
                                       uint64_t unix_s);

#endif
