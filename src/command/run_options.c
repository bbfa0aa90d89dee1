#include "wsload/command/run_options.h"

#include "wsload/base/clock.h"

#define FIELD(name) offsetof(struct run_options, name)

static const char *const progress_choices[] = {"auto", "bar", "plain", "none", NULL};

/* clang-format off: a table reads best as one */
static const struct option_row rows[] = {
    {"connections", 'c', "N", OPTION_COUNT, FIELD(connections), .minimum = 1, .maximum = 16000000,
     .initial = "10", .group = "Load", .help = "concurrent connections",
     .more = "They are opened first and stay open; the run's clock starts when each is open or has "
             "given up its first attempt; when none is open by then, the run ends. They share out "
             "the prompts, one request in flight each. A connection that breaks fails its request "
             "and is opened again for the next prompt, after 100 ms doubling to 5 s; when it does "
             "not open, that prompt fails as well. The limit of open files bounds N: 'ulimit -n'."},
    {"requests", 'n', "N", OPTION_COUNT, FIELD(requests), .minimum = 1, .group = "Load",
     .help = "requests in all [each prompt once]",
     .more = "More than the file has: the prompts go round again. With --duration, whichever ends "
             "first ends the run."},
    {"duration", 'd', "T", OPTION_DURATION, FIELD(duration_ns), .minimum = NS_PER_MS,
     .group = "Load", .help = "send for this long, going round",
     .more = "Replies in flight at the end are still awaited, up to --timeout."},
    {"connection-per-request", 0, NULL, OPTION_FLAG, FIELD(connection_per_request), .group = "Load",
     .help = "open, send one prompt, read, close",
     .more =
         "As a chat client that connects for each question. Opening is not part of the latency, "
         "but of the run's time. A connection that does not open fails its request."},

    {"template", 0, "TEXT", OPTION_TEXT, FIELD(template), .group = "Messages",
     .initial = "{\"message\": \"{{prompt}}\"}", .help = "message, or @FILE",
     .more =
         "{{prompt}} is the prompt, escaped for a JSON string; {{prompt:raw}} as it is; {{id}} "
         "is unique for each request, {{seq}} its number from 1, {{timestamp}} the Unix time in "
         "milliseconds. @FILE reads the template from a file, without a line break at its end."},
    {"prompt-field", 0, "NAME", OPTION_TEXT, FIELD(prompt_field), .group = "Messages",
     .help = "member with the text in a .jsonl file",
     .more = "Without it, 'prompt' and then 'Question' are tried. Other files have one prompt a "
             "line."},
    {"fail-on", 0, "TEXT", OPTION_LIST, FIELD(fail_on), .group = "Messages",
     .help = "a reply that contains it is a failure",
     .more = "For backends that answer 'Une erreur ...' in a well-formed reply. Compared byte by "
             "byte. API Gateway's own error frames are always failures."},
    {"timeout", 0, "T", OPTION_DURATION, FIELD(timeout_ns), .minimum = NS_PER_MS, .initial = "30s",
     .group = "Messages", .help = "wait this long for a reply",
     .more = "A reply that comes later would be taken for that of the next request, so the "
             "connection is closed as well and opened again."},
    {"allow-oversize", 0, NULL, OPTION_FLAG, FIELD(allow_oversize), .group = "Messages",
     .help = "send messages over 128 KiB too",
     .more =
         "API Gateway closes the connection with 1009 for those, so they are refused before the "
         "run unless this is given."},

    {"origin", 0, "URL", OPTION_TEXT, FIELD(origin), .group = "Connection",
     .help = "Origin header [https://HOST for wss]",
     .more =
         "By default https://HOST[:PORT] for wss:// and http://HOST[:PORT] for ws://, as a page "
         "from the same host would send it. An empty text sends none."},
    {"header", 'H', "'N: V'", OPTION_LIST, FIELD(headers), .group = "Connection",
     .help = "further header of the handshake",
     .more =
         "In the form 'Name: value'. Values given here can be read in the process list by every "
         "user of the machine: a token is safer in the environment variable. Host replaces the "
         "Host header, and the TLS name stays that of the URL."},
    {"subprotocol", 0, "NAME", OPTION_LIST, FIELD(subprotocols), .group = "Connection",
     .help = "offer this subprotocol"},
    {"connect-timeout", 0, "T", OPTION_DURATION, FIELD(connect_timeout_ns), .minimum = NS_PER_MS,
     .initial = "10s", .group = "Connection", .help = "wait this long for an open connection",
     .more = "From the start of the TCP connection to the end of the WebSocket handshake."},
    {"resolve", 0, "H:P:ADDR", OPTION_LIST, FIELD(resolve), .group = "Connection",
     .help = "address of host H for port P",
     .more = "HOST:PORT:ADDRESS[,ADDRESS], as in curl. Name resolution is left out; SNI, Host and "
             "the certificate check keep the URL's name. '*' stands for any host."},
    {"connect-to", 0, "H:P:H2:P2", OPTION_LIST, FIELD(connect_to), .group = "Connection",
     .help = "connect to H2:P2 instead of H:P",
     .more = "HOST1:PORT1:HOST2:PORT2, as in curl; parts may be empty. SNI, Host and the "
             "certificate check keep the URL's name."},
    {"ipv4", '4', NULL, OPTION_FLAG, FIELD(ipv4), .group = "Connection",
     .help = "use IPv4 addresses only"},
    {"ipv6", '6', NULL, OPTION_FLAG, FIELD(ipv6), .group = "Connection",
     .help = "use IPv6 addresses only"},

    {"cacert", 0, "FILE", OPTION_TEXT, FIELD(cacert), .group = "TLS",
     .help = "trust these authorities (PEM)", .more = "Instead of the system's."},
    {"cert", 0, "FILE", OPTION_TEXT, FIELD(cert), .group = "TLS",
     .help = "client certificate (PEM)"},
    {"key", 0, "FILE", OPTION_TEXT, FIELD(key), .group = "TLS",
     .help = "its private key (PEM) [that of --cert]"},
    {"insecure", 'k', NULL, OPTION_FLAG, FIELD(insecure), .group = "TLS",
     .help = "accept any certificate"},
    {"sni", 0, "NAME", OPTION_TEXT, FIELD(sni), .group = "TLS",
     .help = "server name for TLS [the URL's host]",
     .more = "Sent in the handshake, and expected in the certificate."},

    {"max-latency", 0, "T", OPTION_DURATION, FIELD(max_latency_ns), .minimum = NS_PER_US,
     .group = "Results", .help = "fail when the average latency is above"},
    {"min-rps", 0, "R", OPTION_RATE, FIELD(min_rps), .group = "Results",
     .help = "fail when requests per second are below"},
    {"min-success-rate", 0, "PCT", OPTION_PERCENT, FIELD(min_success_rate), .group = "Results",
     .help = "fail when fewer requests succeed"},
    {"summary", 0, "PATH", OPTION_TEXT, FIELD(summary), .initial = "load_test_summary.json",
     .group = "Results", .help = "JSON summary",
     .more =
         "'-' prints it to standard output, and nothing else goes there. The file appears whole "
         "or not at all. Its form: docs/summary.schema.json."},
    {"progress", 0, "MODE", OPTION_CHOICE, FIELD(progress), .choices = progress_choices,
     .initial = "auto", .group = "Results", .help = "bar, plain, none",
     .more = "auto: a live bar on a terminal, else one line every 10 s, on standard error."},
    {"quiet", 'q', NULL, OPTION_FLAG, FIELD(quiet), .group = "Results",
     .help = "no progress, no report",
     .more = "Errors are still shown, and the verdict when the run did not pass."},
    {"no-color", 0, NULL, OPTION_FLAG, FIELD(no_color), .group = "Results",
     .help = "no colours; NO_COLOR does the same"},
    {"verbose", 'v', NULL, OPTION_FLAG, FIELD(verbose), .group = "Results",
     .help = "show refused handshakes in full",
     .more = "For each status that a handshake was refused with: one more handshake after the run, "
             "of which the status, the x-amzn headers and the body are printed."},

    {"version", 0, NULL, OPTION_FLAG, FIELD(version), .group = "Other",
     .help = "print the version"},
    {"help", 'h', NULL, OPTION_FLAG, FIELD(help), .group = "Other", .help = "print this help"},
};
/* clang-format on */

static const char *const argument_env[] = {"WSLOAD_URL", "WSLOAD_PROMPTS_FILE"};

const struct option_set run_option_set = {
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .command = "wsload",
    .environment = "WSLOAD_",
    .arguments_max = 2,
    .argument_env = argument_env,
};

int run_options_parse(int argc, char *const argv[], struct run_options *options,
                      struct error *error)
{
    const char *arguments[2];
    *options = (struct run_options){.min_rps = -1, .min_success_rate = -1};
    options_set_defaults(&run_option_set, options);
    if (options_parse(&run_option_set, argc, argv, options, arguments, error))
        return -1;
    options->url = arguments[0];
    options->prompts_file = arguments[1];
    return 0;
}
