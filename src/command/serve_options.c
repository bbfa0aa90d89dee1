#include "serve_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"
#include "outputs.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/random.h"

#define MESSAGE_LIMIT_MAX (16u * 1024u * 1024u)

#define FIELD(name) offsetof(struct serve_options, name)

static const struct option_row rows[] = {
    {"listen", 0, "ADDR:PORT", OPTION_TEXT, FIELD(listen), "Serving", .help = "where to listen",
     .initial = "127.0.0.1:8080",
     .more = "A numeric address, IPv6 in brackets. Port 0 takes any free one."},
    {"port-file", 0, "FILE", OPTION_OUTPUT, FIELD(server.port_file), "Serving",
     .help = "write the port here once it listens"},
    {"allow-remote", 0, NULL, OPTION_FLAG, FIELD(allow_remote), "Serving",
     .help = "listen on other than loopback addresses"},
    {"tls", 0, NULL, OPTION_FLAG, FIELD(server.tls), "Serving",
     .help = "wss, with a throwaway certificate",
     .more = "For localhost, 127.0.0.1 and ::1, signed by an authority made for this one process; "
             "--ca-out writes that authority, for a client to trust."},
    {"ca-out", 0, "FILE", OPTION_OUTPUT, FIELD(server.ca_out), "Serving",
     .help = "write the throwaway authority here (PEM)"},
    {"delay", 0, "T | T1-T2", OPTION_RANGE, FIELD(delay), "Answers",
     .help = "time to the first message of an answer", .initial = "0",
     .more = "A range is drawn from uniformly. It counts from the arrival of what is answered, and "
             "does not hold up other connections."},
    {"stream", 0, "N", OPTION_COUNT, FIELD(server.stream), "Answers",
     .help = "messages of an answer [1]", .minimum = 1, .maximum = 100000,
     .more = "Each is made from --reply, where {{token}} is \"tok1 \", \"tok2 \" and so on, and "
             "{{part}} counts from 0. With --profile: as many instead of the profile's 20; "
             "mcn-load-test and simple-chat answer in one message, and take none."},
    {"gap", 0, "T", OPTION_DURATION, FIELD(server.gap_ns), "Answers",
     .help = "between messages of an answer", .initial = "20ms",
     .more = "Message k is due at the delay plus k gaps, so that lateness does not add up."},
    {"reply", 0, "TEXT", OPTION_TEXT, FIELD(reply), "Answers",
     .help = "message, or @FILE [the prompt back]",
     .more = "A template. {{prompt}} is the prompt of the message, escaped for a JSON string: its "
             "member message, prompt, data or question, or else the whole message; {{prompt:raw}} "
             "is the same as it is; {{correlation}} is its member id, request_id, requestId or "
             "correlationId; {{connectionId}} and {{requestId}} look like API Gateway's; {{seq}} "
             "counts messages received, {{timestamp}} is the Unix time in milliseconds. {{token}} "
             "and {{part}}: see --stream. Without it: " SERVER_DEFAULT_REPLY},
    {"reply-end", 0, "TEXT", OPTION_TEXT, FIELD(reply_end), "Answers",
     .help = "last message, one gap after the others", .more = "A template, as --reply."},
    {"error-rate", 0, "PCT", OPTION_PERCENT, FIELD(server.error_percent), "Answers",
     .help = "answer these with errors", .initial = "0",
     .more = "API Gateway's error frame \"Internal server error\", or what the profile says."},
    {"profile", 0, "NAME", OPTION_CHOICE, FIELD(server.profile), "Answers",
     .help = "answer as a published sample does", .choices = server_profiles,
     .more = "Each takes its sample's messages, and streams 20 messages if the sample streams, "
             "with the sample's end, keep-alives, stray messages and errors. What the sample has "
             "no route for gets \"Forbidden\". simple-chat answers everybody who is connected; the "
             "errors of serverless-patterns-rust and amazon-bedrock-websocket are silence."},
    {"idle-timeout", 0, "T", OPTION_DURATION, FIELD(server.idle_timeout_ns), "Gateway",
     .help = "close with 1001 when nothing comes or goes", .minimum = NS_PER_MS,
     .more = "For so long: API Gateway waits 10 minutes. Pings do not count as messages here; "
             "whether they do there is not known."},
    {"max-lifetime", 0, "T", OPTION_DURATION, FIELD(server.max_lifetime_ns), "Gateway",
     .help = "close with 1001 after so long", .minimum = NS_PER_MS,
     .more = "API Gateway: 2 hours."},
    {"frame-limit", 0, "SIZE", OPTION_SIZE, FIELD(server.frame_limit), "Gateway",
     .help = "close with 1009 above it; 0: none", .initial = "32KiB",
     .more = "Of the payload of one frame. Longer messages to the client go in several frames. "
             "Above --message-limit it changes nothing for what comes in: what exceeds it exceeds "
             "that, too, and closes with 1009 either way."},
    {"message-limit", 0, "SIZE", OPTION_SIZE, FIELD(server.message_limit), "Gateway",
     .help = "close with 1009 above it; 0: 16 MiB", .maximum = MESSAGE_LIMIT_MAX,
     .initial = "128KiB", .more = "Of a message from the client, however many frames it comes in."},
    {"integration-timeout", 0, "T", OPTION_DURATION, FIELD(server.integration_timeout_ns),
     "Gateway", .help = "report answers that take longer", .minimum = NS_PER_MS,
     .more = "With \"Endpoint request timed out\" after so long (API Gateway: 29 s). The answer "
             "goes on, as it does there."},
    {"connect-quota", 0, "N", OPTION_RATE, FIELD(connect_quota), "Gateway",
     .help = "handshakes per second, then 429",
     .more = "A bucket that holds a second's worth. 0 refuses all, as a stage does that was "
             "deployed with a throttling of 0. API Gateway: 500 for an account."},
    {"message-quota", 0, "N", OPTION_RATE, FIELD(message_quota), "Gateway",
     .help = "messages per second, then error frames",
     .more = "\"Too Many Requests\". Messages from clients, all connections together, in a bucket "
             "that holds a second's worth. 0 refuses all, as a stage does that was deployed with a "
             "throttling of 0. API Gateway: 10,000 for an account, those to clients included."},
    {"require-header", 0, "'N: V'", OPTION_LIST, FIELD(require_header), "Gateway",
     .help = "in every handshake, else 401",
     .more = "In the form 'Name: value', as for x-api-key or Authorization. Values given here can "
             "be read in the process list; the environment variable is safer."},
    {"require-sigv4", 0, "REGION", OPTION_TEXT, FIELD(require_sigv4), "Gateway",
     .help = "every handshake signed, else 403",
     .more = "For the service execute-api, in the query or in headers, with AWS_ACCESS_KEY_ID, "
             "AWS_SECRET_ACCESS_KEY and, if it is set, AWS_SESSION_TOKEN of the environment. Any "
             "made-up ones will do: nothing leaves this machine."},
    {"quiet", 'q', NULL, OPTION_FLAG, FIELD(quiet), "Other", .help = "print nothing"},
    {"help", 'h', NULL, OPTION_FLAG, FIELD(help), "Other", .help = "print this help"},
};

