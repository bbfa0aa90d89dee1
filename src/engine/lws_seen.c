#include "lws_internal.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "wsload/base/helpers.h"
#include "wsload/engine/opening_seen.h"

/* ANSWER up to its headers' end: messages may follow. */
static struct text head_of(struct text answer)
{
    static const char gap[] = "\r\n\r\n";
    const char *end = memmem(answer.data, answer.length, gap, strlen(gap));
    return end ? (struct text){answer.data, (size_t)(end - answer.data)} : answer;
}

void lws_seen_answer(const struct socket *socket, struct text answer)
{
    const struct lws_transport *transport = socket->transport;
    struct opening_seen *seen = transport->seen;
    if (!seen)
        return;
    answer = head_of(answer);
    answer.length = u64_min(answer.length, sizeof(seen->answer) - 1);
    memset(seen->answer, 0, sizeof(seen->answer));
    identity_redact(transport->plan->target.identity, lws_socket_number(socket), answer,
                    seen->answer);
}

/* "TLSv1.3, certificate valid until 2027-02-01" */
static void describe_tls(SSL *ssl, char *out, size_t size)
{
    struct tm end;
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    int length = snprintf(out, size, "%s", SSL_get_version(ssl));
    if (certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end))
        snprintf(out + length, size - (size_t)length, ", certificate valid until %04d-%02d-%02d",
                 end.tm_year + 1900, end.tm_mon + 1, end.tm_mday);
    X509_free(certificate);
}

void lws_seen_opened(const struct socket *socket)
{
    const struct lws_transport *transport = socket->transport;
    struct opening_seen *seen = transport->seen;
    if (!seen)
        return;
    const char *address = dial_address(&transport->dial, &socket->attempt);
    bool literal = strchr(address, ':');
    SSL *ssl = lws_get_ssl(socket->wsi);
    snprintf(seen->address, sizeof(seen->address), "%s%s%s:%u", literal ? "[" : "", address,
             literal ? "]" : "", (unsigned)transport->dial.addresses->port);
    seen->tls[0] = '\0';
    if (ssl)
        describe_tls(ssl, seen->tls, sizeof(seen->tls));
    seen->took_ns = socket->opened_ns - socket->start_ns;
}
