/* The options of `wsload serve`, and what they make of the server: files and the environment are
 * read, and checked is what the option table cannot. */
#ifndef WSLOAD_COMMAND_SERVE_OPTIONS_H
#define WSLOAD_COMMAND_SERVE_OPTIONS_H

#include <arpa/inet.h>

#include "option.h"
#include "wsload/server/options.h"

/* What was not given is as in struct option_row. */
struct serve_options {
    struct server_options
        server; /* points into the rest, to texts of options and the environment */
    const char *listen;
    bool allow_remote;
    struct option_range delay;
    const char *reply;         /* template, or @FILE */
    const char *reply_end;     /* template */
    double connect_quota;      /* 0 lets nothing through */
    double message_quota;      /* likewise */
    const char *require_sigv4; /* Region */
    struct option_list require_header;
    bool quiet;
    bool help;

    char address[INET6_ADDRSTRLEN]; /* of listen */
    struct buffer reply_file;       /* owned, of --reply @FILE */
    struct header required[OPTION_LIST_MAX];
};

/* Fills in what OPTIONS, parsed, lack of the server's. They must stay where they are. 0, or -1 and
 * an error that names the option; the caller frees the reply's file either way. */
int serve_options_complete(struct serve_options *options, struct error *error);

#endif
