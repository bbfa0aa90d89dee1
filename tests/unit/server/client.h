/* A blocking WebSocket client of the simplest kind, on a bare socket or OpenSSL: its own few lines,
 * so that the server is not tested with the library it is made of. Whatever goes wrong fails the
 * test. */
#ifndef WSLOAD_TESTS_SERVER_CLIENT_H
#define WSLOAD_TESTS_SERVER_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First bytes of frames: FIN and opcode (RFC 6455 section 5.2). */
enum {
    FRAME_CONTINUED = 0x00,
    FRAME_TEXT_BEGUN = 0x01,
    FRAME_END = 0x80,
    FRAME_TEXT = 0x81,
    FRAME_BINARY = 0x82,
    FRAME_CLOSE = 0x88,
    FRAME_PING = 0x89,
    FRAME_PONG = 0x8a,
};

struct client {
    int fd;
    SSL *ssl; /* NULL: plain */
};

struct frame {
    unsigned char first; /* FRAME_... */
    size_t length;
    char *payload; /* owned, terminated */
};

/* Connects to 127.0.0.1. Reads give up after 5 minutes. */
struct client client_connect(uint16_t port);

/* Wraps the connection in TLS that trusts the authority in the file CA_PATH alone, and checks the
 * certificate for HOST. Returns OpenSSL's X509_V_ code; the client is usable when it is X509_V_OK.
 */
long client_start_tls(struct client *client, const char *ca_path, const char *host);

void client_send(struct client *client, const void *data, size_t length);

/* The same to a server that may hang up meanwhile; false when it did. */
bool client_try_send(struct client *client, const void *data, size_t length);

/* Reads an HTTP response, up to the end of its header, or with WHOLE up to the end of the stream.
 * The caller frees. */
char *client_read_response(struct client *client, int whole);

/* Asks for the upgrade with the key of RFC 6455 section 1.3 and HEADERS ("Name: value\r\n..."), and
 * returns the header of the response; the caller frees. */
char *client_ask_upgrade(struct client *client, const char *headers);

/* Connects and upgrades. */
struct client client_open(uint16_t port);

void client_send_frame(struct client *client, unsigned char first, const void *payload,
                       size_t length);
void client_send_text(struct client *client, const char *text);

struct frame client_read_frame(struct client *client);

/* Reads a frame and returns its first byte. */
unsigned char client_skip_frame(struct client *client);

/* Reads a text frame; the caller frees the text. */
char *client_read_text(struct client *client);

/* Reads a close frame and returns its code. */
int client_read_close(struct client *client);

/* Reads a close frame, which must have CODE and REASON. */
void client_expect_close(struct client *client, int code, const char *reason);

/* Ends the connection without ceremony. */
void client_close(struct client *client);

#endif
