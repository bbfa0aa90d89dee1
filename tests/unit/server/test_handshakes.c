/* Who gets in: quotas, required headers and signatures, over plain sockets and TLS, however the
 * request arrives. */
#include "wsload/server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "running.h"
#include "testing.h"
#include "wsload/base/clock.h"

#define REQUEST_SIZE 8192
#define UPGRADE                                                                                    \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

#define HOST      "api.example.com"
/* libwebsockets decodes, joins and drops of this what it likes. */
#define ODD_PATH  "/sta%67e//a%2Fb/./c"
#define ODD_QUERY "x=%7e%20y&empty=&p%3Dq=1+2"

static const struct sigv4_credentials credentials = {
    .access_key = {"AKIDEXAMPLE", 11},
    .secret_key = {"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 40},
    .session_token = {"tok/en+==", 9},
};

static struct server_options signed_options(void)
{
    struct server_options options = default_options();

    options.sigv4_region = text_of("us-east-1");
    options.credentials = credentials;
    return options;
}

/* A handshake presigned SKEW_S seconds from now. */
static void presigned_request(char request[REQUEST_SIZE], int skew_s)
{
    const struct sigv4_signer signer = {
        .scope = {text_of("us-east-1"), text_of("execute-api")},
        .credentials = credentials,
        .unix_s = clock_wall_ms() / 1000 + (uint64_t)skew_s,
    };
    struct buffer query;

    buffer_init(&query, 4096);
    assert_int_equal(buffer_append(&query, ODD_QUERY, strlen(ODD_QUERY)), 0);
    assert_int_equal(sigv4_presign(&query, text_of(HOST), text_of(ODD_PATH), 300, &signer), 0);
    snprintf(request, REQUEST_SIZE, "GET %s?%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", ODD_PATH,
             query.data, HOST, UPGRADE);
    buffer_free(&query);
}

/* A server's front acceptor: its port and, with TLS, what to trust. */
struct front {
    struct running running;
    char *ca_path; /* NULL: plain */
};

static struct front open_front(struct server_options options, bool tls)
{
    struct front front = {.ca_path = tls ? temporary_path() : NULL};

    options.tls = tls;
    options.ca_out = front.ca_path;
    front.running = start(options);
    return front;
}

static struct server_counts close_front(struct front *front)
{
    struct server_counts counts = stop(&front->running);

    if (front->ca_path != NULL)
        remove_temporary(front->ca_path);
    return counts;
}

static struct client enter(const struct front *front)
{
    struct client client = client_connect(front->running.port);

    if (front->ca_path != NULL)
        assert_int_equal(client_start_tls(&client, front->ca_path, "localhost"), X509_V_OK);
    return client;
}

/* Sends REQUEST in PIECES, each a packet and, with TLS, a record of its own, and checks the status
 * of the response and that what was let in is served. */
static void expect_status(const struct front *front, const char *request, size_t pieces,
                          const char *status)
{
    struct client client = enter(front);
    size_t length = strlen(request);
    char *response;

    for (size_t i = 0; i < pieces; i++) {
        size_t begin = length * i / pieces;

        client_send(&client, request + begin, length * (i + 1) / pieces - begin);
    }
    response = client_read_response(&client, 0);
    assert_memory_equal(response, "HTTP/1.1 ", 9);
    assert_memory_equal(response + 9, status, 3);
    free(response);
    if (strcmp(status, "101") == 0) {
        client_send_text(&client, "hello");
        expect_text(&client, "hello");
    }
    client_close(&client);
}

static void test_handshakes_pass_with_a_good_signature(void **state)
{
    static const size_t pieces[] = {1, 3, 50};
    char good[REQUEST_SIZE];
    char old[REQUEST_SIZE];
    char forged[REQUEST_SIZE];

    (void)state;
    presigned_request(good, 0);
    presigned_request(old, -400);
    memcpy(forged, good, sizeof(forged));
    strstr(forged, "%67")[2] = '8'; /* %68 is another letter */
    for (int tls = 0; tls <= 1; tls++) {
        struct front front = open_front(signed_options(), tls);
        struct server_counts counts;

        for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
            expect_status(&front, good, pieces[i], "101");
            expect_status(&front, old, pieces[i], "403");
            expect_status(&front, forged, pieces[i], "403");
            expect_status(&front, "GET /stage HTTP/1.1\r\nHost: a\r\n" UPGRADE "\r\n", pieces[i],
                          "403");
        }
        counts = close_front(&front);
        assert_int_equal(counts.connections, ARRAY_LENGTH(pieces));
        assert_int_equal(counts.refused, 3 * ARRAY_LENGTH(pieces));
    }
}

