/* The options of `wsload serve`, as they were asked for. */
#ifndef WSLOAD_COMMAND_SERVE_OPTIONS_H
#define WSLOAD_COMMAND_SERVE_OPTIONS_H

#include "wsload/command/option.h"

struct serve_options {
    const char *listen;
    const char *port_file; /* NULL: not given */
    bool tls;
    const char *ca_out;        /* NULL: not given */
    struct option_range delay; /* ns */
    double error_rate;         /* percent */
    const char *reply;         /* template, or @FILE */
    bool allow_remote;
    bool quiet;
    bool help;
};

/* The table. It takes no arguments besides options. */
extern const struct option_set serve_option_set;

/* Defaults, environment and command line. 0 or -1. */
int serve_options_parse(int argc, char *const argv[], struct serve_options *options,
                        struct error *error);

#endif
