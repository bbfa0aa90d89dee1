/* The catalogue: every figure of a run, said once.
 *
 * A row makes a figure's place in a measurement, how it adds up, its member of the summary, its
 * name for thresholds, its place on the screen and its line of `wsload help metrics`. It gives an
 * id, path, label and meaning, and those further members of struct metric (metrics.h) that are not
 * 0; LESS, DURATION and the like are short for some of them (metrics.c).
 *
 * To add a counter or a distribution: add a row, record it where it happens (recorder.c, or the
 * worker), and name it in docs/summary.schema.json. */
#ifndef WSLOAD_STATS_CATALOGUE_H
#define WSLOAD_STATS_CATALOGUE_H

/* What becomes of requests. planned = sent + unsent + skipped, and sent + unsent = ok + failed +
 * unanswered. It stands twice, for the measured part and for the warm-up, in the same order; ALIAS
 * makes an alias of a name, or none. */
#define ITS_NAME(name) name
#define NO_NAME(name)  NULL
#define ACCOUNT(X, ID, PATH, ALIAS, OF, WHAT, LINE, END_LINE)                                      \
    X(ID##PLANNED, PATH ".planned", "planned requests" OF,                                         \
      WHAT " that came due, or were taken from the schedule.", .alias = ALIAS("planned"),          \
      .short_label = "planned")                                                                    \
    X(ID##SENT, PATH ".sent", "sent requests" OF, WHAT " that were handed to an open connection.", \
      .alias = ALIAS("sent"), ON(LINE, "sent"), .always = true)                                    \
    X(ID##UNSENT, PATH ".unsent", "unsent requests" OF,                                            \
      WHAT " that failed before they were sent: their connection did not open.",                   \
      .alias = ALIAS("unsent"), LESS)                                                              \
    X(ID##SKIPPED, PATH ".skipped", "skipped requests" OF,                                         \
      WHAT " that never started: the queue was full, or the run ended before.",                    \
      .alias = ALIAS("skipped"), ON(LINE, "skipped"), LESS)                                        \
    X(ID##OK, PATH ".ok", "ok requests" OF, WHAT " that got a good reply.", .alias = ALIAS("ok"),  \
      ON(END_LINE, "ok"), .always = true, MORE)                                                    \
    X(ID##FAILED, PATH ".failed", "failures" OF,                                                   \
      WHAT " that ended without a good reply, sent or not.", .alias = ALIAS("failed"),             \
      ON(END_LINE, "failed"), .always = true, LESS)                                                \
    X(ID##UNANSWERED, PATH ".unanswered", "unanswered requests" OF,                                \
      WHAT " that were sent, and given up at the end of the run.", .alias = ALIAS("unanswered"),   \
      ON(LINE, "unanswered"), LESS)

