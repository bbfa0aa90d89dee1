/* The options of a load test, as they were asked for. */
#ifndef WSLOAD_COMMAND_RUN_OPTIONS_H
#define WSLOAD_COMMAND_RUN_OPTIONS_H

#include "outputs.h"
#include "wsload/load/plan.h"

#define CONNECTIONS_MAX 16000000

/* Where nothing else is said, an option that was not given is as in struct option_row. */
struct run_options {
    const char *url;                 /* argument 1; NULL when missing */
    const char *prompts_file;        /* argument 2; NULL for prompts.txt */
    const char *prompt_text;         /* in place of that file; NULL: none */
    struct plan plan;                /* what stands in the plan as it was given, the rest zeroed */
    struct identity_config identity; /* likewise */

    uint64_t connections;
    struct option_list stages;
    double rate;
    const char *arrival;
    uint64_t in_flight;
    const char *think_time;
    bool hold;
    const char *rehearsal;
    uint64_t threads;
    const char *timestamps;

    const char *template; /* text, or @FILE */
    const char *prompt_field;
    const char *setup;
    bool allow_oversize;

    struct option_list reply_end;
    struct option_list ignore;
    struct option_list fail_on;
    struct option_list expect;
    const char *expect_bytes;
    const char *correlate;
    const char *gateway_timeout;

    struct option_list headers;
    struct option_list query;
    const char *users;
    const char *origin; /* "" sends none */
    struct option_list subprotocols;
    const char *keepalive;
    struct option_list resolve;
    struct option_list connect_to;
    const char *interface;
    bool ipv4;
    bool ipv6;
    const char *tls_max;

    const char *sigv4_in; /* query or header */

    uint64_t max_latency_ns;
    double min_rps;
    double min_success_rate;
    struct option_list thresholds;
    const char *summary;
    struct option_list out;
    const char *hgrm;
    const char *record;
    const char *progress;
    struct show show; /* without its path */
    bool verbose;

    bool version;
    bool help;

    uint64_t try_prompts; /* of `wsload try` alone, as is the next */
    uint64_t try_quiet_ns;
};

/* Defaults, environment and command line. 0 or -1. */
int run_options_parse(int argc, char *const argv[], struct run_options *options,
                      struct error *error);

#endif
