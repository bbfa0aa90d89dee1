/* The options of a load test, as they were asked for. */
#ifndef WSLOAD_COMMAND_RUN_OPTIONS_H
#define WSLOAD_COMMAND_RUN_OPTIONS_H

#include "wsload/command/option.h"

#define CONNECTIONS_MAX 16000000

/* A count that was not given, where 0 can be. */
#define COUNT_NOT_GIVEN UINT64_MAX

struct run_options {
    const char *url;          /* argument 1; NULL when missing */
    const char *prompts_file; /* argument 2; NULL for prompts.txt */

    uint64_t connections; /* 0: not given */
    uint64_t requests;    /* 0: not given */
    uint64_t duration_ns; /* 0: not given */
    struct option_list stages;
    double rate;            /* negative: not given */
    const char *arrival;    /* NULL: not given */
    uint64_t in_flight;     /* 0: not given */
    uint64_t max_queue;     /* COUNT_NOT_GIVEN */
    const char *think_time; /* NULL: not given */
    uint64_t warmup_ns;     /* 0: not given */
    bool hold;
    bool connection_per_request;
    uint64_t threads; /* 0: not given */
    uint64_t seed;    /* COUNT_NOT_GIVEN */

    const char *template;     /* text, or @FILE */
    const char *prompt_field; /* NULL: not given */
    const char *setup;        /* NULL: not given */
    bool allow_oversize;

    struct option_list reply_end;
    struct option_list ignore;
    struct option_list fail_on;
    struct option_list expect;
    const char *expect_bytes;    /* NULL: not given */
    const char *correlate;       /* NULL: not given */
    const char *gateway_timeout; /* NULL: not given */
    bool one_way;
    uint64_t timeout_ns;

    struct option_list headers;
    struct option_list query;
    const char *bearer_file;  /* NULL: not given */
    const char *api_key_file; /* NULL: not given */
    const char *users;        /* NULL: not given */
    const char *origin;       /* NULL: not given; "" sends none */
    struct option_list subprotocols;
    const char *keepalive;    /* NULL: not given */
    uint64_t max_lifetime_ns; /* 0: not given */
    bool compress;
    uint64_t connect_timeout_ns;
    double connect_rate; /* negative: not given */
    struct option_list resolve;
    struct option_list connect_to;
    const char *interface; /* NULL: not given */
    bool ipv4;
    bool ipv6;

    const char *aws_sigv4; /* NULL: not given, as the next three */
    const char *sigv4_in;  /* query or header */
    const char *sigv4_host;
    const char *profile;
    double price_messages; /* USD per million; negative: not given */
    double price_minutes;  /* likewise */

    const char *cacert;
    const char *cert;
    const char *key;
    bool insecure;
    const char *sni;
    const char *tls_max; /* NULL: not given */
    const char *ciphers; /* NULL: not given */
    bool tls_resume;

    uint64_t max_latency_ns; /* 0: not given */
    double min_rps;          /* negative: not given */
    double min_success_rate; /* negative: not given */
    struct option_list thresholds;
    bool strict;
    const char *summary;
    const char *hgrm;   /* NULL: not given */
    const char *record; /* NULL: not given */
    bool record_replies;
    const char *progress;
    bool quiet;
    bool no_color;
    bool verbose;

    bool version;
    bool help;
};

/* The table. Arguments: URL (WSLOAD_URL) and PROMPTS_FILE (WSLOAD_PROMPTS_FILE). */
extern const struct option_set run_option_set;

/* Defaults, environment and command line. 0 or -1. */
int run_options_parse(int argc, char *const argv[], struct run_options *options,
                      struct error *error);

#endif
