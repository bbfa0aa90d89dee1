/* What goes into `wsload serve` and what comes out of it: how it is to answer, what the gateway
 * around it limits, and what it has counted. */
#ifndef WSLOAD_SERVER_OPTIONS_H
#define WSLOAD_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/protocol/handshake.h"
#include "wsload/protocol/sigv4.h"

#define SERVER_DEFAULT_REPLY "{\"message\": \"{{prompt}}\", \"connectionId\": \"{{connectionId}}\"}"

/* Above this many messages that wait for one connection, it is closed. */
#define SERVER_WAITING_MAX 10000

/* So many per second, with a burst of a second's worth; zeroed: no limit. */
struct server_quota {
    bool given;
    double per_s; /* 0: everything is over the limit */
};

/* The names of the profiles, NULL after the last. */
extern const char *const server_profiles[];

struct server_options {
    const char *address; /* numeric IPv4 or IPv6 address to listen on */
    uint16_t port;       /* 0: any free one */
    bool tls;
    const char *ca_out;    /* writes the throwaway authority here; NULL: nowhere */
    const char *port_file; /* writes the port here, as decimal text; NULL: nowhere */
    uint64_t delay_low_ns; /* each reply waits uniformly between these */
    uint64_t delay_high_ns;
    uint64_t gap_ns;       /* between the messages of one answer */
    uint64_t stream;       /* messages of an answer, its end apart; 0: 1, or what the profile has */
    double error_percent;  /* share of prompts answered with an error, 0..100 */
    const char *profile;   /* one of server_profiles; NULL: the next two are answered */
    struct text reply;     /* template of a message, TEMPLATE_SERVER_VARIABLES and {{part}} */
    struct text reply_end; /* template of a last message after the others; no data: none */
    uint64_t seed;         /* of delays and errors */

    /* API Gateway's part; 0: no limit. */
    uint64_t idle_timeout_ns;        /* closes after so long without a message either way */
    uint64_t max_lifetime_ns;        /* closes after so long */
    uint64_t frame_limit;            /* bytes of payload, both ways */
    uint64_t message_limit;          /* bytes, of messages that come in; never above 16 MiB */
    uint64_t integration_timeout_ns; /* an answer that takes longer is reported timed out then */
    struct server_quota connect_quota;
    struct server_quota message_quota; /* of messages that come in */

    /* What a handshake must bring; all borrowed. */
    const struct header *required; /* headers with their values, else 401 */
    size_t required_count;
    struct text sigv4_region; /* signed for execute-api in it, else 403; no data: need not be */
    struct sigv4_credentials credentials;
};

/* What was served, counted by the server itself. */
struct server_counts {
    uint64_t connections; /* upgrades completed */
    uint64_t refused;     /* handshakes turned down with 401, 403 or 429 */
    uint64_t messages;    /* complete messages received */
    uint64_t sent;        /* messages sent in all, to everybody */
    uint64_t replies;     /* good replies sent to their end */
    uint64_t errors;      /* error replies and gateway error frames sent */
};

#endif
