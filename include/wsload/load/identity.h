/* Who a connection says it is: the path and the headers of its handshake, made anew for each
 * connection. Query parameters and headers, Host and Origin among them, are templates, tokens come
 * from files, and a SigV4 signature is made at the moment of use.
 *
 * It reads files and makes text; it knows no socket. No value ever gets into an error. */
#ifndef WSLOAD_LOAD_IDENTITY_H
#define WSLOAD_LOAD_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/load/users.h"
#include "wsload/protocol/handshake.h"
#include "wsload/protocol/sigv4.h"

/* What was asked for. Texts are borrowed and must outlive the identity. */
struct identity_config {
    const struct url *url;
    const char *host_header;      /* value of Host, which is signed; a template */
    const char *origin;           /* a template; "" sends none */
    const struct header *headers; /* the values are templates: TEMPLATE_CONNECTION_VARIABLES
                                     and the users' columns, as they are, not JSON-escaped */
    size_t header_count;
    const char *const *query; /* "NAME=VALUE", added to the URL's; templates likewise, as
                                 plain text: encoding them is done here */
    size_t query_count;
    const char *bearer_file;   /* NULL: none */
    const char *api_key_file;  /* NULL: none */
    const struct users *users; /* NULL: none */
    const char *sigv4;         /* as in sigv4_parse_scope(); NULL: no signature */
    bool sigv4_in_header;      /* else in the query */
    const char *sigv4_host;    /* what is signed as host; NULL: host_header */
    const char *profile;       /* as in credentials_find() */
};

struct identity;

/* Reads the files once to see that they can be, finds the credentials, and compiles the templates.
 * An error says which option it is about. The caller frees with identity_free(). NULL when
 * something is wrong. */
struct identity *identity_new(const struct identity_config *setup, struct error *error);

/* Whether any of it is from a column of the users. */
bool identity_uses_users(const struct identity *identity);

void identity_free(struct identity *identity);

/* A bound for the longest path of COUNT connections, in characters: for the URL's limit before the
 * run. */
size_t identity_longest_path(const struct identity *identity, uint64_t count);

/* The same of all lines that identity_request() and identity_headers() make, in bytes. */
size_t identity_longest_request(const struct identity *identity, uint64_t count);

/* Appends path and query of the handshake of connection CONNECTION (from 0) at UNIX_S to OUT. The
 * same arguments give the same bytes. 0, or -1 when OUT is full. */
int identity_path(const struct identity *identity, uint64_t connection, uint64_t unix_s,
                  struct buffer *out);

/* Appends the lines that the handshake begins with, each with CRLF: the request line with that
 * path, and Host. 0, or -1 when OUT is full. */
int identity_request(const struct identity *identity, uint64_t connection, uint64_t unix_s,
                     struct buffer *out);

/* Appends its header lines, each with CRLF: Origin, the given ones, Authorization: Bearer,
 * x-api-key and the signature's; not Host and not those of the upgrade itself. UNIX_S is that of
 * the path. A file is read again when it has changed; when it has become unreadable or empty, the
 * last content is used. 0, or -1 when OUT is full. */
int identity_headers(const struct identity *identity, uint64_t connection, uint64_t unix_s,
                     struct buffer *out);

/* Copies TEXT, which a server said to connection CONNECTION (from 0) at any time, to OUT, which is
 * apart from it and has room for its length, with '*' in place of each byte of that connection's
 * secrets. Servers repeat what they were sent: a refused signature is answered with all that was
 * signed. IDENTITY may be NULL: nothing is secret then.
 *
 * Secret are each value of the query (as sent, decoded, and inside a JSON string), the words of the
 * headers and what stands between separators in them, every content that a file ever had, the
 * user's cells, and SigV4's access key, session token and signatures. What is shorter than 6
 * characters is none, nor is a name. TEXT may have been cut: a secret's beginning at its end is
 * redacted, too, from 6 characters on (16 of a signature). When memory is out, all is redacted. */
void identity_redact(const struct identity *identity, uint64_t connection, struct text text,
                     char *out);

#endif