static const struct option_synonym synonyms[] = {
    {"port p address bind b host", "--listen ADDR:PORT"},
    {"latency sleep", "--delay T"},
    {"ssl https", "--tls"},
    {0},
};

const struct option_set serve_option_set = {
    .tables = {{rows, ARRAY_LENGTH(rows)}},
    .command = "wsload serve",
    .size = sizeof(struct serve_options),
    .synonyms = synonyms,
};

/* --- What the table cannot check --- */

/* Whether ADDRESS is numeric, and LOOPBACK. */
static bool is_address(const char *address, bool *loopback)
{
    struct in_addr four;
    struct in6_addr six;
    bool is_four = inet_pton(AF_INET, address, &four) == 1;
    if (!is_four && inet_pton(AF_INET6, address, &six) != 1)
        return false;
    *loopback = is_four ? ntohl(four.s_addr) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&six);
    return true;
}

/* ADDR:PORT, [ADDR]:PORT. */
static int parse_listen(struct serve_options *options, struct error *error)
{
    char *address = options->address;
    const char *text = options->listen;
    const char *colon = strrchr(text, ':');
    bool brackets = text[0] == '[' && colon && colon[-1] == ']';
    const char *start = text + brackets;
    size_t length = colon ? (size_t)(colon - brackets - start) : 0;
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (!colon || digits == 0 || digits > 5 || colon[1 + digits] || length >= INET6_ADDRSTRLEN)
        return error_set(error, "--listen '%s': use ADDRESS:PORT, as in 127.0.0.1:8080", text);
    snprintf(address, INET6_ADDRSTRLEN, "%.*s", (int)length, start);
    bool loopback;
    unsigned long number = strtoul(colon + 1, NULL, 10);
    if (!is_address(address, &loopback) || number > 65535)
        return error_set(error,
                         "--listen '%s': use a numeric address and a port up to 65535, as in "
                         "127.0.0.1:8080 or [::1]:8080",
                         text);
    if (!loopback && !options->allow_remote)
        return error_set(error,
                         "--listen '%s': others could reach this address; add --allow-remote if "
                         "they may, or listen on 127.0.0.1",
                         text);
    options->server.address = address;
    options->server.port = (uint16_t)number;
    return 0;
}

