#include "wsload/command/serve_options.h"

#include "wsload/server/server.h"

#define FIELD(name) offsetof(struct serve_options, name)

/* clang-format off: a table reads best as one */
static const struct option_row rows[] = {
    {"listen", 0, "ADDR:PORT", OPTION_TEXT, FIELD(listen), .initial = "127.0.0.1:8080",
     .group = "Serving", .help = "where to listen",
     .more = "A numeric address, IPv6 in brackets. Port 0 takes any free one."},
    {"port-file", 0, "FILE", OPTION_TEXT, FIELD(port_file), .group = "Serving",
     .help = "write the port here once it listens"},
    {"allow-remote", 0, NULL, OPTION_FLAG, FIELD(allow_remote), .group = "Serving",
     .help = "listen on other than loopback addresses"},
    {"tls", 0, NULL, OPTION_FLAG, FIELD(tls), .group = "Serving",
     .help = "wss, with a throwaway certificate",
     .more = "For localhost, 127.0.0.1 and ::1, signed by an authority made for this one process; "
             "--ca-out writes that authority, for a client to trust."},
    {"ca-out", 0, "FILE", OPTION_TEXT, FIELD(ca_out), .group = "Serving",
     .help = "write the throwaway authority here (PEM)"},
    {"delay", 0, "T | T1-T2", OPTION_RANGE, FIELD(delay), .initial = "0", .group = "Answers",
     .help = "wait before each reply",
     .more = "A range is drawn from uniformly. The wait does not hold up other connections."},
    {"error-rate", 0, "PCT", OPTION_PERCENT, FIELD(error_rate), .initial = "0", .group = "Answers",
     .help = "answer these with gateway errors"},
    {"reply", 0, "TEXT", OPTION_TEXT, FIELD(reply), .initial = SERVER_DEFAULT_REPLY,
     .group = "Answers", .help = "reply, or @FILE [the prompt back]",
     .more = "A template. {{prompt}} is the prompt of the message, escaped for a JSON string: its "
             "member message, prompt, data or question, or else the whole message; {{prompt:raw}} "
             "is the same as it is; {{connectionId}} and {{requestId}} look like API Gateway's; "
             "{{seq}} counts messages, {{timestamp}} is the Unix time in milliseconds."},
    {"quiet", 'q', NULL, OPTION_FLAG, FIELD(quiet), .group = "Other", .help = "print nothing"},
    {"help", 'h', NULL, OPTION_FLAG, FIELD(help), .group = "Other", .help = "print this help"},
};
/* clang-format on */

const struct option_set serve_option_set = {
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .command = "wsload serve",
    .environment = "WSLOAD_SERVE_",
};

int serve_options_parse(int argc, char *const argv[], struct serve_options *options,
                        struct error *error)
{
    *options = (struct serve_options){0};
    options_set_defaults(&serve_option_set, options);
    return options_parse(&serve_option_set, argc, argv, options, NULL, error);
}
