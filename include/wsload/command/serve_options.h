/* The options of `wsload serve`, as they were asked for. */
#ifndef WSLOAD_COMMAND_SERVE_OPTIONS_H
#define WSLOAD_COMMAND_SERVE_OPTIONS_H

#include "wsload/command/option.h"

/* NULL and 0: not given, where nothing else is said. Times in ns. */
struct serve_options {
    const char *listen;
    const char *port_file;
    bool tls;
    const char *ca_out;
    bool allow_remote;

    struct option_range delay;
    uint64_t gap_ns;
    uint64_t stream;       /* messages */
    double error_rate;     /* percent */
    const char *profile;   /* one of server_profiles */
    const char *reply;     /* template, or @FILE */
    const char *reply_end; /* template */

    uint64_t idle_timeout_ns;
    uint64_t max_lifetime_ns;
    uint64_t integration_timeout_ns;
    const char *frame_limit;   /* size; "0": none */
    const char *message_limit; /* likewise */
    const char *connect_quota; /* rate; "0" lets nothing through */
    const char *message_quota; /* likewise */
    const char *require_sigv4; /* Region */
    struct option_list require_header;

    bool quiet;
    bool help;
};

/* The table. It takes no arguments besides options. */
extern const struct option_set serve_option_set;

/* Defaults, environment and command line. 0 or -1. */
int serve_options_parse(int argc, char *const argv[], struct serve_options *options,
                        struct error *error);

#endif
