/* AWS Signature Version 4 (AWS guide "Create a signed AWS API request"), as IAM authorization of
 * API Gateway takes it: service execute-api, in the query or in headers.
 *
 * Pure: the time is an argument, nothing is sent or printed. Secrets go in and never come out, in
 * no error either. */
#ifndef WSLOAD_PROTOCOL_SIGV4_H
#define WSLOAD_PROTOCOL_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/handshake.h"

#define SIGV4_DATE_SIZE      17 /* "20150830T123600Z" */
#define SIGV4_SIGNATURE_SIZE 65 /* hex of SHA-256 */
#define SIGV4_EXPIRES_S      300

struct sigv4_credentials {
    struct text access_key;
    struct text secret_key;
    struct text session_token; /* length 0: none */
};

struct sigv4_scope {
    struct text region;  /* "eu-west-1" */
    struct text service; /* "execute-api" */
};

/* "aws:amz:REGION:SERVICE" or "REGION:SERVICE", as in curl. Views into TEXT. The error does not
 * name the option. 0 or -1. */
int sigv4_parse_scope(const char *text, struct sigv4_scope *scope, struct error *error);

/* A request as it will go out. PATH and QUERY are already encoded for the URL; the path is
 * normalised and encoded once more for signing, as all services but S3 want it. */
struct sigv4_request {
    struct text method;
    struct text path;             /* begins with '/' */
    struct text query;            /* without '?'; may be empty */
    const struct header *headers; /* those to be signed, Host among them; duplicates are joined */
    size_t header_count;
    struct text body;
};

/* The signature of REQUEST at DATE, hex, as a signing party and a verifying one both make it. 0 or
 * -1 when memory is out. */
int sigv4_sign(const struct sigv4_request *request, const struct sigv4_scope *scope,
               const struct sigv4_credentials *credentials, const char *date,
               char signature[SIGV4_SIGNATURE_SIZE]);

/* Who signs a handshake, and when. */
struct sigv4_signer {
    struct sigv4_scope scope;
    struct sigv4_credentials credentials;
    uint64_t unix_s;
};

/* Appends to QUERY (what the URL has already, encoded, without '?') the parameters of a presigned
 * GET of HOST and PATH with an empty body, valid for EXPIRES_S: X-Amz-Algorithm, -Credential,
 * -Date, -Expires, -SignedHeaders=host, -Security-Token when there is one (it is part of what is
 * signed), and -Signature last. 0 or -1. */
int sigv4_presign(struct buffer *query, struct text host, struct text path, uint64_t expires_s,
                  const struct sigv4_signer *signer);

/* Appends the header lines (each with its CRLF) X-Amz-Date, X-Amz-Security-Token when there is one,
 * and Authorization, of a GET of HOST, PATH and QUERY with an empty body; host and these are
 * signed. 0 or -1. */
int sigv4_authorize(struct buffer *headers, struct text host, struct text path, struct text query,
                    const struct sigv4_signer *signer);

/* Percent-encodes TEXT but for the unreserved characters of RFC 3986 section 2.3, and '/' when
 * KEEP_SLASH. 0, or -1 when OUT is full. */
int sigv4_encode(struct buffer *out, struct text text, bool keep_slash);

#endif
