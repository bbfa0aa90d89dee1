#include "fixture_runs.h"

#include <stdio.h>
#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"

/* When the next request ends. */
static uint64_t clock_ns;

void set_clock(void)
{
    clock_ns = START_NS + 100 * NS_PER_MS;
}

uint64_t now_ns(void)
{
    return clock_ns;
}

void set_url(struct fixture *run, const char *url)
{
    snprintf(run->measurement->load.url, sizeof(run->measurement->load.url), "%s", url);
}

void set_count(struct fixture *run, enum counter id, uint64_t count)
{
    run->measurement->counts[id] = count;
}

void add_count(struct fixture *run, enum counter id, uint64_t count)
{
    run->measurement->counts[id] += count;
}

void set_usage(struct fixture *run, const double *worker_cpu, uint64_t memory_mib)
{
    for (unsigned i = 0; i < run->measurement->load.workers; i++)
        measurement_add_use(run->measurement,
                            (struct worker_use){worker_cpu[i], 0.001, 10 * NS_PER_S});
    measurement_add_cores(run->measurement, 8);
    set_count(run, COUNT_MEMORY, memory_mib << 20);
}

void add_thresholds(struct fixture *run, double max_latency, double min_rps,
                    double min_success_rate)
{
    struct thresholds *thresholds = &run->thresholds;
    thresholds_add(thresholds, "max_latency", "latency:avg", THRESHOLD_AT_MOST, max_latency);
    thresholds_add(thresholds, "min_rps", "requests_per_second", THRESHOLD_AT_LEAST, min_rps);
    thresholds_add(thresholds, "min_success_rate", "success_rate", THRESHOLD_AT_LEAST,
                   min_success_rate);
}

void add_threshold(struct fixture *run, const char *text)
{
    struct error error;
    if (thresholds_parse(&run->thresholds, text, &error) != 0)
        fail_msg("%s", error.text);
}

void advance(struct fixture *run, uint64_t ns)
{
    clock_ns += ns;
    recorder_tick(run->recorder, clock_ns, run->measurement->load.connections,
                  run->measurement->load.connections);
}

void send_text(struct fixture *run, const struct request_outcome *outcome, struct text text)
{
    if (recorder_wants_sent(run->recorder, outcome->seq, outcome->due_ns))
        recorder_keep_sent(run->recorder, outcome->seq, text);
}

void end_request(struct fixture *run, uint64_t seq, const struct timing *timing,
                 const struct failure *failure)
{
    uint64_t sent_ns = clock_ns - timing->latency_ns;
    struct request_outcome outcome = {
        .seq = seq,
        .due_ns = sent_ns - timing->lag_ns,
        .late_ns = timing->waited ? 0 : timing->lag_ns,
        .sent_ns = sent_ns,
        .done_ns = clock_ns,
        .failure = failure,
        .prompt = text_of(failure ? "Tell me a story." : "What does \"idempotent\" mean?"),
    };
    recorder_message_sent(run->recorder, outcome.prompt.length);
    send_text(run, &outcome,
              text_of(failure ? "{\"question\": \"Tell me a story.\"}"
                              : "{\"question\": \"What does \\\"idempotent\\\" mean?\"}"));
    if (!failure) {
        outcome.reply = text_of("{\"message\": \"Bonjour, d\xC3\xA9j\xC3\xA0 l\xC3\xA0 ?\"}");
        outcome.first_ns = outcome.done_ns;
        outcome.messages = 1;
        outcome.bytes = outcome.reply.length;
        recorder_message_received(run->recorder, outcome.bytes);
    }
    recorder_count_request(run->recorder, COUNT_PLANNED, outcome.due_ns);
    recorder_request_sent(run->recorder, outcome.due_ns, sent_ns, timing->waited);
    recorder_request_done(run->recorder, &outcome);
}

void succeed_many(struct fixture *run, uint64_t first_seq, uint64_t count, uint64_t step_ns)
{
    for (uint64_t i = 0; i < count; i++) {
        struct timing timing = {.latency_ns = (501 + i * i % 50) * 100 * NS_PER_US};
        advance(run, step_ns);
        end_request(run, first_seq + i, &timing, NULL);
    }
}

void succeed_on_time(struct fixture *run, uint64_t first_seq, uint64_t count, uint64_t step_ns)
{
    for (uint64_t i = 0; i < count; i++) {
        struct timing timing = {.lag_ns = (20 + i * i % 41) * NS_PER_US,
                                .latency_ns = (501 + i * i % 50) * 100 * NS_PER_US};
        advance(run, step_ns);
        end_request(run, first_seq + i, &timing, NULL);
    }
}

void fail_many(struct fixture *run, uint64_t first_seq, uint64_t count,
               const struct failure *failure)
{
    static const struct timing at_once = {0};
    for (uint64_t i = 0; i < count; i++)
        end_request(run, first_seq + i, &at_once, failure);
}

void fail_unsent(struct fixture *run, uint64_t first_seq, uint64_t count,
                 const struct failure *failure)
{
    for (uint64_t i = 0; i < count; i++) {
        struct request_outcome outcome = {
            .seq = first_seq + i,
            .due_ns = clock_ns,
            .done_ns = clock_ns,
            .failure = failure,
            .prompt = text_of("Tell me a story."),
        };
        recorder_count(run->recorder, COUNT_PLANNED);
        recorder_request_done(run->recorder, &outcome);
    }
}

void open_connections(struct fixture *run, uint64_t count)
{
    bool tls = strncmp(run->measurement->load.url, "wss:", 4) == 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t total_ns = (190 + i * 7) * 10 * NS_PER_US;
        struct connect_times times = {{
            [CONNECT_DNS] = i == 0 ? 3 * NS_PER_MS : CLOCK_NEVER,
            [CONNECT_TCP] = total_ns / 8,
            [CONNECT_TLS] = tls ? total_ns / 2 : CLOCK_NEVER,
            [CONNECT_UPGRADE] = total_ns / 4,
            [CONNECT_TOTAL] = total_ns,
        }};
        struct network_seen network = {.rtt_ns = total_ns / 7, .min_rtt_ns = total_ns / 8};
        recorder_connection_opened(run->recorder, &times, OPENING_FIRST);
        recorder_network(run->recorder, &network);
    }
    for (uint64_t i = 0; i < 100; i++)
        histogram_record(&run->measurement->distributions[DIST_LOOP_LAG],
                         (1 + i % 7 * i % 31) * NS_PER_US);
    set_count(run, COUNT_OPEN_AT_END, count);
    set_count(run, COUNT_OPEN_TIME, 41 * NS_PER_MS);
}

void come_unasked(struct fixture *run, enum counter id, uint64_t count, const char *text)
{
    char rule[RULE_FOR_SIZE];
    rule_for(text_of(text), rule);
    for (uint64_t i = 0; i < count; i++) {
        recorder_unasked(run->recorder, id, 2 * NS_PER_MS, i == 0);
        unasked_add(&run->measurement->unasked, rule, text_of(text));
    }
}
