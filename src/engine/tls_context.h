/* What the plan asks of TLS, set up in an OpenSSL context: certificates, ciphers, version, and the
 * name that the peer must have. It knows no sockets and no library above OpenSSL. */
#ifndef WSLOAD_ENGINE_TLS_CONTEXT_H
#define WSLOAD_ENGINE_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "wsload/base/error.h"
#include "wsload/load/plan.h"

/* Sets CONTEXT up for TARGET. -1 and an error that names the option and the file when one cannot be
 * loaded. Where no authorities are given, those of the system are the caller's to load. */
int tls_context_set_up(SSL_CTX *context, const struct target *target, struct error *error);

/* Sends NAME as the server's (unless it is an address) and asks for a certificate of it, and of no
 * other that was asked for before. */
void tls_name_server(SSL *ssl, const char *name);

/* OpenSSL's words for an error of its queue; static text. */
const char *tls_reason_of(unsigned long error);

#endif
