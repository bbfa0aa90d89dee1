#include "run_options.h"

#include "help.h"
#include "option_parse.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

#define FIELD(name) offsetof(struct run_options, name)

/* Every whole number up to here is exact in the JSON of any reader. */
#define SEED_MAX ((UINT64_C(1) << 53) - 1)

#define PRICE_MAX 1000000 /* USD */

static const char *const arrival_choices[] = {"constant", "poisson", NULL};
static const char *const gateway_timeout_choices[] = {"final", "continue", NULL};
static const char *const sigv4_choices[] = {"query", "header", NULL};
static const char *const tls_choices[] = {"1.2", "1.3", NULL};
static const char *const progress_choices[] = {"auto", "bar", "plain", "none", NULL};

#define RULES                                                                                      \
    "RULE is text:EXACT (the message is just that), contains:TEXT, icontains:TEXT (in any case "   \
    "of letters), json:PATH=VALUE, json:PATH!=VALUE (is there, and says something else) or "       \
    "json:PATH (is there). PATH is dotted, as in message.stop_reason or choices.0.delta. TEXT is " \
    "found in the strings of JSON however they are escaped there."
#define BARE " Any other text is taken as contains:."

/* What a run alone has. */
static const struct option_row load_rows[] = {
    {"connections", 'c', "N", OPTION_COUNT, FIELD(connections), "Load",
     .help = "concurrent connections [10]", .minimum = 1, .maximum = CONNECTIONS_MAX,
     .more = "They are opened first and stay open; the run's clock starts when each is open or has "
             "given up its first attempt; when none is open by then, the run ends. Each sends its "
             "next prompt when the reply is there (closed model), or requests come due at --rate "
             "(open model), or none are sent (--hold). A connection that breaks fails its request "
             "and is opened again for the next one, after 100 ms doubling to 5 s; when it does not "
             "open, that one fails as well. The limit of open files bounds N: 'ulimit -n'."},
    {"requests", 'n', "N", OPTION_COUNT, FIELD(plan.load.requests), "Load",
     .help = "requests in all [each prompt once]", .minimum = 1,
     .more = "More than the file has: the prompts go round again. With --duration, whichever ends "
             "first ends the run."},
    {"duration", 'd', "T", OPTION_DURATION, FIELD(plan.load.duration_ns), "Load",
     .help = "send for this long, going round", .minimum = NS_PER_MS,
     .more = "Replies in flight at the end are still awaited, up to --timeout; so are, with "
             "--rate, requests that wait for a free connection then."},
    {"stage", 's', "T:TARGET", OPTION_LIST, FIELD(stages), "Load",
     .help = "go to TARGET within T; then the next stage",
     .more =
         "In a straight line from where the stage before ended, as in k6: '-s 30s:100 -s 2m:100' "
         "ramps up in 30 s and stays for 2 min. TARGET is a number of connections, which begins at "
         "--connections when that is given and else at 0; with --rate it is a rate, which begins "
         "there. The stages say how long the run is, in place of --duration."},
    {"rate", 'r', "R", OPTION_RATE, FIELD(rate), "Load",
     .help = "requests due per second, replies or not",
     .more = "The open model: requests come due at this rate over the held connections, whether or "
             "not earlier replies are back. One that finds no free connection waits for one, and "
             "its response time counts from when it was due. Without --duration, --requests or "
             "--stage the run ends when each prompt was sent once."},
    {"warmup", 0, "T", OPTION_DURATION, FIELD(plan.load.warmup_ns), "Load",
     .help = "run so long before measuring", .minimum = NS_PER_MS,
     .more = "At the level at which the run begins. What comes due in this time is counted apart "
             "and is in no figure. Goes with --duration or --stage."},
    {"hold", 0, NULL, OPTION_FLAG, FIELD(hold), "Load", .help = "only hold connections open",
     .rare = true,
     .more = "No prompts are sent: how many connections stay open for --duration, and how long "
             "those live that do not."},
    {"rehearsal", 0, "MODE", OPTION_TEXT, FIELD(rehearsal), "Load",
     .help = "one prompt first, to see what a reply is", .initial = "on", .rare = true,
     .more = "When no rule says what a reply is (--reply-end, --correlate, --setup, --one-way), it "
             "is the "
             "first message after a prompt. So before the run one connection listens for 300 ms, "
             "sends one prompt, and listens until a second of quiet has passed. When more than one "
             "message came, or one that nobody asked for, or none, the run does not begin: exit "
             "code 2. MODE is on, off, or how long the quiet is, as in 3s."},
    {"arrival", 0, "LAW", OPTION_CHOICE, FIELD(arrival), "Load",
     .help = "how --rate is spread [constant]", .choices = arrival_choices, .rare = true,
     .more = "constant: at even distances. poisson: at random ones, as independent users do, drawn "
             "from --seed."},
    {"in-flight", 0, "N", OPTION_COUNT, FIELD(in_flight), "Load",
     .help = "requests per connection at a time [1]", .minimum = 1, .maximum = IN_FLIGHT_MAX,
     .rare = true,
     .more = "With --rate at most so many; without it so many prompts are kept in flight on each "
             "connection. With more than one, replies are taken to come in the order of requests, "
             "unless --correlate tells them apart."},
    {"max-queue", 0, "N", OPTION_COUNT, FIELD(plan.load.max_queue), "Load",
     .help = "with --rate: requests that may wait [100k]", .maximum = 100000000, .rare = true,
     .more = "For a free connection. Those that come due beyond it are counted as skipped."},
    {"think-time", 0, "T", OPTION_TEXT, FIELD(think_time), "Load",
     .help = "rest between prompts: T, T1-T2 or exp:T", .rare = true,
     .more = "From a reply to the next prompt of that connection: always T, uniform between T1 and "
             "T2, or exponential with the mean T, drawn from --seed. Closed model only."},
    {"connection-per-request", 0, NULL, OPTION_FLAG, FIELD(plan.load.connection_per_request),
     "Load", .help = "open, send one prompt, read, close", .rare = true,
     .more = "As a chat client that connects for each question. Opening is not part of the "
             "latency, but of the run's time. A connection that does not open fails its request."},
    {"threads", 't', "N", OPTION_COUNT, FIELD(threads), "Load",
     .help = "workers [one per core and 50 connections]", .minimum = 1, .maximum = WORKERS_MAX,
     .rare = true,
     .more = "By default as many as cores this process may use, by its affinity and the CPU quota "
             "of its control group, at most one for every 50 connections. Connections and rate are "
             "shared out among them."},
    {"timestamps", 0, "HOW", OPTION_CHOICE, FIELD(timestamps), "Load",
     .help = "what gives messages their time", .choices = load_timestamps_names, .initial = "auto",
     .rare = true,
     .more = "kernel: the moment at which it had the message, however late wsload reads it. user: "
             "that of reading. auto: the kernel's where it gives one. See docs/MEASURING.md."},
    {"seed", 0, "N", OPTION_COUNT, FIELD(plan.load.seed), "Load",
     .help = "repeat the run that showed this seed", .maximum = SEED_MAX, .rare = true,
     .more = "Of everything random in when requests are sent. By default from the system."},
};