/* What is counted. */
#define COUNTERS(X)                                                                                \
    ACCOUNT(X, COUNT_, "accounting", ITS_NAME, "", "Measured requests", LINE_REQUESTS,             \
            LINE_REQUESTS)                                                                         \
    ACCOUNT(X, COUNT_WARMUP_, "warmup", NO_NAME, " of the warm-up", "Requests of the warm-up",     \
            LINE_NONE, LINE_WARMUP)                                                                \
    X(COUNT_REHEARSAL_REQUESTS, "rehearsal.requests", "rehearsed requests",                        \
      "Requests of the rehearsal: sent before the run, and in no other figure.",                   \
      ON(LINE_REHEARSAL, "sent"))                                                                  \
    X(COUNT_REHEARSAL_MESSAGES, "rehearsal.messages", "messages of the rehearsal",                 \
      "Messages that came in the rehearsal.", ON(LINE_REHEARSAL, "came back"))                     \
    X(COUNT_REHEARSAL_TIME, "rehearsal.time", "rehearsal time",                                    \
      "How long the rehearsal took, with the quiet after its reply.", NUMBER(METRIC_SECONDS))      \
    X(COUNT_WAITED, "waited_requests", "requests that waited",                                     \
      "Measured requests that were sent, and had found no connection free.", .alias = "waited",    \
      ON(LINE_RATE, "waited for a free connection"), LESS)                                         \
    X(COUNT_GOOD, "good_requests", "good requests",                                                \
      "Measured requests that ended well in the measured time and within every limit that a "      \
      "threshold puts on latency, response_time, ttfm or tpom.",                                   \
      .alias = "good", .runs = RUN_TWO_WAY, MORE, .get = get_good)                                 \
    X(COUNT_UNDELAYED_GOOD, "undelayed_good_requests", "good requests less own lateness",          \
      "The good requests, and those that would be if wsload itself had not been late in sending.", \
      .runs = RUN_OPEN | RUN_TWO_WAY, MORE, .get = get_undelayed_good)                             \
    X(COUNT_DRAINED, "drain.requests", "drained requests",                                         \
      "Measured requests that ended after the measured time.")                                     \
    X(COUNT_SENT_LATE, "drain.sent", "requests sent late",                                         \
      "Measured requests that were sent after the measured time.", LESS)                           \
    X(COUNT_DRAIN_TIME, "drain.time", "draining time",                                             \
      "From the end of the measured time to the last reply.", NUMBER(METRIC_SECONDS),              \
      .adds = ADDS_AS_TIME)                                                                        \
    X(COUNT_TOTAL_TIME, "total_time", "total time",                                                \
      "The measured time: without warm-up and without draining.", NUMBER(METRIC_SECONDS),          \
      .adds = ADDS_AS_TIME, LESS)                                                                  \
    X(COUNT_LATE, "late_messages", "late messages",                                                \
      "Messages that came after the end of the reply they belong to.", .alias = "late",            \
      ON(LINE_MESSAGES, "late"), LESS)                                                             \
    X(COUNT_UNSOLICITED, "unsolicited_messages", "unsolicited messages",                           \
      "Messages that belong to no request.", .alias = "unsolicited",                               \
      ON(LINE_MESSAGES, "unsolicited"), LESS)                                                      \
    X(COUNT_IGNORED, "ignored_messages", "ignored messages",                                       \
      "Messages that --ignore leaves out of replies.", .alias = "ignored",                         \
      ON(LINE_MESSAGES, "ignored"))                                                                \
    X(COUNT_UNASKED_CONNECTIONS, "unasked.connections", "connections with unasked messages",       \
      "Connections, by their openings, on which a message came that no request asked for.", LESS)  \
    X(COUNT_LISTENED, "unasked.listened", "connections that listened",                             \
      "Connections that stayed open after the last reply, for messages that come unasked.")        \
    X(COUNT_OPENED, "connections.opened", "connections opened",                                    \
      "Connections that opened, not counting those that opened again.", MORE)                      \
    X(COUNT_OPEN_TIME, "connections.open_time", "opening time",                                    \
      "From the first attempt until every connection was open or had failed once.",                \
      .alias = "open_time", NUMBER(METRIC_SECONDS), .adds = ADDS_AS_MAX, LESS,                     \
      .get = get_open_time)                                                                        \
    X(COUNT_OPEN_FAILED, "connections.failed", "failed connection attempts",                       \
      "Attempts to open a connection that failed.", ON(LINE_CONNECTIONS, "failed to open"), LESS)  \
    X(COUNT_OPEN_AT_END, "connections.open_at_end", "connections still open",                      \
      "Connections that were open when sending was over.", NUMBER(METRIC_COUNT), MORE)             \
    X(COUNT_CLOSED_BY_SERVER, "connections.closed_by_server", "connections lost",                  \
      "Open connections that the server closed, reset or just ended.",                             \
      ON(LINE_CONNECTIONS, "lost"), .always = true, LESS)                                          \
    X(COUNT_REOPENED, "connections.reopened", "connections reopened",                              \
      "Connections that opened again after a break.", ON(LINE_CONNECTIONS, "reopened"), LESS)      \
    X(COUNT_ROTATED, "connections.rotated", "connections rotated",                                 \
      "Connections that opened in place of one that was old enough.",                              \
      ON(LINE_CONNECTIONS, "rotated"))                                                             \
    X(COUNT_KEEPALIVES, "connections.keepalives", "keepalives",                                    \
      "Messages sent to keep idle connections up.", ON(LINE_CONNECTIONS, "keepalives sent"))       \
    X(COUNT_KEEPALIVE_ANSWERS, "connections.keepalive_answers", "keepalive answers",               \
      "Messages that repeat a keep-alive, or came on an idle connection after one.",               \
      ON(LINE_CONNECTIONS, "keepalives answered"))                                                 \
    X(COUNT_SENT_MESSAGES, "traffic.sent_messages", "messages sent",                               \
      "Messages of the whole run: warm-up, steps and keep-alives, too.")                           \
    X(COUNT_SENT_BYTES, "traffic.sent_bytes", "bytes sent",                                        \
      "Bytes of the messages sent, without framing.", .unit = METRIC_BYTES)                        \
    X(COUNT_SENT_UNITS, "traffic.sent_units", "units sent",                                        \
      "The messages sent in units of 32 KiB, as API Gateway bills them.")                          \
    X(COUNT_RECEIVED_MESSAGES, "traffic.received_messages", "messages received",                   \
      "Messages of the whole run that came, whatever they were.")                                  \
    X(COUNT_RECEIVED_BYTES, "traffic.received_bytes", "bytes received",                            \
      "Bytes of the messages received, without framing.", .unit = METRIC_BYTES)                    \
    X(COUNT_RECEIVED_UNITS, "traffic.received_units", "units received",                            \
      "The messages received in units of 32 KiB, as API Gateway bills them.")                      \
    X(COUNT_CONNECTED_NS, "traffic.connected_ns", "connected time, ns",                            \
      "How long connections were open, added up, in nanoseconds.")                                 \
    X(COUNT_STAMPED, "timestamps.kernel", "messages stamped by the kernel",                        \
      "Messages received whose time is the kernel's.")                                             \
    X(COUNT_UNSTAMPED, "timestamps.user", "messages timed when read",                              \
      "Messages received whose time is that of wsload's own reading.")                             \
    X(COUNT_RETRANSMITS, "network.retransmits", "segments sent again",                             \
      "TCP segments that this machine sent again, on connections that opened.", LESS)              \
    X(COUNT_LOST_SEGMENTS, "network.lost", "segments lost at the end",                             \
      "TCP segments that were taken for lost, and not acknowledged yet, when their connection "    \
      "ended.",                                                                                    \
      LESS)                                                                                        \
    X(COUNT_OUT_OF_ORDER, "network.out_of_order", "segments out of order",                         \
      "TCP segments that came before one that was sent earlier: it was lost, or overtaken.", LESS) \
    X(COUNT_RECORD_LOST, "record.lost", "requests lost from the record",                           \
      "Requests that --record had to leave out.", LESS)                                            \
    X(COUNT_MEMORY, "self.memory_bytes", "memory",                                                 \
      "The most resident memory of the process; of several processes, the sum.",                   \
      NUMBER(METRIC_BYTES), LESS)