static void test_handshakes_are_refused_in_the_gateways_words(void **state)
{
    struct running running = start(signed_options());
    struct client client = client_connect(running.port);
    char *response;

    (void)state;
    client_send(&client, "GET / HTTP/1.1\r\nHost: a\r\n" UPGRADE "\r\n",
                strlen("GET / HTTP/1.1\r\nHost: a\r\n" UPGRADE "\r\n"));
    response = client_read_response(&client, 1);
    assert_non_null(strstr(response, "\r\nx-amzn-ErrorType: ForbiddenException\r\n"));
    assert_non_null(strstr(response, "\r\nx-amzn-RequestId: "));
    assert_non_null(strstr(response, "\r\n\r\n{\"message\":\"Forbidden\"}"));
    free(response);
    client_close(&client);
    stop(&running);
}

static void test_handshakes_need_the_required_headers(void **state)
{
    static const struct header required = {{"X-Api-Key", 9}, {"k3y", 3}};
    static const char with[] = "GET / HTTP/1.1\r\nHost: a\r\nx-api-key: k3y\r\n" UPGRADE "\r\n";
    static const char without[] = "GET / HTTP/1.1\r\nHost: a\r\nx-api-key: k3z\r\n" UPGRADE "\r\n";
    struct server_options options = default_options();

    (void)state;
    options.required = &required;
    options.required_count = 1;
    for (int tls = 0; tls <= 1; tls++) {
        struct front front = open_front(options, tls);
        struct server_counts counts;

        for (size_t pieces = 1; pieces < 4; pieces++) {
            expect_status(&front, with, pieces, "101");
            expect_status(&front, without, pieces, "401");
            expect_status(&front, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", pieces, "426");
        }
        counts = close_front(&front);
        assert_int_equal(counts.connections, 3);
        assert_int_equal(counts.refused, 3);
    }
}

static void test_handshakes_are_throttled_over_the_quota(void **state)
{
    struct server_options options = default_options();
    struct running running;
    struct client client;
    struct server_counts counts;

    (void)state;
    options.connect_quota = (struct server_quota){true, 0.01};
    running = start(options);
    client = client_open(running.port);
    for (int i = 0; i < 3; i++) {
        struct client late = client_connect(running.port);
        char *response = client_ask_upgrade(&late, "");

        assert_memory_equal(response, "HTTP/1.1 429 ", 13);
        assert_non_null(strstr(response, "\r\nx-amzn-ErrorType: LimitExceededException\r\n"));
        free(response);
        client_close(&late);
    }
    expect_echo(&client, "hello");
    client_close(&client);
    counts = stop(&running);
    assert_int_equal(counts.connections, 1);
    assert_int_equal(counts.refused, 3);
}

static void test_handshakes_that_never_come_hold_nobody_up(void **state)
{
    static const char half[] = "GET / HTTP/1.1\r\nHost: a\r\n";
    char good[REQUEST_SIZE];

    (void)state;
    presigned_request(good, 0);
    for (int tls = 0; tls <= 1; tls++) {
        struct front front = open_front(signed_options(), tls);
        struct client silent = client_connect(front.running.port);
        struct client stuck = enter(&front);
        struct client left = enter(&front);

        client_send(&stuck, half, strlen(half));
        client_send(&left, half, strlen(half));
        client_close(&left);
        expect_status(&front, good, 1, "101");
        assert_int_equal(close_front(&front).connections, 1);
        client_close(&stuck);
        client_close(&silent);
    }
}

static void test_handshakes_of_any_length_are_answered_or_cut(void **state)
{
    enum { LONG = 40000 };
    char *request = calloc(1, LONG + 1);
    char good[REQUEST_SIZE];

    (void)state;
    memset(request, 'a', LONG);
    memcpy(request, "GET /", 5);
    presigned_request(good, 0);
    for (int tls = 0; tls <= 1; tls++) {
        struct front front = open_front(signed_options(), tls);
        struct client client = enter(&front);

        client_try_send(&client, request, LONG);
        expect_status(&front, good, 1, "101");
        client_close(&client);
        assert_int_equal(close_front(&front).connections, 1);
    }
    free(request);
}

TEST_GROUP(handshakes)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshakes_pass_with_a_good_signature),
        cmocka_unit_test(test_handshakes_are_refused_in_the_gateways_words),
        cmocka_unit_test(test_handshakes_need_the_required_headers),
        cmocka_unit_test(test_handshakes_are_throttled_over_the_quota),
        cmocka_unit_test(test_handshakes_that_never_come_hold_nobody_up),
        cmocka_unit_test(test_handshakes_of_any_length_are_answered_or_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