/* What shapes an exchange, of a run or of a few prompts. */
static const struct option_row exchange_rows[] = {
    {"template", 0, "TEXT", OPTION_TEXT, FIELD(template), "Messages", .help = "message or @FILE",
     .initial = "{\"message\": \"{{prompt}}\"}",
     .more =
         "{{prompt}} is the prompt, escaped for a JSON string; {{prompt:raw}} as it is; {{id}} is "
         "unique for each request, {{seq}} its number from 1, {{timestamp}} the Unix time in "
         "milliseconds, {{connection}} the connection's number from 1; {{NAME}} is a member or "
         "column of the prompt's row (see --prompt-field), or a column of --users. @FILE reads the "
         "template from a file, without white space at its end."},
    {"setup", 0, "FILE", OPTION_FILE, FIELD(setup), "Messages",
     .help = "steps before the first prompt, or each",
     .more =
         "JSON, or a file of it: {\"on_connect\": [{\"send\": \"...\", \"expect\": RULE}, ...], "
         "\"before_request\": [...]}, both optional. A step without \"expect\" goes on at "
         "once. The message of --template follows. In a step of before_request, "
         "{{prompt:part}} repeats it for each part of a long prompt. See docs/BACKENDS.md."},
    {"prompt-field", 0, "NAME", OPTION_TEXT, FIELD(prompt_field), "Messages",
     .help = "member or column that is the prompt", .rare = true,
     .more =
         "With it, a file or pipe that begins with a bracket is JSON lines, and any other is CSV "
         "whose first line names the columns; so are, without it, files named .jsonl or .ndjson, "
         "and .csv, where 'prompt' and then 'Question' are tried. All members that are strings, "
         "numbers, true or false, and all columns, are variables of --template and of steps before "
         "a request: {{lang}}. Other files have one prompt a line."},
    {"allow-oversize", 0, NULL, OPTION_FLAG, FIELD(allow_oversize), "Messages",
     .help = "send messages over 128 KiB too", .rare = true,
     .more = "API Gateway closes the connection with 1009 for those, so they are refused before "
             "the run unless this is given."},

    {"reply-end", 0, "RULE", OPTION_LIST, FIELD(reply_end), "Replies",
     .help = "which message ends a reply [first]",
     .more =
         "For backends that answer in several messages. Any of several rules ends the reply. " RULES
         " Besides: first, count:N messages, silence:T (nothing more for so long, which is not "
         "counted as latency), and close, by the server."},
    {"ignore", 0, "RULE", OPTION_LIST, FIELD(ignore), "Replies",
     .help = "messages that are no part of a reply",
     .more =
         "Keep-alives and notices: they start, end and fail nothing, and are counted. " RULES BARE},
    {"fail-on", 0, "RULE", OPTION_LIST, FIELD(fail_on), "Replies",
     .help = "a reply with such a message is a failure",
     .more = "For backends that answer 'Une erreur ...' in a well-formed reply. " RULES BARE
             " It ends the reply, unless ',continue' follows "
             "it. API Gateway's own error frames are always failures."},
    {"expect", 0, "RULE", OPTION_LIST, FIELD(expect), "Replies",
     .help = "a reply without it is a failure",
     .more = "Every one of several. " RULES BARE
             " json: looks at each message of a reply, the others at all of them together."},
    {"correlate", 0, "PATH", OPTION_TEXT, FIELD(correlate), "Replies",
     .help = "the member of replies that holds {{id}}",
     .more = "With it replies may come in any order and mixed with one another, and one that comes "
             "too late is told from the next. Without it the first request in is the first out."},
    {"timeout", 0, "T", OPTION_DURATION, FIELD(plan.reply_timeout_ns), "Replies",
     .help = "wait this long for the end of a reply", .minimum = NS_PER_MS, .initial = "30s",
     .more = "A reply that comes later would be taken for that of the next request, so the "
             "connection is closed as well and opened again, unless --correlate tells them apart."},
    {"one-way", 0, NULL, OPTION_FLAG, FIELD(plan.reply_rules.one_way), "Replies",
     .help = "no reply is expected: sent is done", .rare = true,
     .more = "For routes without a route response. There is no latency then."},
    {"expect-bytes", 0, "MIN-MAX", OPTION_TEXT, FIELD(expect_bytes), "Replies",
     .help = "a reply of another size is a failure", .rare = true,
     .more = "All messages of a reply together, as in 100-64KiB; either may be left out."},
    {"gateway-timeout", 0, "WHAT", OPTION_CHOICE, FIELD(gateway_timeout), "Replies",
     .help = "after 'Endpoint request timed out'", .choices = gateway_timeout_choices, .rare = true,
     .more =
         "API Gateway sends that error frame when a backend works for more than 29 s, and the "
         "backend may still answer. final: the request has failed. continue: the frame is counted, "
         "and the reply goes on. By default continue for replies of several messages."},

    {"header", 'H', "'N: V'", OPTION_LIST, FIELD(headers), "Connection",
     .help = "further header of the handshake",
     .more = "In the form 'Name: value', which may have {{connection}}, {{timestamp}} and columns "
             "of --users in it. Values given here can be read in the process list by every user of "
             "the machine: a token is safer in the environment variable, or in --bearer-file. Host "
             "and Origin replace what would be sent, and the TLS name stays that of the URL or "
             "--sni."},
    {"query", 0, "NAME=VALUE", OPTION_LIST, FIELD(query), "Connection",
     .help = "further parameter of the URL",
     .more =
         "Encoded as it needs to be. Variables and the process list: see 'wsload help header'."},
    {"bearer-file", 0, "FILE", OPTION_FILE, FIELD(identity.bearer_file), "Connection",
     .help = "send Authorization: Bearer with this token",
     .more = "Read again for new connections when it has changed."},
    {"users", 0, "FILE.csv", OPTION_FILE, FIELD(users), "Connection",
     .help = "a row for each connection: {{COLUMN}}",
     .more = "CSV whose first line names the columns, going round. They are variables of "
             "--template, --setup, --header and --query."},
    {"keepalive", 0, "T:TEXT", OPTION_TEXT, FIELD(keepalive), "Connection",
     .help = "send TEXT on connections idle for T",
     .more = "A message as it is, at most 128 KiB. API Gateway closes a connection that has been "
             "idle for 10 minutes. If it is answered, leave the answer out with --ignore."},
    {"api-key-file", 0, "FILE", OPTION_FILE, FIELD(identity.api_key_file), "Connection",
     .help = "send x-api-key with this key", .rare = true,
     .more = "Read again for new connections when it has changed."},
    {"origin", 0, "URL", OPTION_TEXT, FIELD(origin), "Connection",
     .help = "Origin header [https://HOST for wss]", .rare = true,
     .more = "By default https://HOST[:PORT] for wss:// and http://HOST[:PORT] for ws://, as a "
             "page from the same host would send it. An empty text sends none."},
    {"subprotocol", 0, "NAME", OPTION_LIST, FIELD(subprotocols), "Connection",
     .help = "offer this subprotocol", .rare = true},
    {"max-lifetime", 0, "T", OPTION_DURATION, FIELD(plan.max_lifetime_ns), "Connection",
     .help = "replace connections before they are so old", .minimum = NS_PER_MS, .rare = true,
     .more = "Up to a tenth of T before, and between requests. API Gateway ends each after 2 "
             "hours. Counted apart from connections that broke."},
    {"compress", 0, NULL, OPTION_FLAG, FIELD(plan.target.compress), "Connection",
     .help = "offer permessage-deflate", .rare = true,
     .more = "Not offered otherwise: behind API Gateway it has broken clients."},
    {"connect-timeout", 0, "T", OPTION_DURATION, FIELD(plan.connect_timeout_ns), "Connection",
     .help = "wait this long for an open connection", .minimum = NS_PER_MS, .initial = "10s",
     .rare = true,
     .more = "From the start of the TCP connection to the end of the WebSocket handshake. Of "
             "several addresses the next one is tried beside one that does not connect within 250 "
             "ms (RFC 8305)."},
    {"connect-rate", 0, "R", OPTION_RATE, FIELD(plan.load.connect_rate), "Connection",
     .help = "connections opened per second", .rare = true,
     .more = "By default as many as 256 handshakes at a time give; for a host "
             "*.execute-api.*.amazonaws.com 500 per second, which is API Gateway's account quota. "
             "0 lifts that."},
    {"resolve", 0, "H:P:ADDR", OPTION_LIST, FIELD(resolve), "Connection",
     .help = "address of host H for port P", .rare = true,
     .more = "HOST:PORT:ADDRESS[,ADDRESS], as in curl. Name resolution is left out; SNI, Host and "
             "the certificate check keep the URL's name. '*' stands for any host."},
    {"connect-to", 0, "H:P:H2:P2", OPTION_LIST, FIELD(connect_to), "Connection",
     .help = "connect to H2:P2 instead of H:P", .rare = true,
     .more = "HOST1:PORT1:HOST2:PORT2, as in curl; parts may be empty. SNI, Host and the "
             "certificate check keep the URL's name."},
    {"interface", 0, "ADDR,...", OPTION_TEXT, FIELD(interface), "Connection",
     .help = "bind to these addresses in turn", .rare = true,
     .more = "Local addresses and CIDR blocks of them, as in 10.0.0.5,10.0.1.0/28. One address has "
             "some 28,000 ports for one target; more connections need more addresses."},
    {"ipv4", '4', NULL, OPTION_FLAG, FIELD(ipv4), "Connection", .help = "use IPv4 addresses only",
     .rare = true},
    {"ipv6", '6', NULL, OPTION_FLAG, FIELD(ipv6), "Connection", .help = "use IPv6 addresses only",
     .rare = true},

    {"aws-sigv4", 0, "SCOPE", OPTION_TEXT, FIELD(identity.sigv4), "AWS",
     .help = "sign each handshake, as REGION:execute-api",
     .more =
         "Signature Version 4 for IAM, anew for each connection; aws:amz: before it is taken, too, "
         "as in curl. The credentials are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
         "AWS_SESSION_TOKEN of the environment, or stand in ~/.aws/credentials. See docs/AWS.md."},
    {"sigv4-in", 0, "WHERE", OPTION_CHOICE, FIELD(sigv4_in), "AWS",
     .help = "where the signature goes [query]", .choices = sigv4_choices, .rare = true,
     .more = "In the query it passes CloudFront, which drops the header Authorization."},
    {"sigv4-host", 0, "HOST", OPTION_TEXT, FIELD(identity.sigv4_host), "AWS",
     .help = "the host that is signed [the Host header]", .rare = true,
     .more = "Behind CloudFront or a domain name of your own: the host that the API sees, as in "
             "ID.execute-api.REGION.amazonaws.com."},
    {"profile", 0, "NAME", OPTION_TEXT, FIELD(identity.profile), "AWS",
     .help = "credentials of ~/.aws/credentials", .rare = true,
     .more = "Before those of the environment."},
    {"price-messages", 0, "USD", OPTION_DECIMAL, FIELD(plan.load.prices.per_million_messages),
     "AWS", .help = "price of a million messages [1.00]", .maximum = PRICE_MAX, .rare = true,
     .more = "For the estimate of what the run would cost; the default is that of us-east-1. A "
             "message is billed for each 32 KiB begun, in both directions."},
    {"price-minutes", 0, "USD", OPTION_DECIMAL, FIELD(plan.load.prices.per_million_minutes), "AWS",
     .help = "of a million connection-minutes [0.25]", .maximum = PRICE_MAX, .rare = true,
     .more = "As --price-messages."},

    {"cacert", 0, "FILE", OPTION_FILE, FIELD(plan.target.ca_file), "TLS",
     .help = "trust these authorities (PEM)", .more = "Instead of the system's."},
    {"insecure", 'k', NULL, OPTION_FLAG, FIELD(plan.target.insecure), "TLS",
     .help = "accept any certificate"},
    {"cert", 0, "FILE", OPTION_FILE, FIELD(plan.target.cert_file), "TLS",
     .help = "client certificate (PEM)", .rare = true},
    {"key", 0, "FILE", OPTION_FILE, FIELD(plan.target.key_file), "TLS",
     .help = "its private key (PEM) [that of --cert]", .rare = true},
    {"sni", 0, "NAME", OPTION_TEXT, FIELD(plan.target.server_name), "TLS",
     .help = "server name for TLS [the URL's host]", .rare = true,
     .more = "Sent in the handshake, and expected in the certificate."},
    {"tls-max", 0, "V", OPTION_CHOICE, FIELD(tls_max), "TLS", .help = "newest version offered",
     .choices = tls_choices, .rare = true},
    {"ciphers", 0, "LIST", OPTION_TEXT, FIELD(plan.target.ciphers), "TLS",
     .help = "ciphers offered, OpenSSL's names", .rare = true,
     .more = "Separated by ':'. Names that begin with TLS_ are of TLS 1.3, the others of 1.2; a "
             "version without a name in the list keeps its default."},
    {"tls-resume", 0, NULL, OPTION_FLAG, FIELD(plan.target.tls_resume), "TLS",
     .help = "resume sessions of earlier connections", .rare = true,
     .more =
         "Without it each connection makes a full handshake, as real clients do that arrive cold."},
};