/* What is distributed. A shown one has a row in the table of times on the screen. */
#define DISTRIBUTIONS(X)                                                                           \
    X(DIST_LATENCY, "latency", "latency", "From sending a message to the end of its good reply.",  \
      SHOWN(RUN_ANY, "latency"), OF_REQUEST(LEVEL_LATENCY), .runs = RUN_TWO_WAY)                   \
    X(DIST_RESPONSE_TIME, "response_time", "response time",                                        \
      "From the moment a request was due to the end of its good reply; in a closed run the "       \
      "latency.",                                                                                  \
      SHOWN(RUN_OPEN, "response"), OF_REQUEST(LEVEL_RESPONSE), .runs = RUN_TWO_WAY)                \
    X(DIST_UNDELAYED, "undelayed_response", "response time less own lateness",                     \
      "The response time, less what wsload itself was late in sending the request.",               \
      OF_REQUEST(LEVEL_NONE), .runs = RUN_OPEN | RUN_TWO_WAY)                                      \
    X(DIST_TTFM, "ttfm", "time to first message",                                                  \
      "From sending a message to the first message of its good reply.", SHOWN(RUN_STREAM, "ttfm"), \
      OF_REQUEST(LEVEL_TTFM), .runs = RUN_STREAM)                                                  \
    X(DIST_GAP, "inter_message_gap", "gap between messages",                                       \
      "Between neighbouring messages of one reply, those of all replies together.",                \
      .alias = "gap", SHOWN(RUN_STREAM, "gap"), DURATION, .runs = RUN_STREAM)                      \
    X(DIST_TPOM, "tpom", "time per output message",                                                \
      "From the first message of a good reply to its end, divided by the messages after the "      \
      "first.",                                                                                    \
      SHOWN(RUN_STREAM, "tpom"), OF_REQUEST(LEVEL_TPOM), .runs = RUN_STREAM)                       \
    X(DIST_REPLY_MESSAGES, "messages_per_reply", "messages per reply",                             \
      "Messages that a good reply came in.", .runs = RUN_STREAM, .per_request = true)              \
    X(DIST_REPLY_BYTES, "bytes_per_reply", "bytes per reply",                                      \
      "Bytes of all messages of a good reply.", .unit = METRIC_BYTES, .runs = RUN_TWO_WAY,         \
      .per_request = true)                                                                         \
    X(DIST_UNASKED, "unasked.since_reply", "unasked message after a reply",                        \
      "From the last reply on a connection to a message that no request asked for.",               \
      .unit = METRIC_SECONDS, .runs = RUN_TWO_WAY)                                                 \
    X(DIST_SEND_LAG, "send_lag", "send lag", "From the moment a request was due to sending it.",   \
      SHOWN(RUN_OPEN, "send lag"), OF_REQUEST(LEVEL_NONE), .runs = RUN_OPEN)                       \
    X(DIST_PACING_LAG, "pacing_lag", "pacing lag",                                                 \
      "The send lag of requests that found a connection free: what wsload alone is late.",         \
      OF_REQUEST(LEVEL_NONE), .runs = RUN_OPEN)                                                    \
    X(DIST_LOOP_LAG, "loop_lag", "loop lag",                                                       \
      "How late the timers of wsload's own event loops came.", DURATION)                           \
    X(DIST_REPLY_WAIT, "reply_wait", "reply wait",                                                 \
      "How long messages lay in the socket until wsload read them, by the kernel's time.",         \
      DURATION)                                                                                    \
    X(DIST_CONNECT, "connect.total", "connect",                                                    \
      "From the start of an attempt to the open connection.", .alias = "connect",                  \
      SHOWN(RUN_ANY, "connect"), DURATION)                                                         \
    X(DIST_CONNECT_DNS, "connect.dns", "name resolution",                                          \
      "Resolving the name of the target, once per run.", DURATION)                                 \
    X(DIST_CONNECT_TCP, "connect.tcp", "TCP connect", "Opening the TCP connection.", DURATION)     \
    X(DIST_CONNECT_TLS, "connect.tls", "TLS handshake", "The TLS handshake.", DURATION)            \
    X(DIST_CONNECT_UPGRADE, "connect.upgrade", "upgrade",                                          \
      "From sending the upgrade request to its answer 101.", DURATION)                             \
    X(DIST_RTT, "network.rtt", "round trip",                                                       \
      "Round trips as the kernel had smoothed them when a connection ended; one of each.",         \
      DURATION)                                                                                    \
    X(DIST_MIN_RTT, "network.min_rtt", "shortest round trip",                                      \
      "The shortest round trip of each connection, in its last 5 minutes.", DURATION)              \
    X(DIST_LIFETIME, "connection.lifetime", "connection lifetime",                                 \
      "How long connections that the server ended had been open.", SHOWN(RUN_HOLD, "lifetime"),    \
      .unit = METRIC_SECONDS, MORE)

