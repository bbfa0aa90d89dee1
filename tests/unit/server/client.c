#include "client.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "testing.h"

#define TIMEOUT_S     300
#define RESPONSE_SIZE 4096
#define UPGRADE                                                                                    \
    "GET /stage HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"      \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

struct client client_connect(uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    assert_true(client.fd >= 0);
    setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(client.fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    assert_int_equal(connect(client.fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return client;
}

long client_start_tls(struct client *client, const char *ca_path, const char *host)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    assert_int_equal(SSL_CTX_load_verify_file(context, ca_path), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    client->ssl = SSL_new(context);
    SSL_CTX_free(context);
    assert_int_equal(SSL_set1_host(client->ssl, host), 1);
    assert_int_equal(SSL_set_fd(client->ssl, client->fd), 1);
    SSL_connect(client->ssl);
    return SSL_get_verify_result(client->ssl);
}

bool client_try_send(struct client *client, const void *data, size_t length)
{
    for (const char *at = data; length > 0;) {
        ssize_t sent = client->ssl != NULL ? SSL_write(client->ssl, at, (int)length)
                                           : send(client->fd, at, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

void client_send(struct client *client, const void *data, size_t length)
{
    assert_true(client_try_send(client, data, length));
}

static ssize_t receive_some(struct client *client, void *data, size_t length)
{
    return client->ssl != NULL ? SSL_read(client->ssl, data, (int)length)
                               : recv(client->fd, data, length, 0);
}

static void receive(struct client *client, void *data, size_t length)
{
    for (char *at = data; length > 0;) {
        ssize_t received = receive_some(client, at, length);

        assert_true(received > 0);
        at += received;
        length -= (size_t)received;
    }
}

char *client_read_response(struct client *client, int whole)
{
    char *response = calloc(1, RESPONSE_SIZE);

    assert_non_null(response);
    for (size_t length = 0; length < RESPONSE_SIZE - 1; length++) {
        ssize_t received = receive_some(client, response + length, 1);

        assert_true(received >= 0);
        if (received == 0 || (!whole && strstr(response, "\r\n\r\n") != NULL))
            break;
    }
    return response;
}

char *client_ask_upgrade(struct client *client, const char *headers)
{
    client_send(client, UPGRADE, strlen(UPGRADE));
    client_send(client, headers, strlen(headers));
    client_send(client, "\r\n", 2);
    return client_read_response(client, 0);
}

struct client client_open(uint16_t port)
{
    struct client client = client_connect(port);
    char *response = client_ask_upgrade(&client, "");

    assert_memory_equal(response, "HTTP/1.1 101 ", 13);
    free(response);
    return client;
}

void client_send_frame(struct client *client, unsigned char first, const void *payload,
                       size_t length)
{
    /* The masking key is zero: the payload travels as it is. */
    unsigned char head[14] = {first};
    size_t size;

    if (length < 126) {
        head[1] = (unsigned char)(0x80 | length);
        size = 2;
    } else if (length <= UINT16_MAX) {
        head[1] = 0x80 | 126;
        memcpy(head + 2, &(uint16_t){htobe16((uint16_t)length)}, 2);
        size = 4;
    } else {
        head[1] = 0x80 | 127;
        memcpy(head + 2, &(uint64_t){htobe64(length)}, 8);
        size = 10;
    }
    client_send(client, head, size + 4);
    client_send(client, payload, length);
}

void client_send_text(struct client *client, const char *text)
{
    client_send_frame(client, FRAME_TEXT, text, strlen(text));
}

static size_t read_length(struct client *client)
{
    unsigned char byte;
    uint16_t medium;
    uint64_t large;

    receive(client, &byte, 1);
    assert_int_equal(byte & 0x80, 0); /* a server must not mask */
    if (byte < 126)
        return byte;
    if (byte == 126) {
        receive(client, &medium, sizeof(medium));
        return be16toh(medium);
    }
    receive(client, &large, sizeof(large));
    return be64toh(large);
}

struct frame client_read_frame(struct client *client)
{
    struct frame frame;

    receive(client, &frame.first, 1);
    frame.length = read_length(client);
    frame.payload = calloc(1, frame.length + 1);
    assert_non_null(frame.payload);
    receive(client, frame.payload, frame.length);
    return frame;
}

unsigned char client_skip_frame(struct client *client)
{
    struct frame frame = client_read_frame(client);

    free(frame.payload);
    return frame.first;
}

char *client_read_text(struct client *client)
{
    struct frame frame = client_read_frame(client);

    assert_int_equal(frame.first, FRAME_TEXT);
    return frame.payload;
}

int client_read_close(struct client *client)
{
    struct frame frame = client_read_frame(client);
    uint16_t code;

    assert_int_equal(frame.first, FRAME_CLOSE);
    assert_true(frame.length >= sizeof(code));
    memcpy(&code, frame.payload, sizeof(code));
    free(frame.payload);
    return be16toh(code);
}

void client_expect_close(struct client *client, int code, const char *reason)
{
    struct frame frame = client_read_frame(client);

    assert_int_equal(frame.first, FRAME_CLOSE);
    assert_int_equal((unsigned char)frame.payload[0] << 8 | (unsigned char)frame.payload[1], code);
    assert_string_equal(frame.payload + 2, reason);
    free(frame.payload);
}

void client_close(struct client *client)
{
    SSL_free(client->ssl);
    close(client->fd);
}