static const struct option_row result_rows[] = {
    {"max-latency", 0, "T", OPTION_DURATION, FIELD(max_latency_ns), "Results",
     .help = "fail when the average latency is above", .minimum = NS_PER_US, .limit = true,
     .more = "A bare number is no limit: it may be seconds or milliseconds."},
    {"min-rps", 0, "R", OPTION_RATE, FIELD(min_rps), "Results",
     .help = "fail when requests per second are below"},
    {"min-success-rate", 0, "PCT", OPTION_PERCENT, FIELD(min_success_rate), "Results",
     .help = "fail when fewer requests succeed", .limit = true,
     .more = "Of those that ended. When no threshold at all is given, 95 is asked; 0 takes that "
             "away."},
    {"threshold", 0, "RULE", OPTION_LIST, FIELD(thresholds), "Results",
     .help = "fail unless METRIC:STAT OP VALUE[,abort]",
     .more = "Such as 'latency:p(95)<500ms', 'ttfm:p(95)<800ms', 'response_time:p(99.9)<2s', "
             "'success_rate>99', 'errors{kind=reply_timeout}<10', 'connect.tls:avg<50ms'. STAT is "
             "avg, med, min, max, p(N), stddev, count or rate; OP is <, <=, >, >=, == or !=. With "
             "',abort' the run ends as soon as it is sure to fail: that can be known of upper "
             "limits of counts and of max, and, when the number of requests is known, of "
             "latencies' avg, med and p(N) and of success_rate."},
    {"summary", 0, "PATH", OPTION_OUTPUT, FIELD(summary), "Results", .help = "JSON summary",
     .initial = "load_test_summary.json",
     .more = "'-' prints it to standard output, and nothing else goes there. The file appears "
             "whole or not at all. Its form: docs/summary.schema.json."},
    {"out", 'o', "KIND=PATH", OPTION_LIST, FIELD(out), "Results",
     .help = "write the results in another form, too", .more = OUTPUT_OPTION_MORE},
    {"record", 0, "PATH", OPTION_OUTPUT, FIELD(record), "Results",
     .help = "every request as a line of JSON",
     .more = "Written while the run goes on; '-' is standard output. What cannot be written in "
             "time is left out, and counted."},
    {"record-replies", 0, NULL, OPTION_FLAG, FIELD(plan.keep_replies), "Results",
     .help = "with --record: the replies' texts as well", .rare = true},
    {"hgrm", 0, "PATH", OPTION_OUTPUT, FIELD(hgrm), "Results",
     .help = "percentiles as HdrHistogram plots them", .rare = true,
     .more = "Of the response time, or the latency when each prompt waits for a reply, in "
             "milliseconds. '-' prints them to standard output."},
    {"strict", 0, NULL, OPTION_FLAG, FIELD(plan.load.strict), "Results",
     .help = "exit with 4 when the run is invalid", .rare = true,
     .more =
         "That is when wsload itself was the bottleneck, or ran out of ports or descriptors, or "
         "when messages came that no request asked for; the report says why."},

    {"help", 'h', NULL, OPTION_FLAG, FIELD(help), "Other", .help = "print this help"},
    {"progress", 0, "MODE", OPTION_CHOICE, FIELD(progress), "Other", .help = "bar, plain, none",
     .choices = progress_choices, .initial = "auto", .rare = true,
     .more = "On standard error. auto: a live bar on a terminal that takes it; elsewhere, and with "
             "TERM=dumb, "
             "plain lines: what is tested with the seed, then one every 10 s."},
    {"quiet", 'q', NULL, OPTION_FLAG, FIELD(show.quiet), "Other", .help = "no progress, no report",
     .rare = true, .more = "Errors are still shown, and the verdict when the run did not pass."},
    {"no-color", 0, NULL, OPTION_FLAG, FIELD(show.no_color), "Other",
     .help = "no colours; NO_COLOR does the same", .rare = true},
    {"verbose", 'v', NULL, OPTION_FLAG, FIELD(verbose), "Other",
     .help = "show refused handshakes in full", .rare = true,
     .more =
         "For each status that a handshake was refused with: one more handshake after the run, "
         "of which the status, the headers that say why or what to do, and the body are printed."},
    {"version", 0, NULL, OPTION_FLAG, FIELD(version), "Other", .help = "print the version",
     .rare = true},
};

