/* A throwaway certificate authority and a server certificate signed by it, for localhost,
 * 127.0.0.1, ::1 and the address that it listens at. Keys live in memory alone, and nothing is
 * reused. */
#ifndef WSLOAD_SERVER_CERTIFICATE_H
#define WSLOAD_SERVER_CERTIFICATE_H

#include "wsload/base/error.h"
#include "wsload/base/text.h"

struct certificate {
    struct buffer ca_pem;    /* the authority's certificate: what a client must trust */
    struct buffer chain_pem; /* the server's certificate */
    struct buffer key_pem;   /* its private key, P-256 */
};

/* Makes all three for a server at ADDRESS, a numeric one, valid from an hour ago for 7 days. 0 or
 * -1. */
int certificate_make(struct certificate *certificate, const char *address, struct error *error);

/* Wipes and releases. A zeroed struct is fine. */
void certificate_free(struct certificate *certificate);

#endif
