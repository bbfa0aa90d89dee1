/* The options of a load test, as they were asked for. */
#ifndef WSLOAD_COMMAND_RUN_OPTIONS_H
#define WSLOAD_COMMAND_RUN_OPTIONS_H

#include "wsload/command/option.h"

struct run_options {
    const char *url;          /* argument 1; NULL when missing */
    const char *prompts_file; /* argument 2; NULL for prompts.txt */

    uint64_t connections;
    uint64_t requests;    /* 0: not given */
    uint64_t duration_ns; /* 0: not given */
    bool connection_per_request;

    const char *template;     /* text, or @FILE */
    const char *prompt_field; /* NULL: not given */
    struct option_list fail_on;
    uint64_t timeout_ns;
    bool allow_oversize;

    const char *origin; /* NULL: not given; "" sends none */
    struct option_list headers;
    struct option_list subprotocols;
    uint64_t connect_timeout_ns;
    struct option_list resolve;
    struct option_list connect_to;
    bool ipv4;
    bool ipv6;

    const char *cacert;
    const char *cert;
    const char *key;
    bool insecure;
    const char *sni;

    uint64_t max_latency_ns; /* 0: not given */
    double min_rps;          /* negative: not given */
    double min_success_rate; /* negative: not given */
    const char *summary;
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