/* What is computed from the others when it is asked for. */
#define DERIVED(X)                                                                                 \
    X(DERIVED_TOTAL_REQUESTS, "total_requests", "requests",                                        \
      "Measured requests that ended, with a good reply or a failure.", .alias = "requests",        \
      .get = get_total_requests)                                                                   \
    X(DERIVED_SUCCESSFUL_REQUESTS, "successful_requests", "successful requests",                   \
      "Measured requests that got a good reply.", .get = get_successful_requests, MORE)            \
    X(DERIVED_FAILED_REQUESTS, "failed_requests", "failed requests",                               \
      "Measured requests that ended without a good reply, sent or not.",                           \
      .get = get_failed_requests, LESS)                                                            \
    X(DERIVED_SENT_REQUESTS, "sent_requests", "sent requests",                                     \
      "Measured requests that were handed to an open connection.", .get = get_sent_requests)       \
    X(DERIVED_UNASKED, "unasked.messages", "unasked messages",                                     \
      "Messages that no request asked for: late and unsolicited ones.", .alias = "unasked",        \
      .get = get_unasked, LESS)                                                                    \
    X(DERIVED_SUCCESS_RATE, "success_rate", "success rate",                                        \
      "Successful requests of those that ended.", NUMBER(METRIC_PERCENT), .get = get_success_rate, \
      MORE, .share_of_requests = true)                                                             \
    X(DERIVED_REQUESTS_PER_SECOND, "requests_per_second", "requests per second",                   \
      "Requests that ended in the measured time, divided by it.", NUMBER(METRIC_PER_SECOND),       \
      .get = get_requests_per_second, MORE)                                                        \
    X(DERIVED_GOODPUT, "goodput", "goodput",                                                       \
      "Good requests (good_requests) divided by the measured time.", NUMBER(METRIC_PER_SECOND),    \
      .get = get_goodput, .runs = RUN_TWO_WAY, MORE)                                               \
    X(DERIVED_ACHIEVED_RATE, "achieved_rate", "achieved rate",                                     \
      "Requests sent in the measured time, of those that came due.", NUMBER(METRIC_PERCENT),       \
      .get = get_achieved_rate, .runs = RUN_OPEN, MORE)                                            \
    X(DERIVED_RATE_ASKED, "rate.asked", "asked rate",                                              \
      "Requests per second that were to come due in the measured time.",                           \
      NUMBER(METRIC_PER_SECOND), .get = get_rate_asked, .runs = RUN_OPEN)                          \
    X(DERIVED_RATE_ACHIEVED, "rate.achieved", "requests sent per second",                          \
      "Requests sent in the measured time, divided by it.", NUMBER(METRIC_PER_SECOND),             \
      .get = get_rate_achieved, .runs = RUN_OPEN, MORE)                                            \
    X(DERIVED_CONNECTIONS_REQUESTED, "connections.requested", "connections asked for",             \
      "Connections that were to be held at a time, of all machines together.",                     \
      NUMBER(METRIC_COUNT), .get = get_connections_requested)                                      \
    X(DERIVED_ERRORS, "errors", "errors",                                                          \
      "Failures of all kinds, of requests and of connections that had none; takes {kind=KIND}.",   \
      .get = get_errors, .by_kind = true, LESS)

#define CATALOGUE_ID(id, ...) id,
enum counter { COUNTERS(CATALOGUE_ID) COUNTER_COUNT };
enum distribution { DISTRIBUTIONS(CATALOGUE_ID) DISTRIBUTION_COUNT };
enum derived { DERIVED(CATALOGUE_ID) DERIVED_COUNT };
#undef CATALOGUE_ID

#endif