static int set_answers(struct serve_options *options, struct error *error)
{
    struct server_options *server = &options->server;
    server->delay_low_ns = options->delay.low;
    server->delay_high_ns = options->delay.high;
    if (server->profile && (options->reply || options->reply_end))
        return error_set(error, "--profile and %s: the profile brings its own; leave one out",
                         options->reply ? "--reply" : "--reply-end");
    if (option_given(option_find(&serve_option_set, "gap"), options) && server->stream < 2 &&
        !server->profile && !options->reply_end)
        return error_set(error, "--gap: an answer of one message has none; add --stream N, or "
                                "leave it out");
    if (options->reply_end && !options->reply_end[0])
        return error_set(error, "--reply-end '': an empty message would not be seen as an end; "
                                "leave it out for none");
    if (options->reply_end)
        server->reply_end = text_of(options->reply_end);
    if (option_read_text(options->reply ? options->reply : SERVER_DEFAULT_REPLY,
                         &options->reply_file, &server->reply, error))
        return error_prefix(error, "--reply");
    return 0;
}

/* Each has a place of its own, and none is a file that is read. */
static int check_outputs(const struct serve_options *options, struct error *error)
{
    struct outputs outputs = {.count = 0};
    const char *reply = options->reply && options->reply[0] == '@' ? options->reply + 1 : NULL;
    outputs_add(&outputs, "--port-file", NULL, options->server.port_file);
    outputs_add(&outputs, "--ca-out", NULL, options->server.ca_out);
    return outputs_check_input(&outputs, "--reply", reply, error) || outputs_check(&outputs, error)
               ? -1
               : 0;
}

static int set_signature(struct server_options *server, const char *region, struct error *error)
{
    if (!region)
        return 0;
    if (!region[0] || region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        return error_set(error, "--require-sigv4 '%s': use a Region, as in us-east-1", region);
    server->sigv4_region = text_of(region);
    server->credentials = (struct sigv4_credentials){
        .access_key = text_of(getenv("AWS_ACCESS_KEY_ID")),
        .secret_key = text_of(getenv("AWS_SECRET_ACCESS_KEY")),
        .session_token = text_of(getenv("AWS_SESSION_TOKEN")),
    };
    if (!server->credentials.access_key.length || !server->credentials.secret_key.length)
        return error_set(error, "--require-sigv4: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                                "in the environment, to any test keys");
    return 0;
}

static int set_handshake(struct serve_options *options, struct error *error)
{
    struct server_options *server = &options->server;
    for (size_t i = 0; i < options->require_header.count; i++)
        if (header_parse(options->require_header.items[i], &options->required[i], error))
            return error_prefix(error, "--require-header");
    server->required = options->required;
    server->required_count = options->require_header.count;
    return set_signature(server, options->require_sigv4, error);
}

int serve_options_complete(struct serve_options *options, struct error *error)
{
    struct server_options *server = &options->server;
    server->seed = random_seed_from_system();
    server->connect_quota = (struct server_quota){options->connect_quota >= 0,
                                                  options->connect_quota};
    server->message_quota = (struct server_quota){options->message_quota >= 0,
                                                  options->message_quota};
    if (server->ca_out && !server->tls)
        return error_set(error, "--ca-out goes with --tls; add it");
    if (parse_listen(options, error) || check_outputs(options, error) ||
        set_answers(options, error) || set_handshake(options, error))
        return -1;
    return 0;
}