/* What `wsload try` alone has. */
static const struct option_row try_rows[] = {
    {"prompts", 0, "N", OPTION_COUNT, FIELD(try_prompts), "Trying",
     .help = "prompts to send, one after the other", .minimum = 1, .maximum = 100, .initial = "3",
     .more = "Several tell what is the same in each reply. The prompts are PROMPT each time, or "
             "those of "
             "a file given as @FILE."},
    {"for", 0, "T", OPTION_DURATION, FIELD(try_quiet_ns), "Trying",
     .help = "quiet after which a reply is over", .minimum = NS_PER_MS, .initial = "10s",
     .more = "Messages that recur, as keep-alives do, do not prolong it. For the first message "
             "--timeout is waited."},
    {"out", 'o', "KIND=PATH", OPTION_LIST, FIELD(out), "Results",
     .help = "json=PATH: all that was said and found",
     .more = "KIND is json; '-' as PATH is standard output, and nothing else goes there."},
    {"help", 'h', NULL, OPTION_FLAG, FIELD(help), "Other", .help = "print this help"},
};

static const char *const argument_env[] = {"WSLOAD_URL", "WSLOAD_PROMPTS_FILE"};

const struct option_set run_option_set = {
    .tables = {{load_rows, ARRAY_LENGTH(load_rows)},
               {exchange_rows, ARRAY_LENGTH(exchange_rows)},
               {result_rows, ARRAY_LENGTH(result_rows)}},
    .command = "wsload",
    .arguments_max = 2,
    .argument_env = argument_env,
    .size = sizeof(struct run_options),
    .synonyms = run_synonyms,
};

static const char *const try_argument_env[] = {"WSLOAD_URL", NULL};

const struct option_set try_option_set = {
    .tables = {{exchange_rows, ARRAY_LENGTH(exchange_rows)}, {try_rows, ARRAY_LENGTH(try_rows)}},
    .defaults = {{load_rows, ARRAY_LENGTH(load_rows)}, {result_rows, ARRAY_LENGTH(result_rows)}},
    .command = "wsload try",
    .variables = "wsload",
    .arguments_max = 2,
    .argument_env = try_argument_env,
    .size = sizeof(struct run_options),
    .synonyms = run_synonyms,
};

int run_options_parse(int argc, char *const argv[], struct run_options *options,
                      struct error *error)
{
    const char *arguments[2];
    if (options_parse(&run_option_set, argc, argv, options, arguments, error))
        return -1;
    options->url = arguments[0];
    options->prompts_file = arguments[1];
    return 0;
}
