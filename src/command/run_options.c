#include "wsload/command/run_options.h"

#include "wsload/base/clock.h"
#include "wsload/load/plan.h"

#define FIELD(name) offsetof(struct run_options, name)

/* Every whole number up to here is exact in the JSON of any reader. */
#define SEED_MAX ((UINT64_C(1) << 53) - 1)

static const char *const arrival_choices[] = {"constant", "poisson", NULL};
static const char *const tls_choices[] = {"1.2", "1.3", NULL};
static const char *const progress_choices[] = {"auto", "bar", "plain", "none", NULL};

/* clang-format off: a table reads best as one */
static const struct option_row rows[] = {
    {"connections", 'c', "N", OPTION_COUNT, FIELD(connections), .minimum = 1,
     .maximum = CONNECTIONS_MAX, .group = "Load", .help = "concurrent connections [10]",
     .more = "They are opened first and stay open; the run's clock starts when each is open or has "
             "given up its first attempt; when none is open by then, the run ends. Each "
             "sends its next prompt when the reply is there (closed model), or requests come due "
             "at --rate (open model), or none are sent (--hold). A connection that breaks fails "
             "its request and is opened again for the next one, after 100 ms doubling to 5 s; when "
             "it does not open, that one fails as well. The limit of open files bounds N: "
             "'ulimit -n'."},
    {"requests", 'n', "N", OPTION_COUNT, FIELD(requests), .minimum = 1, .group = "Load",
     .help = "requests in all [each prompt once]",
     .more = "More than the file has: the prompts go round again. With --duration, whichever ends "
             "first ends the run."},
    {"duration", 'd', "T", OPTION_DURATION, FIELD(duration_ns), .minimum = NS_PER_MS,
     .group = "Load", .help = "send for this long, going round",
     .more =
         "Replies in flight at the end are still awaited, up to --timeout; so are, with --rate, "
         "requests that wait for a free connection then."},
    {"stage", 's', "T:TARGET", OPTION_LIST, FIELD(stages), .group = "Load",
     .help = "go to TARGET within T; then the next stage",
     .more =
         "In a straight line from where the stage before ended, as in k6: '-s 30s:100 -s 2m:100' "
         "ramps up in 30 s and stays for 2 min. TARGET is a number of connections, which begins "
         "at --connections when that is given and else at 0; with --rate it is a rate, which "
         "begins there. The stages say how long the run is, in place of --duration."},
    {"rate", 'r', "R", OPTION_RATE, FIELD(rate), .group = "Load",
     .help = "requests due per second, replies or not",
     .both = "requests due per second; constant | poisson",
     .more = "The open model: requests come due at this rate over the held connections, whether or "
             "not earlier replies are back. One that finds no free connection waits for one, and "
             "its response time counts from when it was due."},
    {"arrival", 0, "LAW", OPTION_CHOICE, FIELD(arrival), .choices = arrival_choices,
     .group = "Load", .help = "how --rate is spread [constant]",
     .more = "constant: at even distances. poisson: at random ones, as independent users do, drawn "
             "from --seed."},
    {"in-flight", 0, "N", OPTION_COUNT, FIELD(in_flight), .minimum = 1, .maximum = IN_FLIGHT_MAX,
     .group = "Load", .help = "with --rate: requests per connection [1]",
     .both = "requests per connection [1]; waiting [100k]",
     .more = "At a time. With more than one, replies are taken to come in the order of requests."},
    {"max-queue", 0, "N", OPTION_COUNT, FIELD(max_queue), .maximum = 100000000, .group = "Load",
     .help = "with --rate: requests that may wait [100k]",
     .more = "For a free connection. Those that come due beyond it are counted as skipped."},
    {"think-time", 0, "T", OPTION_TEXT, FIELD(think_time), .group = "Load",
     .help = "rest between prompts: T, T1-T2 or exp:T",
     .more = "From a reply to the next prompt of that connection: always T, uniform between T1 and "
             "T2, or exponential with the mean T, drawn from --seed. Closed model only."},
    {"warmup", 0, "T", OPTION_DURATION, FIELD(warmup_ns), .minimum = NS_PER_MS, .group = "Load",
     .help = "run so long before measuring",
     .more = "At the level at which the run begins. What comes due in this time is counted apart "
             "and is in no figure. Goes with --duration or --stage."},
    {"hold", 0, NULL, OPTION_FLAG, FIELD(hold), .group = "Load",
     .help = "only hold connections open", .both = "only hold connections; send TEXT every T",
     .more = "No prompts are sent: how many connections stay open for --duration, and how long "
             "those live that do not."},
    {"keepalive", 0, "T:TEXT", OPTION_TEXT, FIELD(keepalive), .group = "Load",
     .help = "with --hold: each sends TEXT every T",
     .more = "A message as it is, at most 128 KiB. API Gateway closes a connection that has been "
             "idle for 10 minutes."},
    {"connection-per-request", 0, NULL, OPTION_FLAG, FIELD(connection_per_request), .group = "Load",
     .help = "open, send one prompt, read, close",
     .more =
         "As a chat client that connects for each question. Opening is not part of the latency, "
         "but of the run's time. A connection that does not open fails its request."},
    {"threads", 't', "N", OPTION_COUNT, FIELD(threads), .minimum = 1, .maximum = WORKERS_MAX,
     .group = "Load", .help = "workers [one per core and 50 connections]",
     .more = "By default as many as cores this process may use, at most one for every 50 "
             "connections. Connections and rate are shared out among them."},
    {"seed", 0, "N", OPTION_COUNT, FIELD(seed), .maximum = SEED_MAX, .group = "Load",
     .help = "repeat the run that showed this seed",
     .more = "Of everything random in when requests are sent. By default from the system."},

    {"template", 0, "TEXT", OPTION_TEXT, FIELD(template), .group = "Messages",
     .initial = "{\"message\": \"{{prompt}}\"}", .help = "message or @FILE",
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
    {"connect-rate", 0, "R", OPTION_RATE, FIELD(connect_rate), .group = "Connection",
     .help = "connections opened per second",
     .more = "By default as many as 256 handshakes at a time give; for a host "
             "*.execute-api.*.amazonaws.com 500 per second, which is API Gateway's account quota. "
             "0 lifts that."},
    {"resolve", 0, "H:P:ADDR", OPTION_LIST, FIELD(resolve), .group = "Connection",
     .help = "address of host H for port P",
     .more = "HOST:PORT:ADDRESS[,ADDRESS], as in curl. Name resolution is left out; SNI, Host and "
             "the certificate check keep the URL's name. '*' stands for any host."},
    {"connect-to", 0, "H:P:H2:P2", OPTION_LIST, FIELD(connect_to), .group = "Connection",
     .help = "connect to H2:P2 instead of H:P",
     .more = "HOST1:PORT1:HOST2:PORT2, as in curl; parts may be empty. SNI, Host and the "
             "certificate check keep the URL's name."},
    {"interface", 0, "ADDR,...", OPTION_TEXT, FIELD(interface), .group = "Connection",
     .help = "bind to these addresses in turn",
     .more = "Local addresses and CIDR blocks of them, as in 10.0.0.5,10.0.1.0/28. One address has "
             "some 28,000 ports for one target; more connections need more addresses."},
    {"ipv4", '4', NULL, OPTION_FLAG, FIELD(ipv4), .group = "Connection",
     .help = "use IPv4 addresses only", .both = "use IPv4 or IPv6 addresses only"},
    {"ipv6", '6', NULL, OPTION_FLAG, FIELD(ipv6), .group = "Connection",
     .help = "use IPv6 addresses only"},

    {"cacert", 0, "FILE", OPTION_TEXT, FIELD(cacert), .group = "TLS",
     .help = "trust these authorities (PEM)", .more = "Instead of the system's."},
    {"cert", 0, "FILE", OPTION_TEXT, FIELD(cert), .group = "TLS",
     .help = "client certificate (PEM)", .both = "client certificate and its key (PEM)"},
    {"key", 0, "FILE", OPTION_TEXT, FIELD(key), .group = "TLS",
     .help = "its private key (PEM) [that of --cert]"},
    {"insecure", 'k', NULL, OPTION_FLAG, FIELD(insecure), .group = "TLS",
     .help = "accept any certificate"},
    {"sni", 0, "NAME", OPTION_TEXT, FIELD(sni), .group = "TLS",
     .help = "server name for TLS [the URL's host]",
     .more = "Sent in the handshake, and expected in the certificate."},
    {"tls-max", 0, "V", OPTION_CHOICE, FIELD(tls_max), .choices = tls_choices, .group = "TLS",
     .help = "newest version offered", .both = "newest version; OpenSSL's list of ciphers"},
    {"ciphers", 0, "LIST", OPTION_TEXT, FIELD(ciphers), .group = "TLS",
     .help = "ciphers offered, OpenSSL's names",
     .more = "Separated by ':'. Names that begin with TLS_ are of TLS 1.3, the others of 1.2; a "
             "version "
             "without a name in the list keeps its default."},
    {"tls-resume", 0, NULL, OPTION_FLAG, FIELD(tls_resume), .group = "TLS",
     .help = "resume sessions of earlier connections",
     .more = "Without it each connection makes a full handshake, as real clients do that arrive "
             "cold."},

    {"max-latency", 0, "T", OPTION_DURATION, FIELD(max_latency_ns), .minimum = NS_PER_US,
     .group = "Results", .help = "fail when the average latency is above"},
    {"min-rps", 0, "R", OPTION_RATE, FIELD(min_rps), .group = "Results",
     .help = "fail when requests per second are below"},
    {"min-success-rate", 0, "PCT", OPTION_PERCENT, FIELD(min_success_rate), .group = "Results",
     .help = "fail when fewer requests succeed"},
    {"threshold", 0, "RULE", OPTION_LIST, FIELD(thresholds), .group = "Results",
     .help = "fail unless METRIC:STAT OP VALUE[,abort]",
     .more =
         "Such as 'latency:p(95)<500ms', 'response_time:p(99.9)<2s', 'success_rate>99', "
         "'errors{kind=reply_timeout}<10', 'connect.tls:avg<50ms'. STAT is avg, med, min, max, "
         "p(N), stddev, count or rate; OP is <, <=, >, >=, == or !=. With ',abort' the run ends "
         "as soon as it is sure to fail: that can be known of upper limits of counts and of max, "
         "and, when the number of requests is known, of latencies' avg, med and p(N) and of "
         "success_rate."},
    {"strict", 0, NULL, OPTION_FLAG, FIELD(strict), .group = "Results",
     .help = "exit with 4 when the run is invalid",
     .more =
         "That is when wsload itself was the bottleneck, or ran out of ports or descriptors; the "
         "report says why."},
    {"summary", 0, "PATH", OPTION_TEXT, FIELD(summary), .initial = "load_test_summary.json",
     .group = "Results", .help = "JSON summary",
     .more =
         "'-' prints it to standard output, and nothing else goes there. The file appears whole "
         "or not at all. Its form: docs/summary.schema.json."},
    {"hgrm", 0, "PATH", OPTION_TEXT, FIELD(hgrm), .group = "Results",
     .help = "percentiles as HdrHistogram plots them",
     .more = "Of the response time, or the latency when each prompt waits for a reply, in "
             "milliseconds. '-' prints them to standard output."},
    {"progress", 0, "MODE", OPTION_CHOICE, FIELD(progress), .choices = progress_choices,
     .initial = "auto", .group = "Results", .help = "bar, plain, none",
     .more = "auto: a live bar on a terminal, else one line every 10 s, on standard error."},
    {"quiet", 'q', NULL, OPTION_FLAG, FIELD(quiet), .group = "Results",
     .help = "no progress, no report", .both = "no progress or report; no colours",
     .more = "Errors are still shown, and the verdict when the run did not pass."},
    {"no-color", 0, NULL, OPTION_FLAG, FIELD(no_color), .group = "Results",
     .help = "no colours; NO_COLOR does the same"},
    {"verbose", 'v', NULL, OPTION_FLAG, FIELD(verbose), .group = "Results",
     .help = "show refused handshakes in full",
     .more = "For each status that a handshake was refused with: one more handshake after the run, "
             "of which the status, the x-amzn headers and the body are printed."},

    {"version", 0, NULL, OPTION_FLAG, FIELD(version), .group = "Other", .help = "print the version",
     .both = "print the version, or this help"},
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
    *options = (struct run_options){
        .rate = -1,
        .connect_rate = -1,
        .max_queue = COUNT_NOT_GIVEN,
        .seed = COUNT_NOT_GIVEN,
        .min_rps = -1,
        .min_success_rate = -1,
    };
    options_set_defaults(&run_option_set, options);
    if (options_parse(&run_option_set, argc, argv, options, arguments, error))
        return -1;
    options->url = arguments[0];
    options->prompts_file = arguments[1];
    return 0;
}
