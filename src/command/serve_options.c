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
     .help = "time to the first message of an answer",
     .more = "A range is drawn from uniformly. It counts from the arrival of what is answered, and "
             "does not hold up other connections."},
    {"stream", 0, "N", OPTION_COUNT, FIELD(stream), .minimum = 1, .maximum = 100000,
     .group = "Answers", .help = "messages of an answer [1]",
     .more = "Each is made from --reply, where {{token}} is \"tok1 \", \"tok2 \" and so on, and "
             "{{part}} counts from 0. With --profile: as many instead of the profile's 20; "
             "mcn-load-test and simple-chat answer in one message, and take none."},
    {"gap", 0, "T", OPTION_DURATION, FIELD(gap_ns), .initial = "20ms", .group = "Answers",
     .help = "between messages of an answer",
     .more = "Message k is due at the delay plus k gaps, so that lateness does not add up."},
    {"reply", 0, "TEXT", OPTION_TEXT, FIELD(reply), .group = "Answers",
     .help = "message, or @FILE [the prompt back]",
     .more = "A template. {{prompt}} is the prompt of the message, escaped for a JSON string: its "
             "member message, prompt, data or question, or else the whole message; {{prompt:raw}} "
             "is the same as it is; {{correlation}} is its member id, request_id, requestId or "
             "correlationId; {{connectionId}} and {{requestId}} look like API Gateway's; {{seq}} "
             "counts messages received, {{timestamp}} is the Unix time in milliseconds. {{token}} "
             "and {{part}}: see --stream. Without it: " SERVER_DEFAULT_REPLY},
    {"reply-end", 0, "TEXT", OPTION_TEXT, FIELD(reply_end), .group = "Answers",
     .help = "last message, one gap behind the others", .more = "A template, as --reply."},
    {"error-rate", 0, "PCT", OPTION_PERCENT, FIELD(error_rate), .initial = "0", .group = "Answers",
     .help = "answer these with errors",
     .more = "API Gateway's error frame \"Internal server error\", or what the profile says."},
    {"profile", 0, "NAME", OPTION_CHOICE, FIELD(profile), .choices = server_profiles,
     .group = "Answers", .help = "answer as a published sample does",
     .more = "Each takes its sample's messages, and streams 20 messages if the sample streams, "
             "with the sample's end, keep-alives, stray messages and errors. What the sample has "
             "no route for gets \"Forbidden\". simple-chat answers everybody who is connected; the "
             "errors of serverless-patterns-rust and amazon-bedrock-websocket are silence."},
    {"idle-timeout", 0, "T", OPTION_DURATION, FIELD(idle_timeout_ns), .group = "Gateway",
     .help = "close with 1001 when nothing comes or goes",
     .more = "For so long: API Gateway waits 10 minutes. Pings do not count as messages here; "
             "whether they do there is not known."},
    {"max-lifetime", 0, "T", OPTION_DURATION, FIELD(max_lifetime_ns), .group = "Gateway",
     .help = "close with 1001 after so long", .more = "API Gateway: 2 hours."},
    {"frame-limit", 0, "SIZE", OPTION_TEXT, FIELD(frame_limit), .initial = "32KiB",
     .group = "Gateway", .help = "close with 1009 above it; 0: none",
     .more = "Of the payload of one frame. Longer messages to the client go in several frames. "
             "Above --message-limit it changes nothing for what comes in: what exceeds it exceeds "
             "that, too, and closes with 1009 either way."},
    {"message-limit", 0, "SIZE", OPTION_TEXT, FIELD(message_limit), .initial = "128KiB",
     .group = "Gateway", .help = "close with 1009 above it; 0: 16 MiB",
     .more = "Of a message from the client, however many frames it comes in."},
    {"integration-timeout", 0, "T", OPTION_DURATION, FIELD(integration_timeout_ns),
     .group = "Gateway", .help = "report answers that take longer",
     .more = "With \"Endpoint request timed out\" after so long (API Gateway: 29 s). The answer "
             "goes on, as it does there."},
    {"connect-quota", 0, "N", OPTION_TEXT, FIELD(connect_quota), .group = "Gateway",
     .help = "handshakes per second, then 429",
     .more = "A bucket that holds a second's worth. 0 refuses all, as a stage does that was "
             "deployed with a throttling of 0. API Gateway: 500 for an account."},
    {"message-quota", 0, "N", OPTION_TEXT, FIELD(message_quota), .group = "Gateway",
     .help = "messages per second, then error frames",
     .more = "\"Too Many Requests\". Messages from clients, all connections together, in a bucket "
             "that holds a second's worth. 0 refuses all, as a stage does that was deployed with a "
             "throttling of 0. API Gateway: 10,000 for an account, those to clients included."},
    {"require-header", 0, "'N: V'", OPTION_LIST, FIELD(require_header), .group = "Gateway",
     .help = "in every handshake, else 401",
     .more = "In the form 'Name: value', as for x-api-key or Authorization. Values given here can "
             "be read in the process list; the environment variable is safer."},
    {"require-sigv4", 0, "REGION", OPTION_TEXT, FIELD(require_sigv4), .group = "Gateway",
     .help = "every handshake signed, else 403",
     .more = "For the service execute-api, in the query or in headers, with AWS_ACCESS_KEY_ID, "
             "AWS_SECRET_ACCESS_KEY and, if it is set, AWS_SESSION_TOKEN of the environment. Any "
             "made-up ones will do: nothing leaves this machine."},
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
